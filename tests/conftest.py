from __future__ import annotations

import signal
from pathlib import Path

import pytest

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits it.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings that lies beside a checkout where there is one."""
    folder = REPO.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real recordings are not here: ../shared/data is absent")
    return folder
