"""Read a recipe, with values set on top of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from tuneful.core.errors import RecipeError, UnknownName
from tuneful.recipe.explain import explain, explain_name
from tuneful.recipe.parts import TABLES
from tuneful.recipe.text import Lines, read, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)


def load(schema: type[M], path: Path, overrides: Sequence[str] = ()) -> M:
    """Read and check a recipe file, with `key.path=value` overrides applied on top.

    Raises:
        RecipeError: The file is missing, is no YAML, or does not fit the schema. Names the line and
            the key and, for a misspelt one, the likely intention.
    """
    tree, lines = read(path)
    if not tree.get("name"):
        tree["name"] = path.stem
    changes = [assignment(override) for override in overrides]
    for key, value in changes:
        put(tree, key, value)
    return check(schema, tree, replace(lines, overridden=tuple(key for key, _ in changes)))


def check(schema: type[M], tree: dict[str, Any], lines: Lines | None = None) -> M:
    """Check plain values as if they stood in a file.

    Raises:
        RecipeError: They do not fit the schema.
    """
    try:
        return schema.model_validate(tree)
    except UnknownName as error:
        raise explain_name(error, tree, lines) from None
    except ValidationError as error:
        raise explain(schema, error, tree, lines) from None


def assignment(override: str) -> tuple[str, Any]:
    """The key and the value of `key.path=value`; the value is read as YAML.

    Raises:
        RecipeError: There is no "=", or the value is no YAML.
    """
    key, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(
            f"--set {override} has no '='.", where="--set", fix="--set train.learning_rate=2e-4"
        )
    return key.strip(), value_of(text)


def set_value(tree: dict[str, Any], override: str) -> None:
    """Apply `key.path=value` to a tree of sections.

    Raises:
        RecipeError: There is no "=", the value is no YAML, or a parent on the path is no section.
    """
    put(tree, *assignment(override))


def put(tree: dict[str, Any], path: str, value: object) -> None:
    """Set a dotted key in a tree of sections. A part given by its bare name becomes a mapping.

    Raises:
        RecipeError: A parent on the path is no section.
    """
    *parents, last = path.split(".")
    for depth, name in enumerate(parents, 1):
        below = tree.get(name)
        if isinstance(below, str) and ".".join(parents[:depth]) in TABLES:
            below = {"name": below}
        if below is None:
            below = {}
        if not isinstance(below, dict):
            raise RecipeError(
                f"{path} cannot be set: {name} is {below!r}, not a section.",
                where=path,
                fix=f"Set {name} itself, or a key that exists.",
            )
        tree[name] = cast("dict[str, Any]", below)
        tree = tree[name]
    tree[last] = value
