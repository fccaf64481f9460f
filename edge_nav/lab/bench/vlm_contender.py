"""`python -m edge_nav.lab.bench.vlm_contender`: a bundle's vision-language model as in a walk, for `bench vlm`."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from edge_nav.bundle import open_bundle
from edge_nav.errors import EdgeNavError
from edge_nav.lab.bench.contender import load, own_output, peak_mb, refuse, serve
from edge_nav.vlm.gguf_header import read_header
from edge_nav.vlm.vlm import llm_file, open_vlm
from edge_nav.vlm.vlm_settings import VlmSettings


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("--llm")
    parser.add_argument("--vision")
    parser.add_argument("--vision-backend", choices=("onnx", "openvino"), default="onnx")
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    out = own_output()
    settings = VlmSettings(
        llm=given.llm,
        vision=given.vision,
        vision_backend=given.vision_backend,
        threads=given.threads,
        budget_s=600.0,
        answer_tokens=64,
    )
    try:
        side = _VlmServer(given.bundle, settings)
    except EdgeNavError as e:
        refuse(out, str(e))
        return
    serve(side.describe, {"answer": side.answer, "weights": side.weights, "memory": peak_mb}, out)


class _VlmServer:
    def __init__(self, name: str, settings: VlmSettings) -> None:
        bundle = open_bundle(name)
        self._file = llm_file(bundle, settings)[0]
        self._vlm = open_vlm(bundle, settings)
        self._vlm.stop_ids = ()  # as many tokens as are asked for, whatever random weights say
        self.describe = self._vlm.describe

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Greedy tokens about a picture. Timing as in the walk."""
        rgb = np.ascontiguousarray(load(request["picture"]))
        list(self._vlm.tokens(rgb, request["question"], lambda: False, most=request["tokens"]))
        last = self._vlm.last
        return {
            "image_ms": last.image_ms,
            "prompt_ms": last.prompt_ms,
            "first_ms": last.first_ms,
            "total_ms": last.total_ms,
            "tokens": last.tokens,
            "prompt": last.prompt,
            "kept": last.kept,
        }

    def weights(self, _: dict[str, Any]) -> dict[str, Any]:
        """Bytes of weights that each token's decoding reads: all of them, but the rows of an embedding table that is
        not the head, too.
        """
        sizes = {name: tensor.size for name, tensor in read_header(self._file).tensors.items()}
        if "output.weight" in sizes:
            sizes.pop("token_embd.weight", None)
        return {"bytes": sum(sizes.values())}


if __name__ == "__main__":
    main()
