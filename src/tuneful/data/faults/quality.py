"""Texts of low quality, by the rules of Gopher (Rae et al. 2021, arXiv:2112.11446, tables A1, A2).

Of its rules those that hold for any language and any length are used: the share of words with a
letter, the mean length of words, signs to words, lines that begin as list items or end in dots,
and repetition of lines and word n-grams. Rules of length (50 to 100,000 words) and of English stop
words are not: reviews, answers and other languages would fail them. Repetition is counted in texts
of 50 words and more, as by chance short ones repeat much; letters from 20 words and list items from
20 lines on, as an answer may be a sum or a list. Code between Markdown's marks is not judged.

A text of Chinese or Japanese has no words in this sense and is judged by its lines alone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_WORDS = 50
FEWEST_FOR_LETTERS = 20
FEWEST_LINES_OF_LIST = 20
MARK = re.compile(r"\d+[.)]|[^\w\s]{1,3}")
"""Numbers of lists, marks that stand apart, as tokenized texts have them: no words."""
CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
BULLETS = ("-", "*", "•", "\u2013")
DOTS = ("...", "…")
TOP_SHARES = {2: 0.20, 3: 0.18, 4: 0.16}
"""Most of the characters that the commonest n-gram of n words may fill."""
REPEATED_SHARES = {5: 0.15, 7: 0.13, 10: 0.10}
"""Most of the characters that n-grams which come twice or more may fill."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text broke: a rule's name, what was found and what may be."""

    name: str
    value: float
    most: float

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f}, not {self.most:g}"


def broken_rule(text: str) -> Rule | None:
    """The first rule that a text breaks; None for one of good quality."""
    text = CODE.sub("", text) if "```" in text else text
    parts = text.split()
    words = [part for part in parts if not MARK.fullmatch(part)]
    if len(parts) >= FEWEST_FOR_LETTERS and len(words) < len(parts) / 2:
        return Rule("words among signs", len(words) / len(parts), 0.5)
    if not words:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    broken = _of_lines(lines)
    if broken or UNSPACED.search(text):
        return broken
    return _of_words(words, text) or (_of_repetition(words) if len(words) >= FEWEST_WORDS else None)


def _of_words(words: Sequence[str], text: str) -> Rule | None:
    lettered = sum(word.isalpha() or any(map(str.isalpha, word)) for word in words) / len(words)
    length = sum(map(len, words)) / len(words)
    signs = (text.count("#") + text.count("...") + text.count("…")) / len(words)
    if len(words) >= FEWEST_FOR_LETTERS and lettered < 0.8:
        return Rule("words with a letter", lettered, 0.8)
    if len(words) >= FEWEST_WORDS and not 3 <= length <= 10:
        return Rule("mean length of words", length, 10)
    if length > 25:
        return Rule("mean length of words", length, 25)
    if signs > 0.1 and len(words) >= FEWEST_WORDS:
        return Rule("signs (# and ...) to words", signs, 0.1)
    return None


def _of_lines(lines: Sequence[str]) -> Rule | None:
    if len(lines) < 4:
        return None
    count, total = len(lines), sum(map(len, lines))
    seen = Counter(lines)
    again = sum(times - 1 for times in seen.values())
    filled = sum(len(line) * (times - 1) for line, times in seen.items())
    shares = (
        ("lines that repeat", again / count, 0.3),
        ("characters in lines that repeat", filled / total, 0.2),
        (
            "lines that begin as list items",
            sum(line.startswith(BULLETS) for line in lines) / max(count, FEWEST_LINES_OF_LIST),
            0.9,
        ),
        ("lines that end in dots", sum(line.endswith(DOTS) for line in lines) / count, 0.3),
    )
    return next((Rule(*share) for share in shares if share[1] > share[2]), None)


def _of_repetition(words: Sequence[str]) -> Rule | None:
    lower = [word.lower() for word in words]
    total = sum(map(len, lower))
    for size, most in TOP_SHARES.items():
        gram, times = Counter(zip(*(lower[at:] for at in range(size)), strict=False)).most_common(
            1
        )[0]
        filled = times * sum(map(len, gram)) / total
        if times > 2 and filled > most:
            return Rule(f"characters in the commonest {size} words", filled, most)
    for size, most in REPEATED_SHARES.items():
        filled = _repeated(lower, size) / total
        if filled > most:
            return Rule(f"characters in {size} words that repeat", filled, most)
    return None


def _repeated(words: Sequence[str], size: int) -> int:
    """Characters of words that stand in an n-gram which came before; each word counts once."""
    seen: set[tuple[str, ...]] = set()
    filled, counted = 0, 0
    for at in range(len(words) - size + 1):
        gram = tuple(words[at : at + size])
        if gram in seen:
            filled += sum(map(len, words[max(at, counted) : at + size]))
            counted = at + size
        seen.add(gram)
    return filled
