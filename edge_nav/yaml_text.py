"""Reading YAML that people and other programs wrote: whatever is wrong with it is one kind of error."""

from __future__ import annotations

from typing import Any

import yaml

MOST_BITS = 1000
"""Of a whole number: a larger one is no float, and cannot be shown."""


class NotYaml(ValueError):
    """A text that is no YAML, or holds what cannot be read. ``where`` is " in line N", empty where that is unknown."""

    def __init__(self, problem: str, where: str = "") -> None:
        super().__init__(problem)
        self.where = where


class Loader(yaml.SafeLoader):
    """SafeLoader that takes no name twice, where the last would count, and no whole number without end."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value[:60]} is there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        number = super().construct_yaml_int(node)
        if number.bit_length() > MOST_BITS:
            raise yaml.constructor.ConstructorError(None, None, "a number has too many digits", node.start_mark)
        return number


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)


def parse_yaml(text: str, loader: type[Loader] = Loader) -> Any:
    """What a text says. Raises NotYaml."""
    try:
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise NotYaml(getattr(e, "problem", None) or "it cannot be read", where) from e
    # A date that is none, a number without end, a tag on what it does not suit, brackets without end.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as e:
        raise NotYaml(f"it holds what YAML cannot read ({type(e).__name__})") from e
