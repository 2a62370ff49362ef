"""What is wrong with a recipe, where, and what to write instead."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import RecipeError
from tuneful.recipe.parts import PartConfig
from tuneful.recipe.sections import field_at, homes, section_at
from tuneful.recipe.synonyms import answer, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel, ValidationError

    from tuneful.core.errors import UnknownName
    from tuneful.recipe.text import Lines

    Fault = Mapping[str, Any]  # pydantic's: type, loc, msg, input

Key = tuple[str, ...]
REFERENCE = "See docs/reference/recipe.md."


def explain(
    schema: type[BaseModel], error: ValidationError, tree: dict[str, Any], lines: Lines | None
) -> RecipeError:
    """The first fault, unknown keys before missing ones: they are often the same misspelling."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    keys = [_key_of(fault, tree) for fault in faults]
    fault, key = faults[0], keys[0]
    if fault["type"] == "extra_forbidden":
        text, fix = _unknown(schema, key, tree)
    else:
        fix = _hint(schema, key, tree)
        same = [other for other, at in zip(faults, keys, strict=True) if at == key]
        text = _wrong(key, same)
    more = len(set(keys)) - 1
    return RecipeError(
        f"{text} ({more} more)" if more else text, where=place_of(key, lines), fix=fix
    )


LISTED_AT: dict[str, Key] = {"cleaner": ("data", "clean"), "augmenter": ("data", "augment")}
"""Where lists of parts stand whose table has another name."""


def explain_name(error: UnknownName, tree: dict[str, Any], lines: Lines | None) -> RecipeError:
    """A part that does not exist. The error's place is the section that names it."""
    key = LISTED_AT.get(error.where, tuple(error.where.split(".")))
    if isinstance(_value_at(tree, key), dict):
        key = (*key, "name")
    fix = named(str(_value_at(tree, key)), error.where) or error.fix
    return RecipeError(error.message, where=place_of(key, lines), fix=fix)


def place_of(key: Key, lines: Lines | None) -> str:
    """File, line and key, as far as they are known."""
    return lines.of_key(key) if lines else ".".join(key) or "the recipe"


def _value_at(tree: dict[str, Any], key: Key) -> object:
    """What a path of keys leads to; None where it ends early."""
    value: object = tree
    for name in key:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, object]", value).get(name)
    return value


def _key_of(fault: Fault, tree: dict[str, Any]) -> Key:
    """The keys that lead to the fault, without the names pydantic gives to members of a union."""
    key: list[str] = []
    value: object = tree
    for part in fault["loc"]:
        if isinstance(value, dict) and part in value:
            value = cast("dict[Any, Any]", value)[part]
        elif isinstance(value, list) and isinstance(part, int):
            value = cast("list[Any]", value)[part]
        elif fault["type"] != "missing":
            continue
        key.append(str(part))
    return tuple(key)


def _wrong(key: Key, faults: Sequence[Fault]) -> str:
    """What a value is and what it should be, with the reasons of all members of a union."""
    name = ".".join(key) or "The recipe"
    if faults[0]["type"] == "missing":
        return f"The recipe lacks {name!r}."
    found = faults[0]["input"]
    shown = "a mapping" if isinstance(found, dict) else "empty" if found is None else repr(found)
    first, *others = dict.fromkeys(_reason(fault) for fault in faults)
    rest = [reason.removeprefix("input should be ") for reason in others]
    return f"{name} is {shown}: {', or '.join([first, *rest])}."


def _reason(fault: Fault) -> str:
    if fault["type"] in {"model_type", "dict_type"}:
        return "it takes keys and values of its own"
    reason = fault["msg"].removeprefix("Value error, ")
    return reason[:1].lower() + reason[1:]


def _hint(schema: type[BaseModel], key: Key, tree: dict[str, Any]) -> str:
    """What the key is for; of a section, the keys it takes."""
    field = field_at(schema, key, tree)
    if field and field.description:
        return field.description
    section = section_at(schema, key, tree)
    return f"Its keys: {', '.join(section.model_fields)}." if section else REFERENCE


def _unknown(schema: type[BaseModel], key: Key, tree: dict[str, Any]) -> tuple[str, str]:
    """An unknown key, and the likely intention."""
    *above, name = key
    section = section_at(schema, tuple(above), tree)
    place = f"Section {'.'.join(above)}" if above else "A recipe"
    if section and issubclass(section, PartConfig):
        given: Any = _value_at(tree, tuple(above))
        place = f"{above[-1].capitalize()} {given['name']!r}"
    own = list(section.model_fields) if section else []
    return f"{place} has no key {name!r}.", _instead(schema, tuple(above), name, own)


def _instead(schema: type[BaseModel], above: Key, name: str, own: list[str]) -> str:
    """What to write for an unknown key: the surest guess first."""
    known = answer(name, ".".join(above))
    if known:
        return known
    if close := get_close_matches(name, own, n=1, cutoff=0.8):
        return f"Did you mean {close[0]!r}?"
    # The first home of a word is the highest one.
    elsewhere = dict(reversed([*homes(schema)]))
    if name in elsewhere:
        return f"It stands elsewhere: {elsewhere[name]}"
    if close := get_close_matches(name, own, n=1):
        return f"Did you mean {close[0]!r}?"
    if close := get_close_matches(name, list(elsewhere), n=1, cutoff=0.8):
        return f"Did you mean {elsewhere[close[0]]!r}?"
    return f"Keys here: {', '.join(own)}." if own else REFERENCE
