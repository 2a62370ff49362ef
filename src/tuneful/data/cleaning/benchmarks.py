"""Rows that share runs of 13 words with a benchmark (Brown et al. 2020, arXiv:2005.14165)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.arrow import pyarrow
from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.faults.contamination import WORDS, read_benchmark, shared
from tuneful.data.rows import texts_of
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class BenchmarksConfig(PartConfig):
    """Settings of benchmarks."""

    name: Literal["benchmarks"] = Field(default="benchmarks", description="Which step.")
    sources: list[str] = Field(
        min_length=1, description="Benchmarks, each a source as in data.source; all their texts."
    )
    words: int = Field(
        default=WORDS, ge=5, description="So many words in a row in both are contamination."
    )


class Benchmarks:
    """Leave rows out that share runs of words with a benchmark."""

    Config: ClassVar[type[BenchmarksConfig]] = BenchmarksConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: BenchmarksConfig) -> None:
        self._words = config.words
        self._known = read_benchmark(config.sources, config.words)

    def why_out(self, row: Row) -> str:
        """How much of the row a benchmark has."""
        pa = pyarrow()
        share = shared(pa.array(list(texts_of(row)), pa.string()), self._known, self._words).max()
        return f"{share:.0%} of its runs of {self._words} words are a benchmark's" if share else ""
