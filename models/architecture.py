"""What a vision-language model is made of, as plain data: tower, projector, decoder, prompt and preprocessing.

Each seed model is one such description (configs/models/*.yaml). Sizes count values, tokens or pixels as named; hidden
states are numbered as Hugging Face numbers them: 0 is the embeddings, n the output of the n-th layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import yaml
from pydantic import Field, model_validator
from typing_extensions import Self

from edge_nav.base_settings import Settings
from edge_nav.bundle import ImageRun, TextRun, TokensRun
from models.yaml_settings import read_yaml

Activation = Literal["gelu", "quick_gelu", "gelu_pytorch_tanh", "gelu_new", "silu", "relu"]


class Tower(Settings):
    """A vision transformer over square images cut in square patches."""

    has_class_token: ClassVar[bool]

    width: int = Field(ge=1, description="Values in each token.")
    layers: int = Field(ge=1, description="Transformer layers.")
    heads: int = Field(ge=1, description="Attention heads.")
    mlp: int = Field(ge=1, description="Width inside each layer's MLP.")
    image_size: int = Field(ge=14, le=4096, description="Side of the square input, pixels.")
    patch: int = Field(ge=1, description="Side of a patch, pixels.")
    norm_eps: float = Field(gt=0, description="Epsilon of the layer norms.")
    layer: int = Field(default=-2, description="Hidden state handed on: 0 the embeddings, -1 the last layer's.")
    class_token: bool = Field(default=False, description="Whether the class token is handed on, first.")
    final_norm: bool = Field(default=False, description="Whether the closing layer norm is applied to that state.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not -self.layers - 1 <= self.layer <= self.layers:
            raise ValueError(f"layer {self.layer} is not among the hidden states 0 to {self.layers}")
        if self.class_token and not self.has_class_token:
            raise ValueError("this tower has no class token")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self

    @property
    def state(self) -> int:
        """Index of the hidden state handed on, 0 to ``layers``."""
        return self.layer if self.layer >= 0 else self.layers + 1 + self.layer

    @property
    def tokens(self) -> int:
        """Tokens handed on for an image."""
        return (self.image_size // self.patch) ** 2 + self.class_token


class ClipTower(Tower):
    """OpenAI's CLIP vision transformer, as transformers' CLIPVisionModel."""

    has_class_token: ClassVar[bool] = True
    kind: Literal["clip"] = "clip"
    activation: Activation = "quick_gelu"
    norm_eps: float = Field(default=1e-5, gt=0, description="Epsilon of the layer norms.")


class SiglipTower(Tower):
    """SigLIP's vision transformer, as transformers' SiglipVisionModel without its pooling head."""

    has_class_token: ClassVar[bool] = False
    kind: Literal["siglip"] = "siglip"
    activation: Activation = "gelu_pytorch_tanh"
    norm_eps: float = Field(default=1e-6, gt=0, description="Epsilon of the layer norms.")


class VitTower(Tower):
    """Our vision transformer, for training from scratch (models/scratch_vit.py)."""

    has_class_token: ClassVar[bool] = True
    kind: Literal["vit"] = "vit"
    norm_eps: float = Field(default=1e-6, gt=0, description="Epsilon of the layer norms.")


class LinearProjector(Settings):
    """One linear layer (PaliGemma)."""

    kind: Literal["linear"] = "linear"
    bias: bool = True


class MlpProjector(Settings):
    """Linear, GELU, linear (LLaVA-1.5)."""

    kind: Literal["mlp2x_gelu"] = "mlp2x_gelu"
    activation: Activation = "gelu"
    bias: bool = True


class ResBlockProjector(Settings):
    """Linear, then x = LayerNorm(x); x + MLP(x) (the Phi-2 model)."""

    kind: Literal["simple_res_block"] = "simple_res_block"


class OneTokenProjector(Settings):
    """The class token alone through linear, GELU, linear: one image token (seemore)."""

    kind: Literal["one_token_mlp"] = "one_token_mlp"
    hidden: int = Field(default=2048, ge=1, description="Width between the two linear layers.")


class DenseProjector(Settings):
    """The Dense Connector (arXiv:2405.13800): several hidden states of the tower, then linear, GELU, linear.

    sti: two earlier states, averaged over 8 tokens, follow as more tokens. sci: the same two beside the base, along the
    channels. dci: the means of the earlier and of the later half of the states beside the base.
    """

    kind: Literal["dense"] = "dense"
    mode: Literal["sti", "sci", "dci"] = "dci"
    pool: int = Field(default=8, ge=1, description="Tokens averaged into one by sti; a remainder is left out.")
    states: tuple[int, int] | None = Field(
        default=None, description="The two hidden states of sti and sci, where not those that the depth gives."
    )

    def earlier(self, depth: int) -> tuple[int, int]:
        """The two states of sti and sci: the ends of the tower's first and second third, less one.

        depth//3 - 1 and 2*(depth//3) - 1: 7 and 15 of 24 layers as in the paper, 8 and 17 of 27.
        """
        third = max(depth // 3, 1)
        return self.states or (third - 1, 2 * third - 1)

    @staticmethod
    def halves(depth: int) -> tuple[range, range]:
        """The states that dci averages: two runs of depth//2 from the embeddings on.

        0-11 and 12-23 of 24 layers, 0-12 and 13-25 of 27, as in the paper.
        """
        half = max(depth // 2, 1)
        return range(half), range(half, 2 * half)


class VlmoProjector(Settings):
    """VLM-o's dense connector: the final state at full width and two earlier ones at half, joined, then linear."""

    kind: Literal["vlmo"] = "vlmo"

    @staticmethod
    def earlier(depth: int) -> tuple[int, int]:
        """The hidden states at one and two thirds of the depth, rounded down: 9 and 18 of 27 layers."""
        return depth // 3, 2 * depth // 3


