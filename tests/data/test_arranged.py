"""Splits by content, by group and by time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuneful.core.errors import DataError, RecipeError
from tuneful.core.store import Store
from tuneful.data.dataset import SPLITS, Dataset
from tuneful.data.formats.base import BadValue
from tuneful.data.prepare import prepare
from tuneful.data.splitting.arranged import content_hash, joined, leave_out_copies, moment
from tuneful.data.splitting.divide import TEST, TRAIN, UNUSED, VALIDATION
from tuneful.recipe.schema import Recipe

WORDS = [
    "plot",
    "actor",
    "scene",
    "light",
    "sound",
    "music",
    "camera",
    "script",
    "ending",
    "pace",
    "tone",
    "colour",
]


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Texts that are no copies of each other, with an author of several and a day each."""
    made: list[dict[str, Any]] = []
    for number in range(start, start + count):
        draw = np.random.Generator(np.random.PCG64(number))
        text = " ".join(draw.choice(WORDS, 12)) + f" {number}"
        day = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}"
        made.append({"text": text, "label": "ab"[number % 2], "by": number % 17, "day": day})
    return made


def prepared(folder: Path, content: list[dict[str, Any]], **data: Any) -> Dataset:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    asked = {"model": "m", "method": "classify", "data": {"source": str(file), **data}}
    return prepare(Recipe.make(asked), Store(folder / "store"))


def sides(data: Dataset) -> dict[str, str]:
    return {row["text"]: split for split in SPLITS for row in data.records(split)}


def test_rows_added_never_move_an_old_row_across(tmp_path: Path):
    copies = [{**row, "text": row["text"].upper()} for row in rows(20)]
    near = [{**row, "text": row["text"] + " again"} for row in rows(40)]
    before = sides(prepared(tmp_path, rows(400), split={"stable": True, "test": 0.2}))
    grown = [*rows(50, 1000), *near, *rows(400), *copies]
    after = sides(prepared(tmp_path, grown, split={"stable": True, "test": 0.2}))
    assert sum(after.get(text, side) != side for text, side in before.items()) == 0
    counts = [list(before.values()).count(split) for split in SPLITS]
    assert counts[0] > 250
    assert 55 < counts[2] < 105  # a fifth, give or take three standard deviations of 8


def test_a_number_of_rows_keeps_sides_and_another_seed_does_not(tmp_path: Path):
    asked: dict[str, Any] = {"split": {"stable": True}, "take": {"train": 100, "test": 20}}
    few = sides(prepared(tmp_path, rows(400), **asked))
    more = sides(prepared(tmp_path, rows(600), **asked))
    assert list(few.values()).count("train") == 100
    assert all(more.get(text, side) == side for text, side in few.items())
    whole = sides(prepared(tmp_path, rows(400), split={"stable": True}))
    assert all(whole[text] == side for text, side in few.items())


def test_shares_are_what_a_stable_split_has(tmp_path: Path):
    with pytest.raises(RecipeError, match="has shares") as caught:
        prepared(tmp_path, rows(50), split={"stable": True, "test": 10})
    assert "data.take.test" in caught.value.fix


@pytest.mark.parametrize("stable", [False, True])
def test_a_groups_rows_stand_on_one_side(tmp_path: Path, *, stable: bool):
    content = rows(340)
    author = {row["text"]: row["by"] for row in content}
    split = {"group": "by", "stable": stable, "test": 0.3, "validation": 0.2}
    found = sides(prepared(tmp_path, content, split=split))
    seen: dict[Any, set[str]] = {}
    for text, side in found.items():
        seen.setdefault(author[text], set()).add(side)
    assert len(found) == 340
    assert all(len(where) == 1 for where in seen.values())
    assert {"train", "test"} <= set(found.values())


def test_the_newest_rows_are_tested(tmp_path: Path):
    content = rows(100)
    day = {row["text"]: row["day"] for row in content}
    found = sides(prepared(tmp_path, content, split={"time": "day"}))
    last = {side: max(day[t] for t, s in found.items() if s == side) for side in SPLITS}
    first = {side: min(day[t] for t, s in found.items() if s == side) for side in SPLITS}
    assert last["train"] <= first["validation"] <= last["validation"] <= first["test"]
    assert [list(found.values()).count(split) for split in SPLITS] == [80, 10, 10]


def test_copies_of_measured_rows_are_left_out_and_listed(tmp_path: Path):
    content = rows(100)
    newest = max(content, key=lambda row: row["day"])
    content.append({**newest, "text": newest["text"].upper(), "day": "2020-01-01"})
    data = prepared(tmp_path, content, split={"time": "day"})
    assert newest["text"].upper() not in sides(data)
    assert "left-out" in {finding.code for finding in data.report().findings}


@pytest.mark.parametrize(
    ("split", "change", "said"),
    [
        ({"time": "day"}, {"day": "yesterday"}, "is no time"),
        ({"time": "when"}, {}, "no such column"),
        ({"group": "by"}, {"by": None}, "no value"),
    ],
)
def test_a_row_that_cannot_be_placed_is_named(
    split: dict[str, Any], change: dict[str, Any], said: str, tmp_path: Path
):
    content = rows(30)
    content[6] |= change
    with pytest.raises(DataError, match=said) as caught:
        prepared(tmp_path, content, split=split)
    assert ("row 7" if change else "row 1") in caught.value.where


@pytest.mark.parametrize(
    "data",
    [
        {"split": {"time": "day", "stable": True}},
        {"split": {"time": "day", "group": "by"}},
        {"split": {"stable": True}, "take": {"order": "first"}},
    ],
)
def test_two_ways_to_divide_are_refused(data: dict[str, Any], tmp_path: Path):
    with pytest.raises(RecipeError, match="out"):
        prepared(tmp_path, rows(30), **data)


def test_moments():
    assert moment("1970-01-01T01:00:00+01:00") == 0
    assert moment(12) == 12
    assert moment("3.5") == 3.5
    with pytest.raises(BadValue):
        moment("soon")


def test_groups_are_joined_by_copies_and_by_value_alike():
    group = np.array([0, 1, 1, 3, 4], np.int32)
    mark = np.array([7, 7, 8, 9, 9], np.uint64)
    used = np.array([True, True, True, True, False])
    assert joined(group, mark, used).tolist() == [0, 0, 0, 3, 4]


def test_what_is_measured_has_no_copy_elsewhere():
    split = np.array([TRAIN, TEST, VALIDATION, TRAIN, VALIDATION, TRAIN], np.int8)
    group = np.array([0, 0, 0, 3, 3, 5], np.int32)
    kept = leave_out_copies(split, group).tolist()
    assert kept == [UNUSED, TEST, UNUSED, UNUSED, VALIDATION, TRAIN]


def test_case_and_spaces_are_no_other_content():
    assert content_hash("A  Film ") == content_hash("a film") != content_hash("a filmy")
