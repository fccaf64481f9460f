from __future__ import annotations

from pathlib import Path

import pytest

from edge_nav.errors import UsageError
from export import full_size


def test_an_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'gpt-9' is not known: name some of depth-anything"):
        full_size.prove(["paligemma-3b-224", "gpt-9"], tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_step_s_memory_is_looked_at_while_it_runs() -> None:
    work = "import hashlib; held = b'x' * 200_000_000; [hashlib.sha256(held) for _ in range(5)]"
    assert 0.2 < full_size._run("-c", work).peak_gb < 0.4
    with pytest.raises(UsageError, match="ended with code 3"):
        full_size._run("-c", "raise SystemExit(3)")
