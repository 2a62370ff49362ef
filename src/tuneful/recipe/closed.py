"""What every section of a recipe is made of: frozen, closed, exact in its numbers."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Closed(BaseModel):
    """Values that do not change, under keys that are known.

    A truth is no number, though Python counts with it: `epochs: true` is a slip, not 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _number(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool):
            kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
            if bool not in kinds and kinds & {int, float}:
                raise ValueError("input should be a number")
        return value


def _kinds(annotation: object) -> set[object]:
    """The types that an annotation is made of."""
    return {annotation}.union(*map(_kinds, get_args(annotation)))
