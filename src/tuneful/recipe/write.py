"""A recipe as a YAML file that a person would have written: what differs from the defaults."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.recipe.schema import Recipe

ALWAYS = ("version", "name", "model", "data", "method", "adapter", "seed")


def to_yaml(recipe: Recipe) -> str:
    """YAML with version, model, data, method and adapter, and every value that is not a default."""
    from ruamel.yaml import YAML

    tree = _differing(recipe)
    for name in ALWAYS:
        tree.setdefault(name, recipe.model_dump(mode="json")[name])
    tree = {name: tree[name] for name in type(recipe).model_fields if name in tree}
    for name in ("method", "adapter"):
        part = tree[name]
        if isinstance(part, dict) and set(cast("dict[str, Any]", part)) == {"name"}:
            tree[name] = part["name"]
    out = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096  # a long path or template stays on its line
    yaml.dump(_quoted(tree), out)  # pyright: ignore[reportUnknownMemberType]
    return out.getvalue()


def _quoted(node: Any) -> Any:
    """The same values, with text in double quotes that ruamel would write as a line's end."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(node, dict):
        pairs = cast("dict[str, Any]", node).items()
        return {_quoted(name): _quoted(value) for name, value in pairs}
    if isinstance(node, list):
        return [_quoted(value) for value in cast("list[Any]", node)]
    has_next_line = isinstance(node, str) and "\x85" in node
    return DoubleQuotedScalarString(node) if has_next_line else node


def _differing(section: BaseModel) -> dict[str, Any]:
    """Values that are not their field's default; parts keep their name."""
    tree: dict[str, Any] = {}
    dumped = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, PartConfig):
            below = {"name": value.name, **_differing(value)}
            if below != {"name": field.default}:
                tree[name] = value.name if len(below) == 1 else below
        elif isinstance(value, BaseModel):
            if below := _differing(value):
                tree[name] = below
        elif field.is_required() or value != field.get_default(call_default_factory=True):
            tree[name] = dumped[name]
    return tree
