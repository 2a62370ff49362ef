"""The sections of a recipe that plug-ins fill, and where their tables stand.

The tables belong to higher floors, so they stand here by name and are imported only when a recipe
that names one of their parts is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tuneful.core.registry import Registry, load

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLES: Mapping[str, str] = {
    "method": "tuneful.methods:METHODS",
    "adapter": "tuneful.models.adapters:ADAPTERS",
}


class PartConfig(BaseModel):
    """A part's own settings. Frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Which part of its folder.")


def registry(section: str) -> Registry[Any]:
    """The table of parts that may fill a section ("method", "adapter")."""
    return cast("Registry[Any]", load(TABLES[section]))


def part(section: str) -> BeforeValidator:
    """Validate "name" or {"name": ..., settings} into that part's own settings."""

    def validate(value: object) -> PartConfig:
        if isinstance(value, PartConfig):
            return value
        settings = {"name": value} if isinstance(value, str) else value
        if not isinstance(settings, dict) or "name" not in settings:
            raise ValueError(f"a {section} is a name or a mapping with a name")
        known = cast("dict[str, Any]", settings)
        config = cast("type[PartConfig]", registry(section)[str(known["name"])].Config)
        return config.model_validate(known)

    return BeforeValidator(validate)
