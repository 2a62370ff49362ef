"""Rows of low quality, by the rules of Gopher (Rae et al. 2021, arXiv:2112.11446, table A1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.quality import broken_rule
from tuneful.data.judged import text_judged
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class QualityConfig(PartConfig):
    """Settings of quality."""

    name: Literal["quality"] = Field(default="quality", description="Which step.")


class Quality:
    """Leave rows out that repeat themselves or are hardly made of words."""

    Config: ClassVar[type[QualityConfig]] = QualityConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: QualityConfig) -> None:
        del config

    def why_out(self, row: Row) -> str:
        """The first rule that the text breaks."""
        broken = broken_rule(text_judged(row))
        return str(broken) if broken else ""
