"""`bench vlm`: a bundle's vision-language model against transformers' generate(), which a user would otherwise call.

Every contender is a process of its own; they take turns, question by question, each time about a picture that none has
seen. fp32 is measured after the others: beside bfloat16 and the bundles it does not fit most machines.
"""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.lab.bench.contender import Contender
from edge_nav.lab.bench.options import VlmBenchOptions
from edge_nav.lab.bench.report import Row, report
from edge_nav.lab.bench.stream import read_gb_per_s
from edge_nav.vlm.vlm_settings import cores_here

QUESTION = "answer What is in front of me?"
PICTURE = (480, 640, 3)
WARM_UP_TOKENS = 4
BASELINE, CONTENDER = "transformers", "edge_nav.lab.bench.vlm_contender"
REST_S = 0.2
"""Between turns: worker threads spin for a while after their work, and would take the next one's processor."""
BYTES_PER_PARAMETER = {"bfloat16": 2, "float32": 4}
MAKE = "python -m models.random_checkpoints paligemma-3b-224 DIR"
SLACK = 1.15
"""A baseline needs its weights and this much more."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """One answer's times in milliseconds; ``tokens`` of the answer, ``prompt`` of what was read before it."""

    image_ms: float
    first_ms: float
    total_ms: float
    tokens: int
    prompt: int

    @property
    def per_s(self) -> float:
        """Tokens a second after the first."""
        return (self.tokens - 1) / max((self.total_ms - self.first_ms) / 1e3, 1e-9)


@dataclass(slots=True)
class VlmSide:
    """One contender, and what was measured of it."""

    contender: Contender
    answers: list[TimedAnswer] = field(default_factory=list)
    stream_gb_per_s: list[float] = field(default_factory=list)
    """How fast memory could be read right after each answer: it changes with the machine's other guests."""
    peak_mb: float = 0.0
    weight_bytes: int | None = None

    def median(self, what: str) -> float:
        return float(np.median([getattr(a, what) for a in self.answers]))


def bench(options: VlmBenchOptions) -> int:
    """Time to the first token, tokens a second, encoding, memory and share of the memory's speed of each contender."""
    checkpoint, tokens = options.checkpoint, options.tokens
    if checkpoint is not None and not (checkpoint / "config.json").is_file():
        raise UsageError(f"--checkpoint {checkpoint} is no checkpoint folder: give one with a config.json, or: {MAKE}")
    cores = options.threads or cores_here()
    sides: list[VlmSide] = []
    with tempfile.TemporaryDirectory() as name:
        together = [("bfloat16", checkpoint)] if checkpoint is not None else []
        for group in (together, [("float32", checkpoint)] if checkpoint is not None else []):
            with contextlib.ExitStack() as stack:
                new = [_baseline(path, dtype, cores, stack) for dtype, path in group if _fits(path, dtype)]
                if group is together:
                    new += [_bundle_side(options.bundle, v, cores, stack) for v in options.variants or [""]]
                for side in new:
                    side.contender.wait_ready()
                _take_turns(new, Path(name), tokens, options.rounds, cores)
                for side in new:
                    side.peak_mb = float(side.contender.ask("memory")["peak_mb"])
                    if not side.contender.name.startswith(BASELINE):
                        side.weight_bytes = int(side.contender.ask("weights")["bytes"])
                sides += new
    first = sides[0]
    title = f"{tokens} tokens about a new picture, {cores} threads; ratios to {first.contender.name}"
    report(title, [_row(side, first) for side in sides], options.json_file)
    return 0


def _fits(checkpoint: Path, dtype: str) -> bool:
    """Whether the machine has the memory; says so where it has not."""
    stored = sum(f.stat().st_size for f in checkpoint.glob("*.safetensors"))
    needed = stored / 2 * BYTES_PER_PARAMETER[dtype] * SLACK  # published in 16 bits
    available = _available()
    if needed > available:
        sys.stderr.write(f"{dtype} is left out: it needs {needed / 1e9:.0f} GB, {available / 1e9:.0f} GB are free\n")
    return needed <= available


def _available() -> float:
    """Bytes of memory that can be had, infinite where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):
        return math.inf


def _baseline(checkpoint: Path, dtype: str, cores: int, stack: contextlib.ExitStack) -> VlmSide:
    arguments = [str(checkpoint.resolve()), "--dtype", dtype, "--threads", str(cores)]
    return _side(f"{BASELINE} {dtype}", "models.vlm_baseline", arguments, stack)


def _bundle_side(bundle: str, variant: str, cores: int, stack: contextlib.ExitStack) -> VlmSide:
    given = dict(zip(("--llm", "--vision", "--vision-backend"), variant.split(":"), strict=False))
    options = [word for option, value in given.items() if value for word in (option, value)]
    arguments = [str(Path(bundle).resolve()) if Path(bundle).is_dir() else bundle, *options, "--threads", str(cores)]
    return _side(f"{Path(bundle).name} {variant}".strip(), CONTENDER, arguments, stack)


def _side(name: str, module: str, arguments: list[str], stack: contextlib.ExitStack) -> VlmSide:
    contender = Contender(name, module, arguments)
    stack.callback(contender.close)
    return VlmSide(contender)


def _take_turns(sides: list[VlmSide], folder: Path, tokens: int, rounds: int, cores: int) -> None:
    rng = np.random.default_rng(0)
    for n in range(rounds + 1):
        picture = folder / f"picture{n}.npy"
        np.save(picture, rng.integers(0, 256, PICTURE, dtype=np.uint8))
        for side in sides:
            wanted = tokens if n else WARM_UP_TOKENS
            a = side.contender.ask("answer", picture=str(picture), question=QUESTION, tokens=wanted)
            if n:
                side.stream_gb_per_s.append(read_gb_per_s(cores))
                answer = TimedAnswer(*(a[k] for k in ("image_ms", "first_ms", "total_ms", "tokens", "prompt")))
                side.answers.append(answer)
            time.sleep(REST_S)


def _row(side: VlmSide, first: VlmSide) -> Row:
    """Ratios above 1 are better than the baseline; each is the median over rounds of the pair's."""
    row: Row = {
        "what": side.contender.name,
        "image_ms": side.median("image_ms"),
        "first_token_ms": side.median("first_ms"),
        "tokens_per_s": side.median("per_s"),
        "total_ms": side.median("total_ms"),
        "prompt_tokens": side.answers[0].prompt,
        "first_token_ratio": _ratio(first, side, "first_ms"),
        "tokens_per_s_ratio": 1 / _ratio(first, side, "per_s"),
        "total_ratio": _ratio(first, side, "total_ms"),
        "peak_mb": side.peak_mb,
        "memory_ratio": first.peak_mb / side.peak_mb,
        "stream_gb_per_s": float(np.median(side.stream_gb_per_s)),
        "bandwidth_share": None,
        "runs_on": side.contender.describe,
    }
    if side.weight_bytes is not None:
        shares = [a.per_s / s for a, s in zip(side.answers, side.stream_gb_per_s, strict=True)]
        row["bandwidth_share"] = side.weight_bytes / 1e9 * float(np.median(shares))
    return row


def _ratio(first: VlmSide, side: VlmSide, what: str) -> float:
    pairs = zip(first.answers, side.answers, strict=True)
    return float(np.median([getattr(a, what) / getattr(b, what) for a, b in pairs]))
