"""What stands about: boxes, bins, bags, plants, signs, panes of glass."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_nav.lab.sim.things.base import Placed
from edge_nav.lab.sim.things.parts import Parts, lean, tilt


class Carton(Placed):
    """A box or crate, or a stack of them."""

    kind: Literal["box"] = Field(default="box", description="A box.")
    width_m: float | None = Field(default=None, ge=0.05, le=5, description="Size to its sides, metres.")
    length_m: float | None = Field(default=None, ge=0.05, le=5, description="Size to its front, metres.")
    height_m: float | None = Field(default=None, ge=0.05, le=4, description="Height, metres.")
    stack: int = Field(default=1, ge=1, le=5, description="How many, one on another.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        low = 0.0
        for n in range(self.stack):
            size = (
                self.width_m or parts.between(0.25, 0.6) * (0.9**n),
                self.length_m or parts.between(0.25, 0.6) * (0.9**n),
                self.height_m or parts.between(0.15, 0.55),
            )
            parts.block((0, 0, low), size, parts.material("cardboard"), bevel_m=0.006)
            tape = parts.material("skirting")
            parts.block((0, 0, low + size[2]), (size[0], min(0.05, size[1] / 3), 0.002), tape)
            low += size[2] + 0.002


class Pole(Placed):
    """An upright pole or column."""

    kind: Literal["pole"] = Field(default="pole", description="A pole or column.")
    radius_m: float = Field(default=0.04, ge=0.01, le=0.6, description="Radius, metres.")
    height_m: float = Field(default=2.6, ge=0.3, le=12, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        look = parts.material("metal" if self.radius_m < 0.1 else "indoor_wall")
        parts.drum((0, 0, 0), self.radius_m, self.height_m, look, "pole")
        if self.height_m > 1.5:
            parts.drum((0, 0, 0), self.radius_m * 1.5, 0.06, look, "pole")


class Bin(Placed):
    """A rubbish bin: a paper basket, a pedal bin, a litter bin or one on wheels."""

    kind: Literal["bin"] = Field(default="bin", description="A rubbish bin.")
    size: Literal["small", "large", "wheeled"] = Field(default="small", description="Basket, litter bin, or on wheels.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        body, lid = parts.material("plastic"), parts.material("plastic")
        if self.size == "small":
            h = parts.between(0.28, 0.45)
            if parts.choice(("round", "square", "round", "square")) == "round":
                parts.drum((0, 0, 0), parts.between(0.12, 0.17), h, body)
                parts.ball((0, 0, h), (0.2, 0.2, 0.08), parts.material("goods"))
            else:
                parts.block((0, 0, 0), (0.26, 0.22, h), body, bevel_m=0.02)
                parts.block((0, 0, h), (0.27, 0.23, 0.03), lid, bevel_m=0.01)
        elif self.size == "large":
            metal = parts.material("metal")
            parts.drum((0, 0, 0.05), 0.22, 0.75, metal)
            parts.drum((0, 0, 0.80), 0.24, 0.06, lid)
            parts.drum((0, 0, 0), 0.16, 0.05, metal)
        else:
            parts.block((0, 0.02, 0.06), (0.5, 0.5, 0.88), body, bevel_m=0.04)
            parts.box((0, 0.01, 0.98), (0.54, 0.58, 0.07), lid, "object", tilt(-4), 0.02)
            parts.rod((-0.22, -0.29, 0.93), (0.22, -0.29, 0.93), 0.015, body)
            rubber = parts.material("rubber")
            for x in (-0.22, 0.22):
                parts.rod((x - 0.025, -0.22, 0.1), (x + 0.025, -0.22, 0.1), 0.1, rubber)


class Bag(Placed):
    """A rucksack, suitcase or shopping bag on the floor."""

    kind: Literal["bag"] = Field(default="bag", description="A bag.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        cloth, trim = parts.material("clothes"), parts.material("rubber")
        variant = parts.choice(("rucksack", "case", "shopping", "sports", "rucksack", "case"))
        if variant == "rucksack":
            parts.ball((0, 0, 0.22), (0.32, 0.24, 0.46), cloth)
            parts.ball((0, 0.1, 0.15), (0.24, 0.14, 0.24), cloth)
            parts.limb((-0.05, 0, 0.44), (0.05, 0, 0.44), 0.012, trim)
        elif variant == "case":
            h = parts.between(0.5, 0.7)
            parts.block((0, 0, 0.04), (0.4, 0.24, h), cloth, bevel_m=0.03)
            for x in (-0.15, 0.15):
                parts.ball((x, 0, 0.03), (0.05, 0.05, 0.06), trim)
                parts.rod((x * 0.6, -0.09, h), (x * 0.6, -0.09, h + 0.35), 0.008, trim)
            parts.rod((-0.1, -0.09, h + 0.35), (0.1, -0.09, h + 0.35), 0.015, trim)
        elif variant == "shopping":
            parts.block((0, 0, 0), (0.34, 0.16, 0.38), cloth, bevel_m=0.02)
            for y in (-0.05, 0.05):
                parts.limb((-0.08, y, 0.38), (-0.02, y, 0.52), 0.006, trim)
                parts.limb((0.08, y, 0.38), (0.02, y, 0.52), 0.006, trim)
        else:
            parts.limb((-0.2, 0, 0.15), (0.2, 0, 0.15), 0.14, cloth)
            parts.limb((-0.1, 0, 0.31), (0.1, 0, 0.31), 0.012, trim)


class Clutter(Placed):
    """Small things left on the floor: shoes, a toy, a ball, a cable drum, a bucket, books."""

    kind: Literal["clutter"] = Field(default="clutter", description="Small things on the floor.")
    count: int = Field(default=3, ge=1, le=12, description="How many.")
    spread_m: float = Field(default=0.4, ge=0.05, le=2, description="How far apart, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        for _ in range(self.count):
            x, y = parts.between(-self.spread_m, self.spread_m), parts.between(-self.spread_m, self.spread_m)
            cloth = parts.material("plastic")
            form = parts.choice(("shoe", "ball", "bucket", "book", "shoe", "bottle", "toy", "shoe"))
            if form == "shoe":
                parts.limb((x, y, 0.05), (x + 0.02, y + 0.16, 0.045), 0.045, cloth)
            elif form == "ball":
                r = parts.between(0.06, 0.13)
                parts.ball((x, y, r), (2 * r, 2 * r, 2 * r), cloth)
            elif form == "bucket":
                parts.drum((x, y, 0), 0.13, 0.27, cloth)
            elif form == "bottle":
                parts.limb((x, y, 0.04), (x + 0.18, y + 0.08, 0.04), 0.035, cloth)
            elif form == "toy":
                parts.block((x, y, 0.04), (0.14, 0.26, 0.09), cloth, bevel_m=0.02)
                parts.block((x, y - 0.04, 0.13), (0.11, 0.12, 0.06), cloth, bevel_m=0.02)
            else:
                parts.block((x, y, 0), (0.2, 0.28, parts.between(0.03, 0.12)), parts.material("goods"))


class Plant(Placed):
    """A potted plant."""

    kind: Literal["plant"] = Field(default="plant", description="A potted plant.")
    height_m: float = Field(default=1.1, ge=0.3, le=2.5, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        h, pot = self.height_m, min(0.35, self.height_m * 0.35)
        r = parts.between(0.12, 0.19)
        parts.drum((0, 0, 0), r, pot, parts.material(parts.choice(("plastic", "kerb", "plastic", "kerb"))))
        parts.drum((0, 0, pot), r * 0.92, 0.006, parts.material("soil"))
        leaf, stem = parts.material("leaves"), parts.material("bark")
        variant = parts.choice(("bush", "blades", "tree", "bush", "blades", "palm"))
        if variant in ("blades", "palm"):
            for n in range(9):
                a = 2 * math.pi * n / 9 + parts.between(-0.2, 0.2)
                out = parts.between(0.12, 0.3) if variant == "blades" else parts.between(0.3, 0.45)
                top = (out * math.sin(a), out * math.cos(a), h * parts.between(0.75, 1.0))
                parts.limb((0, 0, pot), top, 0.018 if variant == "blades" else 0.012, leaf, "vegetation")
                if variant == "palm":
                    parts.ball(top, (0.16, 0.16, 0.22), leaf, "vegetation")
            return
        if variant == "tree":
            parts.rod((0, 0, pot), (0.03, 0.02, h * 0.75), 0.015, stem, "vegetation")
        for _ in range(7):
            low = pot + 0.08 if variant == "bush" else h * 0.65
            at = (parts.between(-0.14, 0.14), parts.between(-0.14, 0.14), parts.between(low, max(low, h - 0.12)))
            size = parts.between(0.18, 0.32)
            parts.ball(at, (size, size, size * 0.9), leaf, "vegetation")


class HangingSign(Placed):
    """A sign or lamp that hangs, or stands out from a wall, at head height; at: its middle, read from its front."""

    kind: Literal["hanging_sign"] = Field(default="hanging_sign", description="A hanging sign.")
    lift_m: float = Field(default=1.65, ge=0.2, le=4, description="Height of its underside, metres.")
    width_m: float = Field(default=0.8, ge=0.1, le=4, description="Width, metres.")
    height_m: float = Field(default=0.3, ge=0.05, le=2, description="Height, metres.")
    hung_from_m: float = Field(default=2.6, ge=0.5, le=8, description="Height of what it hangs from, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, h = self.width_m, self.height_m
        parts.block((0, 0, 0), (w, 0.04, h), parts.material("sign"), "sign")
        metal = parts.material("metal")
        top = max(self.hung_from_m - self.lift_m, h + 0.02)
        for x in (-w * 0.4, w * 0.4):
            parts.rod((x, 0, h), (x, 0, top), 0.006, metal, "sign")


class BoardSign(Placed):
    """A sign that stands on the floor: an A of two boards, or a wet floor sign."""

    kind: Literal["board_sign"] = Field(default="board_sign", description="A sign standing on the floor.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        face = parts.material("sign")
        h = parts.choice((0.62, 0.9, 1.05, 0.62, 0.8))
        w = 0.3 if h < 0.7 else 0.58
        for side in (-1, 1):
            parts.box((0, side * 0.17, h / 2), (w, 0.02, h * 1.04), face, "sign", tilt(side * 14))


class GlassPanel(Placed):
    """An upright pane of glass: a partition or a shop's front."""

    kind: Literal["glass_panel"] = Field(default="glass_panel", description="A glass wall; at: its middle.")
    width_m: float = Field(default=1.5, ge=0.2, le=8, description="Width, metres.")
    height_m: float = Field(default=2.1, ge=0.3, le=4, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, h, metal = self.width_m, self.height_m, parts.material("metal")
        parts.block((0, 0, 0.02), (w, 0.012, h - 0.04), parts.material("glass"), "glass")
        for z in (0, h - 0.03):
            parts.block((0, 0, z), (w, 0.05, 0.03), metal, "glass")
        for x in (-w / 2, w / 2):
            parts.block((x, 0, 0), (0.04, 0.05, h), metal, "glass")


class Mirror(Placed):
    """A shiny metal panel or mirror in a frame; at: the middle of its back."""

    kind: Literal["mirror"] = Field(default="mirror", description="A mirror or shiny panel.")
    width_m: float = Field(default=0.7, ge=0.2, le=4, description="Width, metres.")
    height_m: float = Field(default=1.6, ge=0.2, le=3, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, h, frame = self.width_m, self.height_m, parts.material("wood")
        parts.block((0, 0.015, 0.1), (w, 0.03, h), frame)
        parts.block((0, 0.033, 0.13), (w - 0.06, 0.006, h - 0.06), parts.material("shiny"))


class WallPicture(Placed):
    """A picture or notice board on a wall; at: the middle of its back."""

    kind: Literal["picture"] = Field(default="picture", description="A picture on a wall.")
    lift_m: float = Field(default=1.35, ge=0.1, le=4, description="Height of its lower edge, metres.")
    width_m: float = Field(default=0.7, ge=0.1, le=3, description="Width, metres.")
    height_m: float = Field(default=0.5, ge=0.1, le=2, description="Height, metres.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        w, h = self.width_m, self.height_m
        parts.block((0, 0.012, 0), (w, 0.024, h), parts.material("wood"))
        parts.block((0, 0.025, 0.03), (w - 0.06, 0.004, h - 0.06), parts.material("goods"))


class FloorLamp(Placed):
    """A lamp that stands on the floor."""

    kind: Literal["floor_lamp"] = Field(default="floor_lamp", description="A standing lamp.")

    def build(self, parts: Parts) -> None:
        parts.numbered()
        metal, shade = parts.material("metal"), parts.material("lamp")
        h = parts.between(1.45, 1.8)
        parts.drum((0, 0, 0), 0.15, 0.02, metal)
        if parts.choice(("straight", "bent", "straight", "bent")) == "straight":
            parts.rod((0, 0, 0), (0, 0, h), 0.012, metal, "pole")
            parts.drum((0, 0, h - 0.15), 0.17, 0.24, shade)
        else:
            arm = parts.inner((0, 0, 0), lean(6))
            arm.rod((0, 0, 0.01), (0, 0, h), 0.012, metal, "pole")
            arm.ball((0.08, 0, h), (0.28, 0.28, 0.2), shade)
