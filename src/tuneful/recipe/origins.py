"""Where each value of a recipe comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tuneful.recipe.load import assignment, put
from tuneful.recipe.parts import TABLES
from tuneful.recipe.text import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Written:
    """How a recipe was written: its text, and where each value came from.

    Attributes:
        text: The file as it stands, comments and all; empty where the recipe is not what it says.
        origins: Dotted keys to places, as `origins` returns them.
    """

    text: str = ""
    origins: Mapping[str, str] = field(default_factory=dict[str, str])

    def changed(self, changes: Mapping[str, Any]) -> Written:
        """With keys that a finding's mending set."""
        if not changes:
            return self
        return Written("", {**self.origins, **dict.fromkeys(changes, "--fix")})

    def of_all(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The origin of every value of a whole recipe: a place, or "default"."""
        return {key: self.origins.get(key, "default") for key in _keys(dict(values))}


def origins(path: Path, overrides: Sequence[str] = ()) -> dict[str, str]:
    """Dotted keys to "recipe.yaml:12" or "--set". A key that is not among them has its default.

    A method or adapter given by its bare name is its key `name`.

    Raises:
        RecipeError: The file cannot be read, or an override cannot be applied.
    """
    tree, lines = read(path)
    found = {key: lines.place(tuple(key.split("."))) for key in _keys(tree)}
    for override in overrides:
        changed, value = assignment(override)
        put(tree, changed, value)
        found = {key: place for key, place in found.items() if not _touches(changed, key)}
        found |= dict.fromkeys(_keys({changed: value}), "--set")
    return found


def _keys(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """The dotted keys of all values that are not sections themselves."""
    for name, value in tree.items():
        key = f"{above}{name}"
        if isinstance(value, dict) and value:
            yield from _keys(cast("dict[str, Any]", value), f"{key}.")
        else:
            yield f"{key}.name" if key in TABLES else key


def _touches(changed: str, key: str) -> bool:
    """Whether setting one key replaces the other or makes a section of it."""
    return f"{key}.".startswith(f"{changed}.") or changed.startswith(f"{key}.")
