"""A language model tried out in a process of its own, because llama.cpp ends the process over some damaged files and on
some machines: then it is this one that ends, and not the walk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.types import Cancelled
from edge_nav.vlm.llama import Llama, Sizes

REFUSED = 3
POLL_S = 0.05
ROWS = 8


def try_out(path: Path, sizes: Sizes, cancelled: Cancelled) -> None:
    """Load a GGUF file, read a token and a few embeddings. Raises UsageError where that fails, however it fails.

    Weights are laid out anew only where that was asked for: it takes as long as all the rest.
    """
    if sizes.repack == "auto":
        sizes = replace(sizes, repack="off")
    package = Path(__file__).resolve().parents[2]
    known = os.environ.get("PYTHONPATH")
    environment = {
        **os.environ,
        "GGML_NO_BACKTRACE": "1",
        "PYTHONPATH": os.pathsep.join([str(package), *([known] if known else [])]),
    }
    command = [sys.executable, "-m", "edge_nav.vlm.trial", str(path), json.dumps(asdict(sizes))]
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                said, _ = child.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                if cancelled():
                    return
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    if child.returncode == REFUSED:
        raise UsageError(said.decode(errors="replace").strip())
    if child.returncode != 0:
        raise UsageError(
            f"llama.cpp died of {path.name} (exit code {child.returncode}): export the bundle again, or install "
            "llama-cpp-python built for this machine."
        )


def _main(path: str, sizes: str) -> int:
    try:
        with Llama(Path(path), Sizes(**json.loads(sizes))) as llama:
            llama.read_tokens([llama.model.vocabulary // 2], logits=True)
            rows = np.full((min(ROWS, llama.sizes.batch), llama.model.width), 0.01, np.float32)
            llama.read_embeddings(rows, logits=True, causal=False)
            llama.logits()
    except EdgeNavError as e:
        sys.stdout.write(str(e))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2]))
