"""Rows whose answers are meant as JSON and do not parse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.answers import broken_json, is_json
from tuneful.data.judged import answers_of
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class JsonConfig(PartConfig):
    """Settings of json."""

    name: Literal["json"] = Field(default="json", description="Which step.")
    every: bool = Field(
        default=False, description="Leave rows out as well whose answers are not meant as JSON."
    )


class Json:
    """Leave rows out whose answers begin as JSON and do not parse."""

    Config: ClassVar[type[JsonConfig]] = JsonConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: JsonConfig) -> None:
        self._every = config.every

    def why_out(self, row: Row) -> str:
        """Why the first answer that does not parse does not."""
        for text in answers_of(row):
            broken = broken_json(text)
            if broken:
                return broken
            if self._every and not is_json(text):
                return "the answer is no JSON"
        return ""
