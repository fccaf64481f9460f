"""A model bundle: a folder with manifest.json and the files it lists, opened only when every byte is as stated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from edge_nav.base_settings import Settings
from edge_nav.errors import UsageError

SCHEMA = "edge-nav/bundle/1"
FOLDER = Path("models/bundles")
SHIPPED = Path(__file__).parents[1] / FOLDER
"""In a clone of the repository, from whatever folder the program is run."""
LIST = "python main.py models list"
PULL = "python main.py models pull depth-indoor"
IntendedUse = Literal["simulator", "real"]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Spread = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""Pixels are divided by it."""


class FileEntry(Settings):
    """Size and hash of one file."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, hexadecimal.")
    bytes: int = Field(ge=0, description="Its size in bytes.")


class FixedInput(Settings):
    """One input size for every camera."""

    rule: Literal["fixed"] = "fixed"
    height: int = Field(ge=14, le=4096, description="Rows.")
    width: int = Field(ge=14, le=4096, description="Columns.")


class MultipleInput(Settings):
    """The camera's aspect, each side a multiple of the network's patch."""

    rule: Literal["multiple"] = "multiple"
    multiple: int = Field(default=14, ge=1, le=64, description="Both sides are multiples of this many pixels.")
    shorter_side: int = Field(
        default=518, ge=14, le=4096, description="The shorter side is scaled to this many pixels."
    )


class DepthOutput(Settings):
    """What the graph gives."""

    resolution: Literal["input", "frame"] = Field(
        default="input", description="Whether depth is used at the network's resolution or resized to the frame's."
    )
    quantity: Literal["depth", "inverse_depth"] = Field(
        default="depth", description="Depth, or a relative inverse of it."
    )


class DepthEntry(Settings):
    """How to run the depth network."""

    file: str = Field(description="The ONNX file.")
    kind: Literal["metric", "relative"] = Field(description="Metres, or relative until calibrated by the floor.")
    max_depth_m: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Greatest depth of a metric model, metres."
    )
    input: Annotated[FixedInput | MultipleInput, Field(discriminator="rule")]
    mean: tuple[Finite, Finite, Finite] = Field(description="Of the red, green and blue channel, 0..1.")
    std: tuple[Spread, Spread, Spread] = Field(description="Of the red, green and blue channel.")
    interpolation: Literal["bicubic", "bilinear", "area"] = Field(
        default="bicubic", description="How frames are resized."
    )
    output: DepthOutput = DepthOutput()
    certainty: float = Field(default=0.7, ge=0, le=1, description="How far its distances can be trusted as a whole.")
    step: int = Field(default=1, ge=1, le=16, description="Pixels of the input for each pixel of the output.")
    canonical_focal_px: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Focal length, in pixels of the input, of the camera whose depth it gives; null: the frame's own.",
    )
    confidence: bool = Field(
        default=False, description="Whether its second output is the probability that a depth is within 15 %."
    )
    labels: tuple[str, ...] = Field(
        default=(),
        max_length=256,
        description="Names of the numbers in its last output, where it says what a pixel belongs to.",
    )


class VisionEntry(Settings):
    """How to run the vision tower with its projector: pixels [1, 3, S, S] -> float32 [1, tokens, width]."""

    file: str = Field(description="The ONNX file used unless another is asked for.")
    variants: dict[str, str] = Field(default_factory=dict, description="Precision -> ONNX file, the default's too.")
    image_size: int = Field(ge=14, le=4096, description="Side of the square input, pixels.")
    fit: Literal["squash", "pad", "crop"] = Field(
        description="Stretched to the square; padded to one with the mean colour; or the shorter side scaled, then cut."
    )
    interpolation: Literal["bicubic", "bilinear"] = Field(default="bicubic", description="With antialiasing.")
    mean: tuple[Finite, Finite, Finite] = Field(description="Of the red, green and blue channel, 0..1.")
    std: tuple[Spread, Spread, Spread] = Field(description="Of the red, green and blue channel.")
    tokens: int = Field(ge=1, le=65536, description="Embeddings an image gives.")
    width: int = Field(ge=1, le=65536, description="Values in each embedding; the decoder's n_embd.")


class TextRun(Settings):
    """Text of the prompt. ``{question}`` stands for the question; special tokens in the template are parsed, those in
    the question are not."""

    run: Literal["text"] = "text"
    text: str = Field(description="The text, with {question} where the question goes.")


class TokensRun(Settings):
    """Tokens given by number, such as a beginning of sequence."""

    run: Literal["tokens"] = "tokens"
    ids: tuple[int, ...] = Field(description="Token numbers.")


class ImageRun(Settings):
    """The image's embeddings."""

    run: Literal["image"] = "image"


