"""The sections of a recipe's schema, with the parts that a recipe names in them."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import BaseModel

from tuneful.recipe.parts import PartConfig, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

Schema = type[BaseModel]


def section_at(schema: Schema, key: tuple[str, ...], tree: dict[str, Any]) -> Schema | None:
    """The section that a path of keys leads to; for method and adapter that of the part named."""
    section, value = schema, cast("object", tree)
    for depth, name in enumerate(key, 1):
        kind = _section_of(section.model_fields.get(name))
        if kind is None:
            return None
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
        is_part = issubclass(kind, PartConfig)
        section = _part(".".join(key[:depth]), value) if is_part else kind
    return section


def field_at(schema: Schema, key: tuple[str, ...], tree: dict[str, Any]) -> FieldInfo | None:
    """The field of a key, or the nearest one above it: that of `data.where` for one of its rows."""
    for end in range(len(key), 0, -1):
        section = section_at(schema, key[: end - 1], tree)
        field = section.model_fields.get(key[end - 1]) if section else None
        if field:
            return field
    return None


def homes(schema: Schema, above: str = "") -> Iterator[tuple[str, str]]:
    """Every key by its last word, and how it is written: by its path, or in the part it is for."""
    for name in schema.model_fields:
        yield name, f"{above}{name}"
    for name, field in schema.model_fields.items():
        kind = _section_of(field)
        if kind and issubclass(kind, PartConfig):
            yield from _homes_in_parts(f"{above}{name}")
        elif kind:
            yield from homes(kind, f"{above}{name}.")


def _homes_in_parts(section: str) -> Iterator[tuple[str, str]]:
    table = registry(section)
    for part in dict.fromkeys([*table.table, *table]):  # ours first, in the order we write them
        for word in table[part].Config.model_fields:
            if word != "name":
                yield word, f"{section}: {{name: {part}, {word}: ...}}"


def _section_of(field: FieldInfo | None) -> Schema | None:
    kind: Any = field.annotation if field else None
    options = get_args(kind)
    if options[1:] == (NoneType,):  # one that may be left out
        kind = options[0]
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _part(section: str, value: object) -> Schema:
    """The settings of the part that a value names; those of any part where it names none."""
    name = cast("dict[str, Any]", value).get("name") if isinstance(value, dict) else value
    table = registry(section)
    return table[name].Config if isinstance(name, str) and name in table else PartConfig
