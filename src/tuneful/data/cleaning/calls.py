"""Rows whose calls do not fit the schemas of what they call."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.calls import wrong_call
from tuneful.data.rows import Chat
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class CallsConfig(PartConfig):
    """Settings of calls."""

    name: Literal["calls"] = Field(default="calls", description="Which step.")


class Calls:
    """Leave rows out that call tools with arguments their schemas refuse."""

    Config: ClassVar[type[CallsConfig]] = CallsConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: CallsConfig) -> None:
        del config

    def why_out(self, row: Row) -> str:
        """What is wrong with the first call that does not fit."""
        return wrong_call(row.messages, row.tools) if isinstance(row, Chat) else ""
