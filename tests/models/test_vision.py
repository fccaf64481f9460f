"""Towers and projectors against transformers' own modules, or against a second, plainer derivation."""

from __future__ import annotations

import math

import pytest
import torch
from tiny_checkpoints import IMAGE_SIZE, clip_config, own_architecture, randomise, siglip_config
from transformers import CLIPVisionModel, SiglipVisionModel

from models.architecture import ClipTower, SiglipTower, VitTower
from models.composite import Vision
from models.scratch_vit import ScratchVit
from models.towers import build_tower

SIZES = {"width": 48, "layers": 4, "heads": 4, "mlp": 96, "image_size": IMAGE_SIZE, "patch": 14}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(2, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", [0, 3, -1, -2, -5])
@pytest.mark.parametrize("class_token", [True, False])
@torch.inference_mode()
def test_clip_gives_the_hidden_state_of_transformers(layer: int, class_token: bool, pixels: torch.Tensor) -> None:
    reference = randomise(CLIPVisionModel(clip_config()), 1)
    tower = build_tower(ClipTower(**SIZES, layer=layer, class_token=class_token))
    tower.load_state_dict(reference.state_dict())
    expected = reference(pixels, output_hidden_states=True).hidden_states[layer]
    given = tower(pixels)
    assert given.shape[1] == tower.settings.tokens
    torch.testing.assert_close(given, expected if class_token else expected[:, 1:])


@pytest.mark.parametrize(("layer", "final_norm"), [(-1, True), (-1, False), (-2, False), (1, False)])
@torch.inference_mode()
def test_siglip_gives_the_hidden_state_of_transformers(layer: int, final_norm: bool, pixels: torch.Tensor) -> None:
    reference = randomise(SiglipVisionModel(siglip_config()), 2)
    tower = build_tower(SiglipTower(**SIZES, layer=layer, final_norm=final_norm))
    tower.load_state_dict(reference.state_dict())
    out = reference(pixels, output_hidden_states=True)
    torch.testing.assert_close(tower(pixels), out.last_hidden_state if final_norm else out.hidden_states[layer])


@torch.inference_mode()
def test_the_scratch_tower_scales_by_its_heads_and_adds_to_the_unnormed(pixels: torch.Tensor) -> None:
    settings = VitTower(**SIZES, layer=-1, class_token=True)
    vit = randomise(ScratchVit(settings), 3)
    before, after = vit.states(pixels, 1)
    layer = vit.layers[0]

    # One head and one image at a time, by the formula.
    x = before[0]
    q, k, v = layer.qkv(layer.norm_1(x)).split(48, dim=-1)
    heads = []
    for h in range(4):
        cut = slice(12 * h, 12 * (h + 1))
        heads.append(torch.softmax(q[:, cut] @ k[:, cut].T / math.sqrt(12), dim=-1) @ v[:, cut])
    x = x + layer.out(torch.cat(heads, dim=-1))
    hidden = layer.fc_1(layer.norm_2(x))
    x = x + layer.fc_2(hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2))))
    torch.testing.assert_close(after[0], x)
    assert vit.states(pixels, 4)[-1].shape == (2, 17, 48)


@torch.inference_mode()
def test_sti_appends_pooled_tokens(pixels: torch.Tensor) -> None:
    vision, states = _vision("sti", pixels)
    p = vision.projector
    # 6 layers: states 1 and 3, and the base is state 5. 16 tokens pool to 2 and 2.
    tokens = [states[5]]
    for i in (1, 3):
        tokens.append(torch.stack([states[i][:, 8 * t : 8 * t + 8].mean(dim=1) for t in range(2)], dim=1))
    expected = p.linear_2(torch.nn.GELU()(p.linear_1(torch.cat(tokens, dim=1))))
    assert expected.shape == (2, 20, 64)
    torch.testing.assert_close(vision(pixels), expected)


@torch.inference_mode()
def test_sci_and_dci_widen_the_channels(pixels: torch.Tensor) -> None:
    for mode, first, second in (("sci", (1,), (3,)), ("dci", (0, 1, 2), (3, 4, 5))):
        vision, states = _vision(mode, pixels)
        p = vision.projector
        means = [sum(states[i] for i in group) / len(group) for group in (first, second)]
        expected = p.linear_2(torch.nn.GELU()(p.linear_1(torch.cat([states[5], *means], dim=-1))))
        assert p.linear_1.weight.shape == (64, 3 * 48)
        assert expected.shape == (2, 16, 64)
        torch.testing.assert_close(vision(pixels), expected)


@torch.inference_mode()
def test_vlmo_joins_the_final_state_with_two_halves(pixels: torch.Tensor) -> None:
    vision, states = _vision("vlmo", pixels)
    p = vision.projector
    final = vision.tower.vision_model.post_layernorm(states[6])
    parts = [p.final(final), p.early(states[2]), p.late(states[4])]
    assert [part.shape[-1] for part in parts] == [64, 32, 32]
    torch.testing.assert_close(vision(pixels), p.join(torch.cat(parts, dim=-1)))


@torch.inference_mode()
def test_one_token_comes_from_the_class_token_alone(pixels: torch.Tensor) -> None:
    vision = randomise(Vision(own_architecture(64, 512, "one_token_mlp")), 5)
    states = vision.tower.vit.states(pixels, 2)
    p = vision.projector
    expected = p.linear_2(torch.nn.GELU()(p.linear_1(vision.tower.vit.norm(states[-1][:, 0]))))
    assert vision(pixels).shape == (2, 1, 64)
    torch.testing.assert_close(vision(pixels)[:, 0], expected)


def _vision(connector: str, pixels: torch.Tensor) -> tuple[Vision, list[torch.Tensor]]:
    """A vision part with random weights, and all hidden states of its tower, patches only, from transformers' hooks."""
    vision = randomise(Vision(own_architecture(64, 512, connector)), 4)
    siglip = connector == "vlmo"
    config = siglip_config(6) if siglip else clip_config(6)
    reference = SiglipVisionModel(config) if siglip else CLIPVisionModel(config)
    reference.load_state_dict({n: t for n, t in vision.tower.state_dict().items() if n.startswith("vision_model.")})
    states = reference.eval()(pixels, output_hidden_states=True).hidden_states
    return vision, [state if siglip else state[:, 1:] for state in states]
