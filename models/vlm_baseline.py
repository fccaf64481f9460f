"""`python -m models.vlm_baseline CHECKPOINT`: transformers' generate() with a picture, for `bench vlm`.

It speaks the protocol of edge_nav/lab/bench/contender.py, in a process of its own, so that the runtime's benchmark
imports no torch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from edge_nav.lab.bench.contender import load, own_output, peak_mb, refuse, serve


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    out = own_output()
    try:
        side = _Side(given.checkpoint, given.dtype, given.threads)
    except ImportError as e:
        refuse(out, f"{e.name} is missing: pip install 'edge-nav[export]'.")
        return
    except (OSError, ValueError) as e:
        refuse(out, f"{given.checkpoint} is no checkpoint of it ({(str(e).splitlines() or ['?'])[0][:200]}).")
        return
    serve(side.describe, {"answer": side.answer, "memory": peak_mb}, out)


class _Side:
    def __init__(self, checkpoint: Path, dtype: str, threads: int) -> None:
        import torch
        import transformers

        torch.set_num_threads(threads)
        transformers.logging.set_verbosity_error()
        self._dtype = getattr(torch, dtype)
        self._model: Any = transformers.AutoModelForImageTextToText.from_pretrained(
            checkpoint, dtype=self._dtype, low_cpu_mem_usage=True
        ).eval()
        self._processor: Any = transformers.AutoProcessor.from_pretrained(checkpoint)
        self.describe = f"transformers {transformers.__version__} generate() in {dtype}, torch {torch.__version__}"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Greedy tokens about a picture, as a user would ask for them: processor, tower, prompt, ``tokens`` tokens."""
        import torch
        from PIL import Image

        picture = Image.fromarray(load(request["picture"]))
        began = time.perf_counter()
        inputs = self._processor(text=self._prompt(request["question"]), images=picture, return_tensors="pt")
        inputs = inputs.to(dtype=self._dtype)
        prompt = int(inputs["input_ids"].shape[1])
        stamps: list[float] = []
        with torch.inference_mode():
            found = self._model.generate(
                **inputs,
                do_sample=False,
                min_new_tokens=request["tokens"],
                max_new_tokens=request["tokens"],
                stopping_criteria=[_clock(stamps)],
            )
        total = time.perf_counter() - began
        with torch.inference_mode():
            image = time.perf_counter()
            self._model.get_image_features(inputs["pixel_values"])
            image_s = time.perf_counter() - image
        return {
            "image_ms": image_s * 1e3,
            "first_ms": (stamps[0] - began) * 1e3,
            "total_ms": total * 1e3,
            "tokens": int(found.shape[1]) - prompt,
            "prompt": prompt,
        }

    def _prompt(self, question: str) -> str:
        if "PaliGemma" in type(self._model).__name__:
            return f"<image>{question}"
        return f"USER: <image>\n{question} ASSISTANT:"


def _clock(stamps: list[float]) -> Any:
    """Notes when each token came; stops nothing."""
    from transformers import StoppingCriteria

    class _Clock(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any, **given: Any) -> Any:
            import torch

            stamps.append(time.perf_counter())
            return torch.zeros(input_ids.shape[0], dtype=torch.bool)

    return _Clock()


if __name__ == "__main__":
    main()
