"""Let a model translate texts into another language and back.

Source: Yu et al. 2018 (QANet), arXiv:1804.09541, section 3; Xie et al. 2020 (UDA),
        arXiv:1904.12848, whose translations into the other language are drawn. Here the way there
        is drawn by `temperature`, `samples` times, and the way back takes the likeliest tokens.
Cost: two questions for each version; with `check: judge` one more for each row made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import EDITABLE
from tuneful.data.rewriting import Question, TaughtConfig, asked_for, rewritten, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Material, Try
    from tuneful.data.message import Turns
    from tuneful.data.rewriting import Version

ASKED = (
    "Translate the text below into {language}. Keep its meaning and its tone; keep names and "
    "numbers. Do not answer it and do not comment on it."
)


class BackTranslateConfig(TaughtConfig):
    """Settings of translating there and back."""

    name: Literal["back_translate"] = Field(
        default="back_translate", description="Into another language and back."
    )
    through: str = Field(default="German", min_length=1, description="The other language.")
    language: str = Field(default="English", min_length=1, description="The rows' own.")


class BackTranslate:
    """Rows as they come back from another language."""

    Config: ClassVar[type[BackTranslateConfig]] = BackTranslateConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Yu et al. 2018, arXiv:1804.09541"
    changes: ClassVar[str] = "wording"

    def __init__(self, config: BackTranslateConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows that were translated there and back."""
        config = self.config
        ways = f"to {config.through}", f"to {config.language}"

        def versions(texts: list[str], progress: tuple[int, int]) -> list[list[Version]]:
            there = Question(
                ways[0],
                _asked(texts, config.through, config.shape),
                config.max_new_tokens,
                config.temperature,
                config.samples,
                progress,
            )
            found = [
                [version_of(said, config.shape) for said in row]
                for row in material.replies(config, there)
            ]
            arrived = [one.text for row in found for one in row if not one.why]
            back = Question(
                ways[1], _asked(arrived, config.language, config.shape), config.max_new_tokens
            )
            replies = iter(material.replies(config, back) if arrived else [])
            return [
                [one if one.why else _returned(version_of(next(replies)[0], config.shape), one)
                 for one in row]
                for row in found
            ]  # fmt: skip

        return rewritten(material, config, ways, draw, versions)


def _asked(texts: list[str], language: str, shape: str) -> list[Turns]:
    return [asked_for(ASKED.format(language=language), text, shape) for text in texts]


def _returned(back: Version, there: Version) -> Version:
    return replace(back, through=there.text)
