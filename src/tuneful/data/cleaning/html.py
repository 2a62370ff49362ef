"""HTML taken out: tags, comments, scripts and entities; breaks and blocks become ends of lines."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import MENDS_MARKUP
from tuneful.data.faults.markup import strip_markup
from tuneful.recipe.parts import PartConfig


class HtmlConfig(PartConfig):
    """Settings of html."""

    name: Literal["html"] = Field(default="html", description="Which step.")


class Html:
    """Take HTML out; code between Markdown's marks stays as it is."""

    Config: ClassVar[type[HtmlConfig]] = HtmlConfig
    order: ClassVar[int] = MENDS_MARKUP
    hides: ClassVar[bool] = False

    def __init__(self, config: HtmlConfig) -> None:
        del config

    def mend(self, text: str) -> str:
        """The text as a reader of the page sees it."""
        return strip_markup(text) if "<" in text or "&" in text else text
