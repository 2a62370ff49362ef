"""Rows by how surprising their answers are to the untuned model.

Source: Marion et al. 2023, arXiv:2309.04564, who keep the middle of the ranking by perplexity for
        pre-training data.
Rows:   Conversations or raw text, for a model that writes.
Cost:   one forward pass of each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Numbers


class PerplexityConfig(SelectConfig):
    """Settings of choosing by perplexity."""

    name: Literal["perplexity"] = Field(
        default="perplexity", description="How surprising the learned tokens are."
    )
    keep: Keep = Field(default="middle", description="middle: what the paper found best.")


class Perplexity:
    """Rank rows by the mean loss of their learned tokens, which orders them as perplexity does."""

    Config: ClassVar[type[PerplexityConfig]] = PerplexityConfig
    needs: ClassVar[tuple[Need, ...]] = ("losses",)
    paper: ClassVar[str] = "Marion et al. 2023, arXiv:2309.04564"

    def __init__(self, config: PerplexityConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The rows in the middle, or those that surprise most or least."""
        del draw
        assert features.loss_N is not None
        return ranked(features.loss_N, count, self.config.keep)