class Decoder(Settings):
    """A causal language model."""

    vocab: int = Field(ge=1, description="Rows of the embedding, padding and added tokens included.")
    width: int = Field(ge=1, description="Values in each embedding (n_embd).")
    layers: int = Field(ge=1, description="Transformer layers.")
    heads: int = Field(ge=1, description="Query heads.")
    kv_heads: int = Field(ge=1, description="Key and value heads.")
    head_dim: int = Field(ge=1, description="Values in each head.")
    mlp: int = Field(ge=1, description="Width inside each layer's MLP.")
    positions: int = Field(ge=64, description="Longest sequence, tokens.")
    norm_eps: float = Field(gt=0, description="Epsilon of the norms.")
    rope_theta: float = Field(default=10000.0, gt=0, description="Base of the rotary embedding.")
    tied: bool = Field(description="Whether the head shares the embedding's weights.")
    bos_id: int | None = Field(default=None, description="Token that begins a sequence.")
    eos_id: int | None = Field(default=None, description="Token that ends one.")
    pad_id: int | None = Field(default=None, description="Token that fills one up.")

    @model_validator(mode="after")
    def _groups(self) -> Self:
        if self.heads % self.kv_heads or self.head_dim % 2:
            raise ValueError(
                f"heads {self.heads} in groups of kv_heads {self.kv_heads}, or head_dim {self.head_dim}, cannot be"
            )
        return self


class LlamaDecoder(Decoder):
    """Llama and Vicuna."""

    kind: Literal["llama"] = "llama"
    activation: Activation = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False
    rope_scaling: dict[str, str | int | float] | None = Field(
        default=None, description="As in transformers' LlamaConfig."
    )


class ScratchDecoder(Decoder):
    """Ours for training from scratch: Llama's shape, so that llama.cpp runs it."""

    kind: Literal["scratch"] = "scratch"


class PhiDecoder(Decoder):
    """Phi-1, 1.5 and 2."""

    kind: Literal["phi"] = "phi"
    activation: Activation = "gelu_new"
    rotary: float = Field(default=0.5, gt=0, le=1, description="Share of each head that is rotated.")


class GemmaDecoder(Decoder):
    """Gemma 1, which multiplies every input embedding by the square root of its width."""

    kind: Literal["gemma"] = "gemma"
    activation: Activation = "gelu_pytorch_tanh"


