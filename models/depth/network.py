"""NanoDepth: a small convolutional network from one picture to metric depth, its confidence and labels.

An encoder of fused and depthwise inverted residuals (Tan and Le, EfficientNetV2, 2021), attention layers over the
coarsest map, which see the whole picture and so can tell its scale, and a decoder that adds the finer maps on the way
up (Lin et al., FPN, 2017). Depth is that of a canonical camera: see models/depth/canonical.py.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from edge_nav.base_settings import Settings

LOG_DEPTH_START = 0.7
"""Natural logarithm of the depth, in metres, that an untrained network gives: about two metres."""
LEAST_LOG_SPREAD, MOST_LOG_SPREAD = -5.0, 1.0


class NanoSettings(Settings):
    """Widths and depths of the network."""

    stem: int = Field(default=24, ge=8, le=128, description="Channels at half resolution.")
    widths: tuple[int, int, int, int] = Field(
        default=(40, 80, 144, 240), description="Channels at a quarter, an eighth, a sixteenth and a 32nd."
    )
    blocks: tuple[int, int, int, int] = Field(default=(2, 3, 5, 3), description="Residual blocks at each of these.")
    heads: int = Field(default=6, ge=1, le=32, description="Attention heads over the coarsest map.")
    attention: int = Field(default=2, ge=0, le=8, description="Attention layers.")
    decoder: tuple[int, int, int, int] = Field(
        default=(112, 72, 48, 32), description="Channels on the way up, at a sixteenth, an eighth, a quarter, a half."
    )
    refine: int = Field(default=0, ge=0, le=8, description="Residual blocks after each step on the way up.")
    labels: int = Field(default=20, ge=0, le=255, description="Classes of the label head, 0 for none.")
    fine: int = Field(
        default=0,
        ge=0,
        le=128,
        description="Channels at half resolution of a branch that sees the whole input, while all else sees it at half "
        "its size; 0 for none, and all else sees the whole.",
    )

    @model_validator(mode="after")
    def _fits(self) -> NanoSettings:
        for name in ("widths", "blocks", "decoder"):
            if min(getattr(self, name)) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: give numbers from 1 on")
        if self.attention and self.widths[-1] % self.heads:
            raise ValueError(f"heads {self.heads}: give a divisor of the last of widths, {self.widths[-1]}")
        return self

    @property
    def multiple(self) -> int:
        """Both sides of the input are multiples of this."""
        return 64 if self.fine else 32


class Estimate(NamedTuple):
    """Of a batch [B, 3, H, W], all at half its resolution, h = H/2 and w = W/2.

    ``log_depth`` [B, 1, h, w]: natural logarithm of canonical metres. ``log_spread`` [B, 1, h, w]: logarithm of the
    scale b of a Laplace distribution of log depth around it. ``label`` [B, classes, h, w]: logits, None without a head.
    """

    log_depth: Tensor
    log_spread: Tensor
    label: Tensor | None
    """Coarser while it is taught: half as fine, or a quarter with a fine branch."""


class NanoDepth(nn.Module):
    """The network. Both sides of its input are multiples of ``settings.multiple``."""

    def __init__(self, settings: NanoSettings) -> None:
        super().__init__()
        self.settings = settings
        w, d = settings.widths, settings.decoder
        self.stem = _conv(3, settings.stem, 3, stride=2)
        self.stages = nn.ModuleList()
        before = settings.stem
        for n, (width, count) in enumerate(zip(w, settings.blocks, strict=True)):
            make = _Fused if n < 2 else _Inverted
            self.stages.append(
                nn.Sequential(*(make(before if k == 0 else width, width, 2 if k == 0 else 1) for k in range(count)))
            )
            before = width
        self.attention = nn.ModuleList(_Attention(w[3], settings.heads) for _ in range(settings.attention))
        self.place = nn.Conv2d(w[3], w[3], 3, padding=1, groups=w[3])
        self.up = nn.ModuleList(
            _Up(coarser, finer, out, settings.refine)
            for coarser, finer, out in zip((w[3], *d[:3]), (w[2], w[1], w[0], settings.stem), d, strict=True)
        )
        self.fine = _Fine(d[3], settings.fine) if settings.fine else None
        out = settings.fine or d[3]
        self.depth = nn.Sequential(_conv(out, out, 3), nn.Conv2d(out, 2, 3, padding=1))
        self.label = nn.Conv2d(d[2], settings.labels, 1) if settings.labels else None
        last = self.depth[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.copy_(torch.tensor([LOG_DEPTH_START, -1.0]))

    def forward(self, pixels: Tensor) -> Estimate:
        """Normalised pixels float32 [B, 3, H, W] -> Estimate."""
        maps = [self.stem(pixels if self.fine is None else functional.avg_pool2d(pixels, 2))]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        x = maps[-1]
        x = x + self.place(x)  # the attention's only sense of place: padding and neighbours (Chu et al., 2021)
        for layer in self.attention:
            x = layer(x)
        coarse: Tensor | None = None
        for up, finer in zip(self.up, reversed(maps[:-1]), strict=True):
            x = up(x, finer)
            if up is self.up[2]:
                coarse = x
        if self.fine is not None:
            x = self.fine(x, pixels)
        out = self.depth(x).float()
        assert coarse is not None
        label = None
        if self.label is not None:
            label = self.label(coarse).float()
            if not self.training:
                label = _finer(label, x.shape[3] // label.shape[3])
        return Estimate(out[:, :1], out[:, 1:].clamp(LEAST_LOG_SPREAD, MOST_LOG_SPREAD), label)


def _finer(label: Tensor, step: int) -> Tensor:
    """``step`` times as fine, and where they were taught (`models/depth/loss.py`): each logit at the first pixel of
    ``step`` x ``step``, not at their middle as of a picture that was made smaller.
    """
    rows, columns = ((n - 1) * step + 1 for n in label.shape[2:])
    between = functional.interpolate(label, size=(rows, columns), mode="bilinear", align_corners=True)
    return functional.pad(between, (0, step - 1, 0, step - 1), mode="replicate")


def _conv(inside: int, outside: int, size: int, stride: int = 1, groups: int = 1, *, act: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inside, outside, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
    ]
    if act:
        layers.append(nn.Hardswish())
    return nn.Sequential(*layers)


def _silence(*layers: nn.Module) -> None:
    """Residual blocks begin as no change at all (Goyal et al., 2017), so that a network that began with another's
    weights and has more blocks begins as that one."""
    for layer in layers:
        for weight in layer.parameters():
            nn.init.zeros_(weight)


class _Fused(nn.Module):
    """A full convolution that widens, and one that narrows: quicker than depthwise ones where channels are few."""

    def __init__(self, inside: int, outside: int, stride: int, widen: int = 2) -> None:
        super().__init__()
        narrow = _conv(inside * widen, outside, 1, act=False)
        self.body = nn.Sequential(_conv(inside, inside * widen, 3, stride), narrow)
        self.same = stride == 1 and inside == outside
        if self.same:
            _silence(narrow[-1])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.same else y


class _Depthwise(nn.Module):
    """One 3 x 3 filter for each channel, in single precision: with a stride, its gradient in bfloat16 is many times
    slower on CPUs, as is that of 5 x 5 in either precision (PyTorch 2.13)."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)
        self.after = nn.Sequential(nn.BatchNorm2d(width), nn.Hardswish())

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            y = self.conv(x.float())
        z: Tensor = self.after(y.to(x.dtype))
        return z


