"""Let a model say texts in other words.

Source: Kumar, Choudhary & Cho 2020, arXiv:2003.02245 (rows of a class from a pretrained model, left
        out where a classifier finds another class); Dai et al. 2023 (AugGPT), arXiv:2302.13007
        (a chat model rewrites each text into several).
Cost: one question for each version; with `check: judge` one more for each row made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import EDITABLE
from tuneful.data.rewriting import Question, TaughtConfig, asked_for, rewritten, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Material, Try
    from tuneful.data.rewriting import Version

ASKED = (
    "Say the text below in other words. Keep its meaning, its tone, its language and about its "
    "length; keep names and numbers. Do not answer it and do not comment on it."
)


class ParaphraseConfig(TaughtConfig):
    """Settings of paraphrasing."""

    name: Literal["paraphrase"] = Field(
        default="paraphrase", description="A model's other words for the same."
    )
    instruction: str = Field(
        default=ASKED, min_length=1, description="What is asked; shape and text follow it."
    )


class Paraphrase:
    """Rows in a model's words."""

    Config: ClassVar[type[ParaphraseConfig]] = ParaphraseConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Dai et al. 2023, arXiv:2302.13007"
    changes: ClassVar[str] = "wording"

    def __init__(self, config: ParaphraseConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows that say the same in other words."""
        config = self.config

        def versions(texts: list[str], progress: tuple[int, int]) -> list[list[Version]]:
            question = Question(
                "paraphrase",
                [asked_for(config.instruction, text, config.shape) for text in texts],
                config.max_new_tokens,
                config.temperature,
                config.samples,
                progress,
            )
            replies = material.replies(config, question)
            return [[version_of(said, config.shape) for said in row] for row in replies]

        return rewritten(material, config, ["paraphrase"], draw, versions)
