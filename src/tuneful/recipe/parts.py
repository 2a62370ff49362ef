"""The sections of a recipe that plug-ins fill, and where their tables stand.

The tables belong to higher floors, so they stand here by name and are imported only when a recipe
that names one of their parts is read.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, SerializeAsAny, WithJsonSchema

from tuneful.core.errors import UnknownName
from tuneful.core.registry import Registry, load
from tuneful.recipe.closed import Closed

# By the section's dotted key.
TABLES: dict[str, str] = {
    "method": "tuneful.methods:METHODS",
    "adapter": "tuneful.models.adapters:ADAPTERS",
    "train.optimizer": "tuneful.training.optimizers:OPTIMIZERS",
    "data.select": "tuneful.data.selecting:SELECTORS",
}
LISTED: dict[str, str] = {
    "grader": "tuneful.grading.graders:GRADERS",
    "cleaner": "tuneful.data.cleaning:CLEANERS",
    "augmenter": "tuneful.data.augmenting:AUGMENTERS",
}
"""Parts that a part's own settings list: {rewards: [{name: regex, ...}, ...]}."""


class PartConfig(Closed):
    """A part's own settings. Frozen, and closed to keys it does not know."""

    # Each part narrows it to its own name, which a plain str would not let it do.
    name: Any = Field(description="Which part of its folder.")


def registry(section: str) -> Registry[Any]:
    """The table of parts that may fill a section ("method", "train.optimizer")."""
    return cast("Registry[Any]", load((TABLES | LISTED)[section]))


def config_of(section: str, name: str) -> type[PartConfig]:
    """The settings' type of a part.

    Raises:
        UnknownName: The section's table has no such part; the error's place is the section.
    """
    try:
        return registry(section)[name].Config
    except UnknownName as error:
        raise UnknownName(error.message, where=section, fix=error.fix) from None


def part(section: str, *, may_lack: bool = False) -> BeforeValidator:
    """Validate "name" or {"name": ..., settings} into that part's own settings.

    Args:
        section: Whose table it is.
        may_lack: Let None pass.
    """

    def validate(value: object) -> PartConfig | None:
        if isinstance(value, PartConfig) or (value is None and may_lack):
            return value
        settings = {"name": value} if isinstance(value, str) else value
        names = ", ".join(registry(section))
        if not isinstance(settings, dict):  # ValueError: pydantic lets a TypeError through
            raise ValueError(f"it takes a name ({names}) or a mapping with a name")  # noqa: TRY004
        if "name" not in settings:
            raise ValueError(f"it lacks a name ({names})")
        known = cast("dict[str, Any]", settings)
        return config_of(section, str(known["name"])).model_validate(known)

    return BeforeValidator(validate)


GraderPart = Annotated[
    SerializeAsAny[PartConfig], part("grader"), WithJsonSchema({"part": "grader"})
]
"""A grader of a recipe: its name, or {name, settings}."""
