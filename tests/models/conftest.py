from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_checkpoints import write_capstone, write_llava_hf, write_llava_original, write_paligemma


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints that tests only read: llava, paligemma, original, capstone."""
    root = tmp_path_factory.mktemp("checkpoints")
    write_llava_hf(root / "llava")
    write_paligemma(root / "paligemma")
    write_llava_original(root / "original")
    write_capstone(root / "capstone")
    return root


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Tiny models are slower on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
