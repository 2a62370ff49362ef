"""Turns of conversations in an order that every template takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.turns import mend_order, order_of, wrong_order
from tuneful.data.rows import Chat
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class RolesConfig(PartConfig):
    """Settings of roles."""

    name: Literal["roles"] = Field(default="roles", description="Which step.")


class Roles:
    """Join neighbours by one speaker, put the system first, drop turns after the last answer."""

    Config: ClassVar[type[RolesConfig]] = RolesConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: RolesConfig) -> None:
        del config

    def mend_row(self, row: Row) -> Row:
        """The row with its turns in order."""
        if not isinstance(row, Chat) or not wrong_order(order_of(row.messages)):
            return row
        return replace(row, messages=mend_order(row.messages))

    def why_out(self, row: Row) -> str:
        """What is wrong with the order that could not be mended."""
        return wrong_order(order_of(row.messages)) if isinstance(row, Chat) else ""
