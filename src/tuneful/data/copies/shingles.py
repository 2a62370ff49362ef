"""Texts as sets of hashed word 3-shingles: what nearness of texts is measured by.

A word is a run of letters, digits and underscores, in lower case; each Chinese or Japanese
character is a word. A text of one or two words is one shingle. Everything is computed on the
UTF-8 bytes of many texts at once; hashes do not change from run to run.

Shapes: B bytes, W words, S shingles of all texts together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tuneful.data.arrow import pyarrow

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.arrow import Array

    Hashes = NDArray[np.uint64]
    Numbers = NDArray[np.int64]

LONGEST_PIECE = 1 << 19
"""Bytes worked on at once: the arrays stay in the processor's cache, and memory stays flat."""


@dataclass(frozen=True)
class Shingles:
    """Hashed shingles of some texts, in the texts' order; a shingle may come twice.

    Attributes:
        hash_S: One 64-bit hash each.
        text_S: Number of the text it stands in, ascending from 0.
    """

    hash_S: Hashes
    text_S: Numbers


@dataclass(frozen=True)
class _Constants:
    """Fixed random numbers and tables for bytes."""

    is_word: NDArray[np.bool_]
    is_character: NDArray[np.bool_]
    place: Hashes
    turn: Hashes


@cache
def _constants() -> _Constants:
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(20141024))
    byte = np.arange(256)
    small, digit = (byte >= 97) & (byte <= 122), (byte >= 48) & (byte <= 57)
    is_word = small | digit | (byte == 95) | (byte >= 128)
    # Lead bytes of U+3000 to U+9FFF: scripts that put no spaces between words.
    is_character = (byte >= 0xE3) & (byte <= 0xE9)
    odd = draw.integers(0, 2**63, size=67, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return _Constants(is_word, is_character, odd[:64], odd[64:])


def shingle(texts: Array) -> Shingles:
    """Shingles of an Arrow array of strings without nulls."""
    return _in_pieces(texts, _of_bytes)


def words(texts: Array) -> Shingles:
    """Hashed words of an Arrow array of strings without nulls, in their order."""
    return _in_pieces(texts, lambda byte_B, offset_T: Shingles(*_words(byte_B, offset_T)))


def grams(texts: Array, size: int) -> Shingles:
    """Hashed runs of `size` words; a text with fewer words has none."""
    import numpy as np

    found = words(texts)
    count = max(0, len(found.hash_S) - size + 1)
    hash_S = np.zeros(count, np.uint64)
    for place in range(size):
        hash_S = mix(hash_S * np.uint64(0x9E3779B97F4A7C15) + found.hash_S[place : place + count])
    is_one_S = found.text_S[:count] == found.text_S[size - 1 : size - 1 + count]
    return Shingles(hash_S[is_one_S], found.text_S[:count][is_one_S])


def _in_pieces(texts: Array, hashed: Callable[[NDArray[np.uint8], Numbers], Shingles]) -> Shingles:
    import numpy as np

    pa = pyarrow()
    lower = pa.compute.utf8_lower(texts.cast(pa.large_string()))
    _, offsets, content = lower.buffers()
    offset_T = np.frombuffer(offsets, np.int64)[lower.offset :][: len(lower) + 1]
    byte_B = np.frombuffer(content, np.uint8) if content else np.zeros(0, np.uint8)
    pieces: list[Shingles] = []
    first = 0
    while first < len(lower):
        limit = int(offset_T[first]) + LONGEST_PIECE
        last = max(first + 1, int(np.searchsorted(offset_T, limit, side="right")) - 1)
        piece = byte_B[offset_T[first] : offset_T[last]]
        found = hashed(piece, offset_T[first : last + 1] - offset_T[first])
        pieces.append(Shingles(found.hash_S, found.text_S + first))
        first = last
    if len(pieces) == 1:
        return pieces[0]
    nothing = (np.zeros(0, np.uint64), np.zeros(0, np.int64))
    return Shingles(
        np.concatenate([nothing[0], *(piece.hash_S for piece in pieces)]),
        np.concatenate([nothing[1], *(piece.text_S for piece in pieces)]),
    )


def mix(hash_N: Hashes) -> Hashes:
    """Spread every bit over all 64 (SplitMix64's finalizer, Steele et al. 2014)."""
    import numpy as np

    hash_N = (hash_N ^ (hash_N >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hash_N = (hash_N ^ (hash_N >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hash_N ^ (hash_N >> np.uint64(31))


def _of_bytes(byte_B: NDArray[np.uint8], offset_T: Numbers) -> Shingles:
    import numpy as np

    word_W, text_W = _words(byte_B, offset_T)
    if not len(word_W):
        return Shingles(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    turn = _constants().turn
    second_W, third_W = np.zeros_like(word_W), np.zeros_like(word_W)
    has_second_W = np.zeros(len(word_W), np.bool_)
    has_third_W = np.zeros(len(word_W), np.bool_)
    has_second_W[:-1] = text_W[1:] == text_W[:-1]
    has_third_W[:-2] = text_W[2:] == text_W[:-2]
    second_W[:-1] = word_W[1:] * has_second_W[:-1]
    third_W[:-2] = word_W[2:] * has_third_W[:-2]
    is_first_W = np.concatenate([[True], text_W[1:] != text_W[:-1]])
    is_whole_W = has_third_W | (is_first_W & ~has_third_W)
    hash_W = mix(word_W * turn[0] + second_W * turn[1] + third_W * turn[2])
    return Shingles(hash_W[is_whole_W], text_W[is_whole_W])


def _words(byte_B: NDArray[np.uint8], offset_T: Numbers) -> tuple[Hashes, Numbers]:
    """Hash of each word, and the number of its text."""
    import numpy as np

    constants = _constants()
    is_word_B = constants.is_word[byte_B]
    if byte_B.size and byte_B.max() >= 128:
        is_word_B = is_word_B & ~_punctuation(byte_B)
    starts_B = is_word_B.copy()
    starts_B[1:] &= ~is_word_B[:-1] | constants.is_character[byte_B[1:]]
    begin_T = offset_T[:-1][offset_T[:-1] < len(byte_B)]
    starts_B[begin_T] |= is_word_B[begin_T]
    start_W = np.flatnonzero(starts_B)
    if not len(start_W):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    length_W = np.diff(start_W, append=len(byte_B))
    place_B = np.arange(int(start_W[0]), len(byte_B), dtype=np.int64)
    place_B -= np.repeat(start_W, length_W)
    product_B = byte_B[start_W[0] :].astype(np.uint64) * is_word_B[start_W[0] :]
    product_B *= constants.place[place_B & 63]
    word_W = mix(np.add.reduceat(product_B, start_W - start_W[0]))
    return word_W, np.searchsorted(offset_T, start_W, side="right") - 1


def _punctuation(byte_B: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Bytes of U+2000 to U+203F: curly quotes, dashes and special spaces."""
    import numpy as np

    lead_B = np.zeros(len(byte_B), np.bool_)
    lead_B[:-2] = (byte_B[:-2] == 0xE2) & (byte_B[1:-1] == 0x80)
    found_B = lead_B.copy()
    found_B[1:] |= lead_B[:-1]
    found_B[2:] |= lead_B[:-2]
    return found_B