class LlmEntry(Settings):
    """How to run the language model with an image."""

    file: str = Field(description="The GGUF file used unless another is asked for.")
    variants: dict[str, str] = Field(default_factory=dict, description="Quantisation -> GGUF file, the default's too.")
    width: int = Field(ge=1, le=65536, description="n_embd; equal to the vision graph's width.")
    prompt: list[Annotated[TextRun | TokensRun | ImageRun, Field(discriminator="run")]] = Field(
        description="What the model reads, in order; nothing is added to it."
    )
    attention: Literal["causal", "prefix"] = Field(
        default="causal", description="prefix: everything before the answer attends to everything before the answer."
    )
    image_scale: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="The image's embeddings are multiplied by this before they are decoded.",
    )
    stop_ids: tuple[int, ...] = Field(description="Tokens that end an answer.")
    context: int = Field(ge=64, le=131072, description="Tokens of context to reserve.")
    answer_tokens: int = Field(default=64, ge=1, le=4096, description="Longest answer, tokens.")


class Manifest(Settings):
    """manifest.json: what is in the bundle and how it is run."""

    schema_: Literal["edge-nav/bundle/1"] = Field(alias="schema")
    name: str = Field(min_length=1)
    licence: str
    sources: list[str]
    created_by: str
    intended_use: IntendedUse
    files: dict[str, FileEntry]
    depth: DepthEntry | None = None
    vision: VisionEntry | None = None
    llm: LlmEntry | None = None
    parity: str | None = Field(default=None, description="The report of the export's checks, a file of the bundle.")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    folder: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class BundleState:
    """One line of a listing; ``state`` is "ok" or what is wrong."""

    name: str
    intended_use: str
    licence: str
    state: str


def open_bundle(name: str) -> Bundle:
    """Open a folder, or a name under models/bundles, here or in the clone that the program runs from.

    Raises UsageError where anything differs from the manifest.
    """
    places = (Path(name), FOLDER / name, SHIPPED / name)
    folder = next((p for p in places if p.is_dir()), FOLDER)
    if not name or folder == FOLDER:
        raise UsageError(f"bundle {name!r} is neither a folder nor under {FOLDER}: `{LIST}` shows those that are here.")
    manifest = _manifest(folder)
    for file, entry in manifest.files.items():
        _check(folder, file, entry)
    for file in _used(manifest):
        if file not in manifest.files:
            raise UsageError(f"bundle {folder} names {file} without a hash: export it again.")
    if manifest.vision and manifest.llm and manifest.vision.width != manifest.llm.width:
        raise UsageError(
            f"bundle {folder}: vision.width {manifest.vision.width} differs from llm.width {manifest.llm.width}: "
            "export both from the same checkpoint."
        )
    return Bundle(folder, manifest)


def check_use(bundle: Bundle, *, live: bool, force: bool) -> str | None:
    """Refuse a simulator's bundle on a live camera; with ``force`` a warning for the log instead."""
    if not live or bundle.manifest.intended_use == "real":
        return None
    sentence = f"bundle {bundle.manifest.name} is for the simulator only and its distances in real rooms are not proven"
    if force:
        return f"{sentence}; walking with it all the same, as asked"
    raise UsageError(f"{sentence}: fetch a real one (`{PULL}`, then the export that it names), or insist with --force.")


def list_bundles(*roots: Path) -> list[BundleState]:
    """Every folder under the roots (models/bundles, if none is given) that has a manifest, damaged ones included."""
    states = []
    found = {p.parent.resolve(): None for root in roots or (FOLDER, SHIPPED) for p in root.glob("*/manifest.json")}
    for folder in sorted(found):
        try:
            m = open_bundle(str(folder)).manifest
            states.append(BundleState(m.name, m.intended_use, m.licence, "ok"))
        except UsageError as e:
            states.append(BundleState(folder.name, "unknown", "unknown", str(e)))
    return states


def write_manifest(folder: Path, fields: dict[str, Any], files: list[str]) -> Manifest:
    """Hash the files, check the whole, and write manifest.json so that no half of it is ever seen."""
    entries = {f: {"sha256": _sha256(folder / f), "bytes": (folder / f).stat().st_size} for f in files}
    data = {"schema": SCHEMA, **fields, "files": entries}
    manifest = Manifest.model_validate(data)
    part = folder / "manifest.json.part"
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / "manifest.json")
    return manifest


def _used(manifest: Manifest) -> list[str]:
    """Every file that an entry of the manifest names."""
    names = [entry.file for entry in (manifest.depth, manifest.vision, manifest.llm) if entry is not None]
    for entry in (manifest.vision, manifest.llm):
        names += entry.variants.values() if entry is not None else ()
    return [*names, *([manifest.parity] if manifest.parity else [])]


def _manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"bundle {folder} has no readable manifest.json: fetch or export it again.") from e
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest.json"
        raise UsageError(f"bundle {folder}: {where} is wrong ({first['msg']}): fetch or export it again.") from e


def _check(folder: Path, file: str, entry: FileEntry) -> None:
    path = folder / file
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise UsageError(f"bundle {folder} names {file}, outside of itself: do not use it.")
    if not path.is_file():
        raise UsageError(f"bundle {folder} lacks {file}: fetch or export it again.")
    size = path.stat().st_size
    if size != entry.bytes:
        raise UsageError(f"bundle {folder}: {file} has {size} bytes instead of {entry.bytes}: fetch it again.")
    found = _sha256(path)
    if found != entry.sha256:
        raise UsageError(
            f"bundle {folder}: {file} has hash {found[:12]} instead of {entry.sha256[:12]}: fetch it again."
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
