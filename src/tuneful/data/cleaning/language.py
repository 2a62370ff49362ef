"""Rows in languages that are not wanted (py3langid, extra clean)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.language import language_of, require
from tuneful.data.judged import text_judged
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class LanguageConfig(PartConfig):
    """Settings of language."""

    name: Literal["language"] = Field(default="language", description="Which step.")
    keep: list[str] = Field(
        min_length=1, description="Languages that stay, as ISO 639-1 has them: [en, de]."
    )


class Language:
    """Leave rows out that are in other languages; short texts and texts in doubt stay."""

    Config: ClassVar[type[LanguageConfig]] = LanguageConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: LanguageConfig) -> None:
        require()
        self._kept = {"", *(code.lower() for code in config.keep)}

    def why_out(self, row: Row) -> str:
        """The language, where it is none of those that stay."""
        code = language_of(text_judged(row))
        return "" if code in self._kept else f"language {code}"
