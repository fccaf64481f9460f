"""Shader nodes in few words: values and links by input name, and the handful of building blocks every look shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Socket = Any
"""An output of a node, as bpy gives it."""
Value = Any
"""What an input takes: a number, a tuple, or a socket to link."""

Inputs = Mapping[str, Value] | Mapping[int, Value] | Mapping[str | int, Value]
"""By name, or by number where names repeat."""

BLACK, WHITE = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)


class Nodes:
    """One node tree under construction."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        tree.nodes.clear()

    def add(self, kind: str, inputs: Inputs, props: Mapping[str, Any] | None = None) -> Any:
        """A node ``ShaderNode<kind>`` with its properties set and its inputs set or linked."""
        node = self._tree.nodes.new(f"ShaderNode{kind}")
        for name, value in (props or {}).items():
            setattr(node, name, value)
        for key, value in inputs.items():
            socket = node.inputs[key]
            if hasattr(value, "is_output"):
                self._tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def named_colour(self, name: str) -> Socket:
        """A colour that is set for each material."""
        node = self.add("RGB", {})
        node.name = name
        return node.outputs[0]

    def named_value(self, name: str) -> Socket:
        """A number that is set for each material."""
        node = self.add("Value", {})
        node.name = name
        return node.outputs[0]

    def math(self, operation: str, a: Value, b: Value = 0.0, clamp: bool = False) -> Socket:
        return self.add("Math", {0: a, 1: b}, {"operation": operation, "use_clamp": clamp}).outputs[0]

    def vector(self, operation: str, a: Value, b: Value) -> Socket:
        return self.add("VectorMath", {0: a, 1: b}, {"operation": operation}).outputs[0]

    def scaled(self, a: Value, factor: Value) -> Socket:
        return self.add("VectorMath", {0: a, 3: factor}, {"operation": "SCALE"}).outputs[0]

    def mix(self, factor: Value, a: Value, b: Value, blend: str = "MIX") -> Socket:
        """Colours."""
        props = {"data_type": "RGBA", "blend_type": blend, "clamp_factor": True}
        return self.add("Mix", {0: factor, 6: a, 7: b}, props).outputs[2]

    def between(self, value: Value, low: float, high: float, to_low: float = 0.0, to_high: float = 1.0) -> Socket:
        """A number taken from one range to another, and kept there."""
        inputs: dict[str | int, Value] = {"Value": value, 1: low, 2: high, 3: to_low, 4: to_high}
        return self.add("MapRange", inputs, {"clamp": True}).outputs[0]

    def noise(self, at: Socket, scale: Value, detail: float = 2.0, distortion: float = 0.0) -> Socket:
        """Smooth noise in the plane, 0..1 about a half."""
        inputs = {"Vector": at, "Scale": scale, "Detail": detail, "Distortion": distortion}
        return self.add("TexNoise", inputs, {"noise_dimensions": "2D"}).outputs[0]

    def bricks(self, at: Socket, size: tuple[Value, Value], mortar: Value, offset: float) -> tuple[Socket, Socket]:
        """A random number for each brick, and 1 between the bricks. Sizes are in the units of ``at``."""
        inputs = {
            "Vector": at,
            "Color1": BLACK,
            "Color2": WHITE,
            "Mortar": BLACK,
            "Scale": 1.0,
            "Mortar Size": mortar,
            "Mortar Smooth": 0.3,
            "Brick Width": size[0],
            "Row Height": size[1],
        }
        node = self.add("TexBrick", inputs, {"offset": offset, "squash": 1.0})
        return node.outputs["Color"], node.outputs["Fac"]

    def bump(self, height: Socket, depth_m: float, strength: float = 1.0) -> Socket:
        inputs = {"Height": height, "Distance": depth_m, "Strength": strength}
        return self.add("Bump", inputs).outputs[0]