class Prompt(Settings):
    """What the decoder reads; the fields are those of a bundle's language model."""

    runs: tuple[Annotated[TextRun | TokensRun | ImageRun, Field(discriminator="run")], ...] = Field(
        description="In order; nothing is added to it."
    )
    attention: Literal["causal", "prefix"] = Field(
        default="causal", description="prefix: everything before the answer attends to everything before the answer."
    )
    image_scale: float = Field(
        default=1.0,
        gt=0,
        description="The projector's output is multiplied by this before it takes an embedding's place. A rule of the "
        "decoder for all its embeddings (Gemma's square root of the width) comes on top.",
    )
    stop_ids: tuple[int, ...] = Field(description="Tokens that end an answer.")
    context: int = Field(ge=64, le=131072, description="Tokens of context to reserve.")
    answer_tokens: int = Field(default=64, ge=1, le=4096, description="Longest answer, tokens.")
    image_token: int | None = Field(default=None, description="The placeholder's number in the original's prompts.")

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        if sum(run.run == "image" for run in self.runs) != 1:
            raise ValueError("a prompt holds exactly one image")
        return self


class Preprocess(Settings):
    """How an image becomes the tower's pixels."""

    fit: Literal["squash", "pad", "crop"] = Field(
        description="Stretched to the square; padded to one with the mean colour; or the shorter side scaled, then cut."
    )
    interpolation: Literal["bicubic", "bilinear"] = Field(default="bicubic", description="With antialiasing.")
    mean: tuple[float, float, float] = Field(description="Of the red, green and blue channel, 0..1.")
    std: tuple[float, float, float] = Field(description="Of the red, green and blue channel.")


AnyTower = Annotated[ClipTower | SiglipTower | VitTower, Field(discriminator="kind")]
AnyProjector = Annotated[
    LinearProjector | MlpProjector | ResBlockProjector | OneTokenProjector | DenseProjector | VlmoProjector,
    Field(discriminator="kind"),
]
AnyDecoder = Annotated[LlamaDecoder | ScratchDecoder | PhiDecoder | GemmaDecoder, Field(discriminator="kind")]


class Architecture(Settings):
    """A whole vision-language model."""

    name: str = Field(min_length=1, description="What it is called.")
    tower: AnyTower
    projector: AnyProjector
    decoder: AnyDecoder
    prompt: Prompt
    preprocess: Preprocess

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.projector.kind == "one_token_mlp" and not self.tower.class_token:
            raise ValueError("projector one_token_mlp needs tower.class_token")
        if self.projector.kind == "vlmo" and not (self.tower.final_norm and self.tower.state == self.tower.layers):
            raise ValueError("projector vlmo needs tower.layer -1 with tower.final_norm")
        if self.projector.kind in ("dense", "vlmo") and self.tower.class_token:
            raise ValueError(f"projector {self.projector.kind} works on patches: set tower.class_token to false")
        last = max(self.earlier_states, default=0)
        if last > self.tower.state:
            raise ValueError(f"projector {self.projector.kind} needs hidden state {last}, after tower.layer's")
        if self.prompt.context <= self.image_tokens:
            raise ValueError(f"prompt.context {self.prompt.context} has no room for {self.image_tokens} image tokens")
        return self

    @property
    def earlier_states(self) -> tuple[int, ...]:
        """Hidden states that the projector takes besides the tower's features."""
        depth = self.tower.layers
        match self.projector:
            case DenseProjector(mode="dci"):
                first, second = self.projector.halves(depth)
                return (*first, *second)
            case DenseProjector() | VlmoProjector():
                return self.projector.earlier(depth)
        return ()

    @property
    def image_tokens(self) -> int:
        """Embeddings that an image gives."""
        tokens = self.tower.tokens
        if self.projector.kind == "one_token_mlp":
            return 1
        if self.projector.kind == "dense" and self.projector.mode == "sti":
            return tokens + 2 * (tokens // self.projector.pool)
        return tokens


def load_architecture(path: Path) -> Architecture:
    """Read a description from YAML; UsageError where it cannot be read or is none."""
    return read_yaml(path, Architecture)


def save_architecture(architecture: Architecture, path: Path) -> None:
    """Write a description as YAML."""
    text = yaml.safe_dump(architecture.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
