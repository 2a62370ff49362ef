"""Runs of words that training texts share with a benchmark: what was learned cannot be measured.

A run of 13 words in both is contamination, as in GPT-3 (Brown et al. 2020, arXiv:2005.14165,
appendix C); words are compared without case and punctuation. Benchmark texts of fewer words have no
run: they are counted, so that nobody takes silence for proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.events import ignore
from tuneful.data.arrow import pyarrow
from tuneful.data.copies.shingles import grams
from tuneful.data.reading.records import Record
from tuneful.data.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.arrow import Array

WORDS = 13
TEXTS_AT_ONCE = 1000


@dataclass(frozen=True)
class Benchmark:
    """Runs of words of some sources.

    Attributes:
        hash_S: One 64-bit hash each, ascending.
        num_texts: Texts that were read.
        num_short: Of these, texts that are too short to have a run.
    """

    hash_S: NDArray[np.uint64]
    num_texts: int
    num_short: int


def read_benchmark(sources: Sequence[str], words: int = WORDS) -> Benchmark:
    """Hash every text in every column of the sources.

    Raises:
        DataError: One cannot be found, or a row cannot be read.
    """
    import numpy as np

    hashes = [np.zeros(0, np.uint64)]
    num_texts = num_short = 0
    for texts in _batches(sources):
        found = grams(texts, words)
        hashes.append(np.unique(found.hash_S))
        num_texts += len(texts)
        num_short += len(texts) - len(np.unique(found.text_S))
    return Benchmark(np.unique(np.concatenate(hashes)), num_texts, num_short)


def shared(texts: Array, known: Benchmark, words: int = WORDS) -> NDArray[np.float64]:
    """Of each text the share of its runs that a benchmark has; 0 for a text without runs."""
    import numpy as np

    found = grams(texts, words)
    place_S = np.searchsorted(known.hash_S, found.hash_S)
    is_known_S = np.zeros(len(found.hash_S), np.bool_)
    inside = place_S < len(known.hash_S)
    is_known_S[inside] = known.hash_S[place_S[inside]] == found.hash_S[inside]
    total_T = np.bincount(found.text_S, minlength=len(texts))
    return np.bincount(found.text_S, is_known_S, minlength=len(texts)) / np.maximum(1, total_T)


def _batches(sources: Sequence[str]) -> Iterator[Array]:
    pa = pyarrow()
    waiting: list[str] = []
    for source in sources:
        for record in open_source(source, ignore).read():
            if not isinstance(record, Record):
                raise record.error()
            waiting += _texts(record.values)
            if len(waiting) >= TEXTS_AT_ONCE:
                yield pa.array(waiting, pa.string())
                waiting = []
    if waiting:
        yield pa.array(waiting, pa.string())


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep; numbers and single words are none."""
    if isinstance(value, str) and len(value.split()) > 1:
        yield value
    elif isinstance(value, dict):
        for inner in cast("dict[str, Any]", value).values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _texts(inner)
