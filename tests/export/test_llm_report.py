"""Rows of the parity report."""

import io
import json

import pytest
from rich.console import Console

from edge_nav.errors import UsageError
from export.parity.report import at_least, at_most, demand, table, told, write_report

GOOD = at_most("a.onnx", "max difference", 1e-4, 1e-3, "at 224")
BAD = at_least("llm.gguf", "top-1 agreement", 0.5, 0.75, "100 tokens")
LOST = at_most("a.onnx", "max difference", float("nan"), 1e-3)


def test_limits_and_what_is_not_a_number():
    assert GOOD.passed
    assert not BAD.passed
    assert not LOST.passed
    assert told("llm.gguf", "megabytes", 4.2).passed


def test_a_failed_row_is_one_sentence():
    demand([GOOD])
    with pytest.raises(UsageError) as error:
        demand([GOOD, BAD])
    assert str(error.value).startswith("the export differs from its checkpoint (llm.gguf: top-1 agreement")
    assert "0.5 against 0.75, 100 tokens" in str(error.value)
    assert "a.onnx" not in str(error.value)


def test_the_file_is_plain_json(tmp_path):
    write_report([GOOD, LOST], tmp_path / "parity.json")
    data = json.loads((tmp_path / "parity.json").read_text())
    assert data["schema"] == "edge-nav/parity/1"
    assert data["passed"] is False
    assert [row["value"] for row in data["rows"]] == [1e-4, None]
    assert [p.name for p in tmp_path.iterdir()] == ["parity.json"]


def test_the_table_shows_every_row():
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table([GOOD, BAD, told("llm.gguf", "megabytes", 4.2)]))
    text = console.export_text()
    assert "failed" in text
    assert "4.2" in text
    assert "at 224" in text
