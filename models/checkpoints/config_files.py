"""Configuration files of a checkpoint folder: transformers configs, preprocessing, tokens that stop an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from edge_nav.errors import UsageError
from models.architecture import ClipTower, Preprocess, SiglipTower
from models.checkpoints.tensors import read_json

_FILTERS: dict[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}  # of PIL


def transformers_config(config_class: Any, data: dict[str, Any], path: Path) -> Any:
    """A config object from JSON, defaults filled in as transformers does; UsageError for what it refuses."""
    if data.get("quantization_config"):
        raise UsageError(f"{path} is of a quantised checkpoint: give the original in float16, bfloat16 or float32.")
    data = {**data, **_older_rope(data)}
    if isinstance(data.get("text_config"), dict):
        data["text_config"] = {**data["text_config"], **_older_rope(data["text_config"])}
    try:
        return config_class.from_dict(data)
    except Exception as e:
        reason = (str(e).splitlines() or [type(e).__name__])[0]
        # transformers raises whatever its constructors stumble over.
        raise UsageError(f"{path} is no configuration that transformers understands ({reason}): fetch it again.") from e


def _older_rope(data: dict[str, Any]) -> dict[str, Any]:
    """What transformers 5 saves as rope_parameters, as earlier versions do; these would ignore it without a word."""
    parameters = data.get("rope_parameters")
    if not isinstance(parameters, dict):
        return {}
    scaling = {k: v for k, v in parameters.items() if k not in ("rope_theta", "partial_rotary_factor")}
    older = {k: parameters[k] for k in ("rope_theta", "partial_rotary_factor") if k in parameters}
    return older if scaling.get("rope_type", "default") == "default" else {**older, "rope_scaling": scaling}


def describe_tower(config: Any, *, layer: int, class_token: bool, final_norm: bool) -> ClipTower | SiglipTower:
    """The description of a transformers CLIPVisionConfig or SiglipVisionConfig."""
    kinds: dict[str, type[ClipTower] | type[SiglipTower]] = {
        "clip_vision_model": ClipTower,
        "siglip_vision_model": SiglipTower,
    }
    kind = kinds.get(str(config.model_type))
    if kind is None:
        raise UsageError(f"vision tower {config.model_type!r} is not supported: CLIP and SigLIP are.")
    return kind(
        width=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        mlp=config.intermediate_size,
        image_size=config.image_size,
        patch=config.patch_size,
        norm_eps=config.layer_norm_eps,
        activation=config.hidden_act,
        layer=layer,
        class_token=class_token,
        final_norm=final_norm,
    )


def read_preprocess(folder: Path, image_size: int) -> Preprocess:
    """preprocessor_config.json (CLIP's or SigLIP's image processor); UsageError if it does not give ``image_size``."""
    path = folder / "preprocessor_config.json"
    data = read_json(path)
    size, crop = data.get("size", {}), data.get("crop_size", {})
    if not isinstance(size, dict):
        size = {"shortest_edge": size}
    if not isinstance(crop, dict):
        crop = {"height": crop, "width": crop}
    cropped = bool(data.get("do_center_crop", False)) and "shortest_edge" in size
    side = (crop.get("height"), crop.get("width")) if cropped else (size.get("height"), size.get("width"))
    whole = side == (image_size, image_size) and size.get("shortest_edge", image_size) == image_size
    if not whole or data.get("resample", 3) not in _FILTERS or data.get("do_normalize") is False:
        raise UsageError(
            f"{path} does not describe a plain resize to the tower's {image_size} pixels: "
            "give the preprocessor_config.json that belongs to the checkpoint."
        )
    return Preprocess(
        fit="crop" if cropped else "squash",
        interpolation=_FILTERS[data.get("resample", 3)],
        mean=tuple(data["image_mean"]),
        std=tuple(data["image_std"]),
    )


def stop_ids(folder: Path, eos: int | list[int] | None) -> tuple[int, ...]:
    """Tokens that end an answer: generation_config.json's, or else the configuration's."""
    path = folder / "generation_config.json"
    stated = read_json(path).get("eos_token_id") if path.is_file() else None
    ids = eos if stated is None else stated
    return tuple(ids) if isinstance(ids, list) else () if ids is None else (int(ids),)


def context_for(image_tokens: int, positions: int) -> int:
    """Tokens of context: the image, 512 for question and answer, rounded up to 256, within the model's positions."""
    return min(-(-(image_tokens + 512) // 256) * 256, positions)
