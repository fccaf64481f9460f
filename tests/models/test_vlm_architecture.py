from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from tiny_checkpoints import own_architecture

from edge_nav.errors import UsageError
from models.architecture import DenseProjector, VlmoProjector, load_architecture, save_architecture
from models.checkpoints.loading import expected_shapes
from models.composite import VisionLanguageModel

SEEDS = Path(__file__).resolve().parents[2] / "configs" / "models"
IMAGE_TOKENS = {
    "llava-1.5-7b": 576,
    "llava-1.5-7b-sti": 720,
    "llava-1.5-7b-sci": 576,
    "llava-1.5-7b-dci": 576,
    "paligemma-3b-224": 256,
    "vlm-o": 256,
    "phi-2-tinyclip": 49,
    "scratch": 1,
}
# As the hub states them for these checkpoints, in billions; CLIP's last layer and closing norm are in the files, too.
PUBLISHED_BILLIONS = {"llava-1.5-7b": 7.06, "paligemma-3b-224": 2.92}
PHI_2 = 2_874_055_680 - 94_371_840  # of the fine-tune's log: all parameters less the trainable ones


@pytest.mark.parametrize("name", IMAGE_TOKENS)
def test_a_seed_is_a_description_with_its_published_size(name: str) -> None:
    architecture = load_architecture(SEEDS / f"{name}.yaml")
    shapes = expected_shapes(lambda: VisionLanguageModel(architecture))
    sizes = {part: torch.Size(shape).numel() for part, shape in shapes.items()}
    assert (architecture.name, architecture.image_tokens) == (name, IMAGE_TOKENS[name])
    assert architecture.decoder.width in shapes["decoder.model.embed_tokens.weight"]
    if name in PUBLISHED_BILLIONS:
        assert round(sum(sizes.values()) / 1e9, 2) == PUBLISHED_BILLIONS[name]
    if name == "phi-2-tinyclip":
        assert sum(n for part, n in sizes.items() if part.startswith("decoder.")) == PHI_2


def test_layers_of_the_dense_connectors_follow_the_depth() -> None:
    sti, vlmo = DenseProjector(mode="sti"), VlmoProjector()
    assert sti.earlier(24) == (7, 15)  # the paper's, for CLIP ViT-L
    assert sti.earlier(27) == (8, 17)
    assert sti.earlier(12) == (3, 7)
    assert DenseProjector.halves(24) == (range(12), range(12, 24))
    assert DenseProjector.halves(27) == (range(13), range(13, 26))  # the paper's, for SigLIP So400m
    assert vlmo.earlier(27) == (9, 18)
    assert DenseProjector(mode="sci", states=(7, 15)).earlier(27) == (7, 15)


def test_a_description_survives_being_written(tmp_path: Path) -> None:
    architecture = own_architecture(64, 512, "dci")
    save_architecture(architecture, tmp_path / "architecture.yaml")
    assert load_architecture(tmp_path / "architecture.yaml") == architecture


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"tower": {"layer": 9}}, "layer 9"),
        ({"tower": {"heads": 5}}, "multiple of heads"),
        ({"tower": {"class_token": True}}, "set tower.class_token to false"),
        ({"tower": {"layer": 2}}, "needs hidden state 5"),
        ({"projector": {"kind": "vlmo", "mode": None}}, "projector"),
        ({"prompt": {"runs": [{"run": "text", "text": "{question}"}]}}, "exactly one image"),
        ({"decoder": {"widht": 3}}, "widht"),
    ],
)
def test_a_description_that_cannot_be_built_is_refused(
    change: dict[str, dict[str, object]], complaint: str, tmp_path: Path
) -> None:
    data = own_architecture(64, 512, "dci").model_dump(mode="json")
    for part, fields in change.items():
        data[part] = {**data[part], **fields}
    path = tmp_path / "architecture.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(UsageError, match=complaint):
        load_architecture(path)