class _Inverted(nn.Module):
    """Widen, one depthwise convolution, narrow."""

    def __init__(self, inside: int, outside: int, stride: int, widen: int = 3) -> None:
        super().__init__()
        wide = inside * widen
        narrow = _conv(wide, outside, 1, act=False)
        self.body = nn.Sequential(_conv(inside, wide, 1), _Depthwise(wide, stride), narrow)
        self.same = stride == 1 and inside == outside
        if self.same:
            _silence(narrow[-1])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.same else y


class _Attention(nn.Module):
    """One transformer layer over all places of a map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        _silence(self.out, self.mlp[-1])

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        qkv = self.qkv(self.norm1(tokens)).reshape(b, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        # Written out: for so few places PyTorch's fused attention is slower on CPUs, several times in its gradient.
        seen = (qkv[0] @ qkv[1].transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(dim=-1) @ qkv[2]
        tokens = tokens + self.out(seen.transpose(1, 2).reshape(b, h * w, c))
        tokens = tokens + self.mlp(self.norm2(tokens))
        back: Tensor = tokens.transpose(1, 2).reshape(b, c, h, w)
        return back


class _Up(nn.Module):
    """Twice as fine, with the encoder's map of that size added."""

    def __init__(self, inside: int, beside: int, outside: int, refine: int = 0) -> None:
        super().__init__()
        self.narrow = _conv(inside, outside, 1)
        self.beside = _conv(beside, outside, 1, act=False)
        self.mix = nn.Sequential(_conv(outside, outside, 3), *(_Fused(outside, outside, 1) for _ in range(refine)))

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        up = functional.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        y: Tensor = self.mix(up + self.beside(finer))
        return y


class _Fine(nn.Module):
    """Twice as fine, by the outlines in the whole input."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.stem = _conv(3, outside, 3, stride=2)
        self.up = _Up(inside, outside, outside)

    def forward(self, x: Tensor, pixels: Tensor) -> Tensor:
        y: Tensor = self.up(x, self.stem(pixels))
        return y
