"""Copies: the same text but for case and spaces, and texts that share their word 3-shingles."""

from __future__ import annotations

import random
import re
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tuneful.core.events import ignore
from tuneful.data.copies import groups
from tuneful.data.copies.groups import THRESHOLD, Copies, find_copies
from tuneful.data.copies.minhash import BANDS, bands
from tuneful.data.copies.shingles import shingle
from tuneful.data.copies.union import Union

WORDS = [f"w{number}" for number in range(400)]


@pytest.fixture
def find(tmp_path: Path):
    """Group texts as if they had been staged, a few rows a batch."""

    def find(
        texts: list[str], *, near: bool = True, unused: tuple[int, ...] = (), rows: int = 7
    ) -> Copies:
        path, columns = tmp_path / "rows.arrow", pa.schema([("key", pa.string())])
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, columns) as writer:
            for begin in range(0, len(texts), rows):
                part = {"key": texts[begin : begin + rows]}
                writer.write_batch(pa.RecordBatch.from_pydict(part, schema=columns))
        used_N = np.ones(len(texts), np.bool_)
        used_N[list(unused)] = False
        return find_copies(path, used_N, near=near, listener=ignore)

    return find


@cache
def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The definition, word by word."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))


def jaccard(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def with_near_copies(seed: int, count: int = 110) -> list[str]:
    """Random texts, each with up to three versions in which up to four words are others."""
    draw, texts = random.Random(seed), list[str]()
    for _ in range(count):
        words = draw.choices(WORDS, k=draw.randint(8, 80))
        texts.append(" ".join(words))
        for _ in range(draw.randint(0, 3)):
            changed = list(words)
            for _ in range(draw.randint(0, 4)):
                changed[draw.randrange(len(changed))] = draw.choice(WORDS)
            texts.append(" ".join(changed))
    draw.shuffle(texts)
    return texts


# -- the same but for case and spaces ------------------------------------------------------------


def test_case_and_spaces_do_not_make_another_text(find):
    texts = ["A fine  film.", "another", "a fine film.", "\ta Fine\nfilm. ", "a fine film!"]
    copies = find(texts, near=False)
    assert copies.group_N.tolist() == [0, 1, 0, 0, 4]
    assert (copies.num_exact, copies.num_near) == (2, 0)


def test_a_group_is_named_by_its_first_row_wherever_the_others_stand(find):
    texts = [f"text number {n % 20} of many" for n in range(60)]
    copies = find(texts, near=False)
    assert copies.group_N.tolist() == [n % 20 for n in range(60)]
    assert copies.num_exact == 40


def test_rows_that_are_not_used_belong_to_no_group(find):
    copies = find(["same", "same", "same", "other"], unused=(0, 3))
    assert copies.group_N.tolist() == [0, 1, 1, 3]
    assert copies.num_exact == 1


def test_empty_texts_are_copies_of_one_another(find):
    assert find(["", "a", "  ", "b", ""]).group_N.tolist() == [0, 1, 0, 3, 0]


# -- nearly the same -----------------------------------------------------------------------------


def test_eleven_words_with_another_last_one_are_near_and_ten_are_not(find):
    def pair(count: int) -> list[str]:
        return [" ".join([*WORDS[: count - 1], last]) for last in ("one", "other")]

    assert jaccard(*pair(11)) == THRESHOLD  # 8 of 10 shingles are shared
    assert jaccard(*pair(10)) == pytest.approx(7 / 9)
    assert find(pair(11)).group_N.tolist() == [0, 0]
    assert find(pair(11)).num_near == 1
    assert find(pair(10)).group_N.tolist() == [0, 1]
    assert find(pair(11), near=False).group_N.tolist() == [0, 1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_near_copies_are_those_that_every_pair_compared_would_give(find, seed: int):
    texts = with_near_copies(seed)
    pairs = {(a, b): jaccard(texts[a], texts[b]) for a, b in combinations(range(len(texts)), 2)}
    near = [pair for pair, similarity in pairs.items() if similarity >= THRESHOLD]
    assert len(near) > 50
    assert sum(0.6 <= similarity < THRESHOLD for similarity in pairs.values()) > 20
    group_N = find(texts).group_N
    recall = sum(group_N[a] == group_N[b] for a, b in near) / len(near)
    assert recall >= 0.95
    linked = Union(len(texts))
    for one, other in near:
        linked.join(one, other)
    roots = linked.roots()
    grouped = [(a, b) for a, b in pairs if group_N[a] == group_N[b]]
    assert [pair for pair in grouped if roots[pair[0]] != roots[pair[1]]] == []


def test_texts_that_share_most_words_with_all_others_do_not_hide_the_near_ones(find):
    draw = random.Random(4)
    letterhead = draw.choices(WORDS, k=70)
    texts = [" ".join(letterhead + draw.choices(WORDS, k=30)) for _ in range(150)]
    texts += [f"{text} ps" for text in texts[:40]]
    group_N = find(texts).group_N
    assert (group_N[150:] == np.arange(40)).mean() >= 0.95
    assert group_N[:150].tolist() == list(range(150))


def test_parts_of_a_band_give_what_the_whole_gives(find, monkeypatch: pytest.MonkeyPatch):
    texts = with_near_copies(5, count=60)
    whole = find(texts, rows=1000)
    monkeypatch.setattr(groups, "PART_OF_BAND", 20)
    monkeypatch.setattr(groups, "CHUNK", 33)
    parts = find(texts, rows=3)
    assert parts.group_N.tolist() == whole.group_N.tolist()
    assert (parts.num_exact, parts.num_near) == (whole.num_exact, whole.num_near)


def test_texts_without_a_word_are_copies_only_if_they_are_the_same(find):
    signs = [":)", ":(", "!!!", "???", ":)", "..."]
    assert find(signs).group_N.tolist() == [0, 1, 2, 3, 0, 5]
    assert find(signs * 30, rows=1).num_near == 0


def test_short_texts_are_near_only_if_their_words_are_the_same(find):
    texts = ["good", "good!", "bad", "very good", "very, good", "good very", "a b c", "a b d"]
    assert find(texts).group_N.tolist() == [0, 0, 2, 3, 3, 5, 6, 7]


def test_punctuation_does_not_make_another_text(find):
    plain = " ".join(WORDS[:20])
    curly = "\u201c" + plain.replace(" ", " \u2013 ", 3) + "\u201d\u2026"
    assert find([plain, curly]).group_N.tolist() == [0, 0]


def test_texts_without_spaces_between_words_are_compared_by_characters(find):
    draw = random.Random(6)
    text = "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(60))
    other = "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(60))
    changed = text[:30] + other[30] + text[31:]
    assert find([text, other, changed]).group_N.tolist() == [0, 1, 0]


def test_texts_longer_than_what_is_worked_on_at_once_are_compared_whole(find):
    draw = random.Random(7)
    words = [f"word{draw.randrange(10**6)}" for _ in range(60_000)]
    long = " ".join(words)
    assert len(long) > 1 << 19
    other = " ".join([*words[:30_000], *reversed(words[30_000:])])
    assert find([long, "short one", other, long + " end"]).group_N.tolist() == [0, 1, 2, 0]


# -- shingles and signatures ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("?!", 0), ("one", 1), ("one two", 1), ("one two three", 1), ("a b c d e", 3)],
)
def test_a_text_has_two_shingles_less_than_words_but_at_least_one(text: str, count: int):
    assert len(shingle(pa.array([text])).hash_S) == count


def test_shingles_do_not_reach_from_one_text_into_the_next():
    together = shingle(pa.array(["a b", "", "c d e", "f"]))
    assert together.text_S.tolist() == [0, 2, 3]
    alone = [shingle(pa.array([text])).hash_S[0] for text in ("a b", "c d e", "f")]
    assert together.hash_S.tolist() == alone


def test_shingles_of_a_slice_are_those_of_its_texts():
    texts = pa.array(["skip this one", "a b c d", "e f g"])
    assert shingle(texts.slice(1)).hash_S.tolist() == shingle(texts.take([1, 2])).hash_S.tolist()


def test_bands_meet_about_as_often_as_the_texts_similarity_says():
    draw, met, expected = random.Random(8), 0, 0.0
    for _ in range(60):
        words = draw.choices(WORDS, k=60)
        changed = list(words)
        for at in draw.sample(range(60), 3):
            changed[at] = "x"
        first, second = " ".join(words), " ".join(changed)
        hash_TN = bands(shingle(pa.array([first, second])), 2)
        met += int((hash_TN[0] == hash_TN[1]).sum())
        expected += BANDS * jaccard(first, second) ** 5
    assert met == pytest.approx(expected, rel=0.15)


def test_joined_sets_are_named_by_their_smallest_member():
    union = Union(6)
    for one, other in [(5, 3), (4, 1), (3, 4), (1, 5)]:
        union.join(one, other)
    assert union.roots().tolist() == [0, 1, 2, 1, 1, 1]
    assert union.is_root().tolist() == [True, True, True, False, False, False]
    assert union.num_joined == 3
