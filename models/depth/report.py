"""An evaluation as tables on the screen, and as JSON."""

from __future__ import annotations

from pathlib import Path, PurePath

from edge_nav.lab.bench.report import Row, report
from models.depth.evaluation import CONFIDENCE_BINS, Evaluation
from models.depth.reliability import expected_error


def short_names(specs: list[str]) -> list[str]:
    """Each source by the end of its path, of as many parts as it takes to tell them apart."""
    paths = [PurePath(spec.partition(":")[2]).parts for spec in specs]
    for parts in range(1, max(map(len, paths), default=0) + 1):
        names = ["-".join(path[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [spec.replace(":", "-").replace("/", "-") for spec in specs]


def show(name: str, results: list[tuple[str, Evaluation]], json_file: Path | None) -> None:
    """For results by the name of their source: a row for each of them and way of scaling; then, where there is
    confidence, how far it can be believed; and how much of the ground beyond edges is known to be lower.
    """
    rows: list[Row] = []
    for source, result in results:
        for scale, scaled in result.by_scale.items():
            rows.append(
                {
                    "source": f"{source} {scale}",
                    "frames": result.frames,
                    "with_floor": result.with_floor,
                    **scaled.all.values(),
                    "corridor_mae_m": _corridor(result, scale),
                    **{f"mae_{a:g}_{b:g}_m": error for a, b, error in scaled.all.bins()},
                }
            )
    report(f"depth of {name}", rows, json_file)
    reliability = [_reliability(source, result) for source, result in results if result.confident.sum() > 0]
    if reliability:
        beside = None if json_file is None else json_file.with_suffix(".reliability.json")
        report("share of pixels within 15 %, by tenths of confidence", reliability, beside)
    lower = [_lower(source, result) for source, result in results if result.lower.any()]
    if lower:
        beside = None if json_file is None else json_file.with_suffix(".lower.json")
        report("ground lower than the walker's, within 4 m", lower, beside)


def _corridor(result: Evaluation, scale: str) -> float | None:
    bins = result.by_scale[scale].corridor
    return float(bins.error_m / bins.pixels) if bins.pixels else None


def _lower(source: str, result: Evaluation) -> Row:
    there, called, both = (int(n) for n in result.lower)
    return {
        "source": source,
        "pixels": there,
        "seen": both / there if there else None,
        "rightly": both / called if called else None,
    }


def _reliability(source: str, result: Evaluation) -> Row:
    row: Row = {"source": source, "mean_miss": expected_error(result)}
    for n in range(CONFIDENCE_BINS):
        share = float(result.right[n] / result.confident[n]) if result.confident[n] else None
        row[f"{n / CONFIDENCE_BINS:.1f}-{(n + 1) / CONFIDENCE_BINS:.1f}"] = share
    return row
