"""`python -m models.depth_baseline CHECKPOINT`: the transformers depth-estimation pipeline, for `bench depth`.

It speaks the protocol of edge_nav/lab/bench/contender.py, in a process of its own, so that the runtime's benchmark
imports no torch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge_nav.lab.bench.contender import load, own_output, peak_mb, refuse, serve


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    out = own_output()
    try:
        side = _Side(given.checkpoint, given.threads)
    except ImportError as e:
        refuse(out, f"{e.name} is missing: pip install 'edge-nav[export]'.")
        return
    except (OSError, ValueError) as e:
        refuse(out, f"{given.checkpoint} is no checkpoint of it ({(str(e).splitlines() or ['?'])[0][:200]}).")
        return
    serve(side.describe, {"infer": side.infer, "size": side.size, "reference": side.reference, "memory": peak_mb}, out)


class _Side:
    def __init__(self, checkpoint: Path, threads: int) -> None:
        import torch
        import transformers

        torch.set_num_threads(threads)
        transformers.logging.set_verbosity_error()
        self._pipeline: Any = transformers.pipeline(
            "depth-estimation", model=str(checkpoint), device="cpu", dtype=torch.float32
        )
        self.describe = f"transformers {transformers.__version__} depth-estimation pipeline, torch {torch.__version__}"

    def infer(self, request: dict[str, Any]) -> dict[str, Any]:
        """A picture to depth of its size, as the pipeline does it."""
        from PIL import Image

        picture = Image.fromarray(load(request["picture"]))
        began = time.perf_counter()
        self._pipeline(picture)
        return {"ms": (time.perf_counter() - began) * 1e3}

    def size(self, request: dict[str, Any]) -> dict[str, Any]:
        """Rows and columns of the network's input for a picture."""
        pixels = self._pipeline.image_processor(load(request["picture"]), return_tensors="pt").pixel_values
        return {"rows": pixels.shape[2], "columns": pixels.shape[3]}

    def reference(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the model in fp32 gives for an input, float32 [1, 3, h, w] -> [h, w]."""
        import torch

        with torch.inference_mode():
            depth = self._pipeline.model(pixel_values=torch.from_numpy(load(request["pixels"]))).predicted_depth
        np.save(request["depth"], depth[0].numpy())
        return {}


if __name__ == "__main__":
    main()
