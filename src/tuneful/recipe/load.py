"""Read a recipe, and say what to change where it is wrong."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from tuneful.core.errors import RecipeError, UnknownName
from tuneful.recipe.synonyms import answer
from tuneful.recipe.text import Lines, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
Key = tuple[str, ...]


def load(schema: type[M], path: Path, overrides: Sequence[str] = ()) -> M:
    """Read and check a recipe file, with `key.path=value` overrides applied on top.

    Raises:
        RecipeError: The file is missing, is no YAML, or does not fit the schema. Names the line and
            the key and, for a misspelt one, the likely intention.
    """
    tree, lines = read(path)
    if not tree.get("name"):
        tree["name"] = path.stem
    for override in overrides:
        set_value(tree, override)
    return check(schema, tree, lines)


def check(schema: type[M], tree: dict[str, Any], lines: Lines | None = None) -> M:
    """Check plain values as if they stood in a file.

    Raises:
        RecipeError: They do not fit the schema.
    """
    try:
        return schema.model_validate(tree)
    except UnknownName as error:
        place = lines.of_value(str(error.message)) if lines else ""
        raise RecipeError(error.message, where=place or "the recipe", fix=error.fix) from None
    except ValidationError as error:
        raise _explain(schema, error, lines) from None


def set_value(tree: dict[str, Any], override: str) -> None:
    """Apply `key.path=value`; the value is read as YAML.

    Raises:
        RecipeError: There is no "=", or a parent on the path is no section.
    """
    from tuneful.recipe.text import value_of

    path, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(
            f"--set {override} has no '='.", where="--set", fix="--set train.learning_rate=2e-4"
        )
    put(tree, path.strip(), value_of(text))


def put(tree: dict[str, Any], path: str, value: object) -> None:
    """Set a dotted key in a tree of sections. A part given by its bare name becomes a mapping."""
    *parents, last = path.split(".")
    for name in parents:
        below = tree.get(name)
        if isinstance(below, str) and name in {"method", "adapter"}:
            below = {"name": below}
        if below is None:
            below = {}
        if not isinstance(below, dict):
            raise RecipeError(
                f"{path} cannot be set: {name} is {below!r}, not a section.",
                where="--set",
                fix=f"Set {name} itself, or a key that exists.",
            )
        tree[name] = cast("dict[str, Any]", below)
        tree = tree[name]
    tree[last] = value


def _explain(schema: type[BaseModel], error: ValidationError, lines: Lines | None) -> RecipeError:
    """The first fault, unknown keys before missing ones: they are often the same misspelling."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    key = _key_of(fault)
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    where = (lines.of_key(key) if lines else "") or ".".join(key)
    if fault["type"] == "extra_forbidden":
        section = _section(schema, key[:-1])
        text, fix = _unknown(key, section, schema)
        return RecipeError(text + more, where=where, fix=fix)
    name = ".".join(key)
    if fault["type"] == "missing":
        return RecipeError(f"The recipe lacks {name!r}.{more}", where=where, fix=_hint(schema, key))
    found = fault["input"]
    shown = f"{found!r}" if not isinstance(found, dict) else "a mapping"
    reason = fault["msg"].removeprefix("Value error, ")
    return RecipeError(
        f"{name} is {shown}: {reason[0].lower()}{reason[1:]}.{more}",
        where=where,
        fix=_hint(schema, key),
    )


def _key_of(fault: ErrorDetails) -> Key:
    """The keys that lead to the fault, without the names pydantic gives to members of a union."""
    kinds = {"int", "float", "str", "bool", "literal['auto']", "literal['model']"}
    parts = [str(part) for part in fault["loc"]]
    return tuple(
        part
        for part in parts
        if part not in kinds and not part.startswith(("literal[", "constrained", "list[", "dict["))
    )


def _section(schema: type[BaseModel], key: Key) -> type[BaseModel] | None:
    """The section that a path of keys names."""
    section: type[BaseModel] = schema
    for name in key:
        field = section.model_fields.get(name)
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return None
        section = kind
    return section


def _unknown(key: Key, section: type[BaseModel] | None, schema: type[BaseModel]) -> tuple[str, str]:
    name = key[-1]
    place = f"Section {'.'.join(key[:-1])}" if key[:-1] else "A recipe"
    text = f"{place} has no key {name!r}."
    known = answer(name)
    if known:
        return text, known
    names = list(section.model_fields) if section else []
    close = get_close_matches(name, names, n=1)
    if close:
        return text, f"Did you mean {close[0]!r}?"
    elsewhere = [
        f"{part}.{name}"
        for part, field in schema.model_fields.items()
        if isinstance(field.annotation, type)
        and issubclass(field.annotation, BaseModel)
        and name in field.annotation.model_fields
    ]
    if elsewhere:
        return text, f"It belongs to another section: {elsewhere[0]}."
    return text, f"Keys here: {', '.join(names)}." if names else "See docs/reference/recipe.md."


def _hint(schema: type[BaseModel], key: Key) -> str:
    section = _section(schema, key[:-1])
    field = section.model_fields.get(key[-1]) if section and key else None
    return (field.description if field else None) or "See docs/reference/recipe.md."
