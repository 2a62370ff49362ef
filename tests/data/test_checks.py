"""Every finding: there where its fault was planted, silent on the clean twin."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.report import Finding, Level
from tuneful.core.store import Store
from tuneful.data.checks import CHECKS
from tuneful.data.checks.base import listed
from tuneful.data.dataset import Dataset
from tuneful.data.prepare import prepare
from tuneful.data.reading.seen import Runs
from tuneful.recipe.schema import Recipe

RowValues = dict[str, Any]
Prepare = Callable[..., Dataset]


@pytest.fixture
def ready(tmp_path: Path, store: Store) -> Prepare:
    """Prepare rows, written as csv where they are labelled and as JSON lines where not."""
    count = iter(range(100))

    def write(rows: list[RowValues], as_json: bool) -> Path:
        path = tmp_path / f"rows{next(count)}.{'jsonl' if as_json else 'csv'}"
        with path.open("w", newline="", encoding="utf-8") as file:
            if as_json:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            else:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return path

    def ready(rows: list[RowValues], *, test: list[RowValues] | None = None, as_json: bool = False,
              **data: Any) -> Dataset:  # fmt: skip
        data["source"] = str(write(rows, as_json))
        if test is not None:
            data["test_source"] = str(write(test, as_json))
        method = "classify" if "label" in rows[0] and "template" not in data else "sft"
        return prepare(Recipe.make({"model": "m", "data": data, "method": method}), store)

    return ready


def sound(count: int, start: int = 0) -> list[RowValues]:
    """Rows of two classes in turn, no text near another."""
    return [
        {"text": f"row {n} says word{n * 7} and thing{n * 13}", "label": "ab"[n % 2]}
        for n in range(start, start + count)
    ]


def by_label(rows: list[RowValues]) -> list[RowValues]:
    return sorted(rows, key=lambda row: row["label"])


def chats(count: int) -> list[RowValues]:
    return [
        {"prompt": f"what is thing{n} of {n * 3}", "completion": f"it {n}"} for n in range(count)
    ]


def grave(data: Dataset) -> list[str]:
    """Codes of warnings and errors."""
    return [f.code for f in data.report().findings if f.level > Level.NOTE]


def finding(data: Dataset, code: str) -> Finding:
    return next(finding for finding in data.report().findings if finding.code == code)


def test_sound_rows_of_either_kind_give_notes_alone(ready: Prepare):
    assert grave(ready(sound(100))) == []
    assert grave(ready(chats(100), as_json=True)) == []
    assert grave(ready(sound(100), test=sound(20, start=500))) == []


def test_every_check_is_in_the_table_and_gravest_findings_come_first(ready: Prepare):
    rows = sound(100) + [{"text": "", "label": "A"}] * 2
    levels = [finding.level for finding in ready(rows).report().findings]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] is Level.WARNING
    assert set(CHECKS) >= {"amounts", "classes", "copies", "format", "labels", "texts"}


# -- classes -------------------------------------------------------------------------------------

FIRST = {"take": {"train": 50, "test": 20, "order": "first"}, "split": {"validation": 0, "test": 0}}


def test_single_class_where_the_first_rows_of_a_sorted_source_are_taken(ready: Prepare):
    found = finding(ready(by_label(sound(200)), **FIRST), "single-class")
    assert found.level is Level.ERROR
    assert "all 50 train rows are 'a' and all 20 test rows are 'a'" in found.title
    assert "rows 1 to 100 are 'a'; rows 101 to 200 are 'b'" in found.evidence
    assert found.change == {"data.take.order": "random"}
    assert grave(ready(sound(200), **FIRST)) == []


def test_single_class_where_the_source_has_no_other(ready: Prepare):
    found = finding(ready([{**row, "label": "a"} for row in sound(60)]), "single-class")
    assert (found.level, found.change, found.where) == (Level.ERROR, {}, "data.source")
    assert "at least two classes" in found.fix


def test_label_sorted_where_the_splits_shares_differ(ready: Prepare):
    take = {"train": 110, "validation": 40, "order": "first"}
    split = {"validation": 0, "test": 0}
    found = finding(ready(by_label(sound(200)), take=take, split=split), "label-sorted")
    assert found.level is Level.ERROR
    assert "91%" in found.title  # 10 of 110 and all 40 are b
    assert found.change == {"data.take.order": "random"}
    assert grave(ready(sound(200), take=take, split=split)) == []


def test_label_sorted_is_a_warning_where_the_shares_are_alike(ready: Prepare):
    # Four stretches: a and b in train, a and b in test.
    rows = by_label(sound(80)) + by_label(sound(80, start=100))
    take = {"train": 80, "test": 80, "order": "first"}
    found = finding(ready(rows, take=take, split={"validation": 0, "test": 0}), "label-sorted")
    assert found.level is Level.WARNING


def test_a_sorted_source_is_no_fault_where_rows_are_drawn(ready: Prepare):
    assert grave(ready(by_label(sound(200)), take={"train": 50, "test": 20})) == []


def test_unseen_label_names_the_class_and_its_rows(ready: Prepare):
    strange = [{**row, "label": "c"} for row in sound(3, start=300)]
    found = finding(ready(sound(60), test=sound(20, start=200) + strange), "unseen-label")
    assert (found.level, found.where) == (Level.ERROR, "data.test_source")
    assert "test rows" in found.title
    assert "'c' (3 rows)" in found.title
    assert "'a', 'b'" in found.evidence
    known = sound(60) + [{**row, "label": "c"} for row in sound(20, start=400)]
    assert grave(ready(known, test=sound(20, start=200) + strange)) == []


# -- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "kinds"), [("yes", "number, text"), (True, "number, true/false")]
)
def test_mixed_labels_shows_both_kinds_with_a_row(ready: Prepare, other: object, kinds: str):
    rows = [{**row, "label": n % 2} for n, row in enumerate(sound(60))]
    assert grave(ready(rows, as_json=True)) == []
    rows[40]["label"] = other
    found = finding(ready(rows, as_json=True), "mixed-labels")
    assert found.level is Level.ERROR
    assert kinds in found.title
    assert "row 41" in found.evidence


def test_label_variants_are_classes_that_differ_by_case_or_spaces(ready: Prepare):
    rows = [{**row, "label": ["good film", "bad film"][n % 2]} for n, row in enumerate(sound(100))]
    assert grave(ready(rows)) == []
    for row in rows[:40:2]:
        row["label"] = "Good  Film"
    found = finding(ready(rows), "label-variants")
    assert found.level is Level.WARNING
    assert "'Good  Film' and 'good film'" in found.evidence
    names = {"good film": "good", "Good  Film": "good", "bad film": "bad"}
    assert grave(ready(rows, labels=names)) == []


def test_many_classes_are_hardly_classes(ready: Prepare):
    rows = [{**row, "label": f"c{n % 260}"} for n, row in enumerate(sound(520))]
    found = finding(ready(rows), "many-classes")
    assert found.level is Level.ERROR
    assert "260 different values" in found.title
    few = [{**row, "label": f"c{n % 150}"} for n, row in enumerate(sound(520))]
    assert grave(ready(few)) == []


# -- copies --------------------------------------------------------------------------------------


def test_split_leakage_where_copies_may_cross(ready: Prepare):
    rows = sound(100) + [{**row, "text": row["text"].upper()} for row in sound(100)]
    found = finding(ready(rows, split={"group_duplicates": "none"}), "split-leakage")
    assert found.level is Level.ERROR
    assert found.change == {"data.split.group_duplicates": "near"}
    assert "source rows" in found.evidence
    grouped = ready(rows)
    assert grave(grouped) == []
    assert "100 rows repeat an earlier text" in finding(grouped, "copies").title
    assert "most copies: 1 (1), 2 (1), 3 (1)" in finding(grouped, "copies").evidence
    assert "one side" in finding(grouped, "copies").fix
    loose = ready(rows, split={"group_duplicates": "none"})
    assert finding(loose, "copies").fix == ""
    assert grave(ready(sound(100), split={"group_duplicates": "none"})) == []


def test_split_leakage_of_near_copies_is_found_too(ready: Prepare):
    texts = [" ".join(f"w{n}x{word}" for word in range(20)) for n in range(60)]
    rows = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(texts)]
    rows += [{**row, "text": row["text"] + " end"} for row in rows]
    found = finding(ready(rows, split={"group_duplicates": "none"}), "split-leakage")
    assert found.level is Level.ERROR
    near = ready(rows)
    assert grave(near) == []
    assert "60 more nearly" in finding(near, "copies").title


def test_split_leakage_of_one_row_in_many_is_a_warning(ready: Prepare):
    split = {"group_duplicates": "none", "validation": 0, "test": 0}
    take = {"train": 150, "test": 150, "order": "first"}
    rows = sound(300)
    rows[200]["text"] = rows[11]["text"]
    found = finding(ready(rows, split=split, take=take), "split-leakage")
    assert found.level is Level.WARNING
    assert "1 test rows (0.7%)" in found.title
    assert "201 and 12" in found.evidence


@pytest.mark.parametrize("kind", ["near", "none"])
def test_the_change_for_split_leakage_of_first_rows_mends_it_at_once(ready: Prepare, kind: str):
    rows = sound(100) + sound(20)
    take = {"train": 100, "test": 20, "order": "first"}
    split = {"group_duplicates": kind, "validation": 0, "test": 0}
    change = dict(finding(ready(rows, split=split, take=take), "split-leakage").change)
    take["order"] = change.pop("data.take.order")
    split["group_duplicates"] = change.pop("data.split.group_duplicates", kind)
    assert change == {}
    assert "split-leakage" not in grave(ready(rows, split=split, take=take))


def test_rows_left_out_as_copies_of_the_test_sources_rows_are_said(ready: Prepare):
    data = ready(sound(100), test=sound(20, start=93))
    found = finding(data, "left-out")
    assert found.level is Level.NOTE
    assert "7 rows" in found.title
    assert "94, 95" in found.evidence
    assert data.num_rows("train") + data.num_rows("validation") == 93
    assert "left-out" not in [f.code for f in ready(sound(100)).report().findings]
    apart = ready(sound(100), test=sound(20, start=500)).report()
    assert "left-out" not in [f.code for f in apart.findings]


# -- texts, amounts, bad rows --------------------------------------------------------------------


def test_empty_text_names_the_rows_and_its_change_lists_them(ready: Prepare):
    rows = sound(100)
    assert grave(ready(rows)) == []
    for number in (4, 31, 77):
        rows[number]["text"] = " \t"
    found = finding(ready(rows), "empty-text")
    assert found.level is Level.WARNING
    assert "3 of 100" in found.title
    assert "rows 5, 32, 78" in found.evidence
    assert found.change == {"data.skip_bad": True}
    mended = ready(rows, skip_bad=True)
    assert grave(mended) == ["skipped-rows"]
    for row in rows[:10]:
        row["text"] = ""
    assert finding(ready(rows), "empty-text").level is Level.ERROR


def test_empty_text_of_chats_is_mended_by_its_change_as_well(ready: Prepare):
    turns = [{"role": "user", "content": ""}, {"role": "assistant", "content": " "}]
    rows = [{"messages": [{**turns[0], "content": f"what is {n} times {n}?"}, turns[1]]}
            for n in range(50)]  # fmt: skip
    assert grave(ready(rows, as_json=True)) == []
    rows[7] = {"messages": turns}
    found = finding(ready(rows, as_json=True), "empty-text")
    assert found.change == {"data.skip_bad": True}
    assert grave(ready(rows, as_json=True, skip_bad=True)) == ["skipped-rows"]


def test_fewer_rows_than_asked_for_says_how_many_there_are(ready: Prepare):
    found = finding(ready(sound(60), take={"train": 200, "test": 6}), "fewer-rows")
    assert (found.level, found.where) == (Level.WARNING, "data.take.train")
    assert "has 48 rows; 200 were asked for" in found.title
    assert "60 rows" in found.evidence
    assert grave(ready(sound(60), take={"train": 48, "test": 6})) == []


def test_fewer_rows_because_copies_cannot_be_divided(ready: Prepare):
    rows = [{"text": "the same words", "label": "ab"[n % 2]} for n in range(40)]
    found = finding(ready(rows, take={"test": 4}), "fewer-rows")
    assert found.where == "data.take.test"


def test_skipped_rows_are_counted_with_the_first_problems(ready: Prepare, tmp_path: Path):
    rows = [{**row, "label": n % 2} for n, row in enumerate(sound(60))]
    assert grave(ready(rows, as_json=True, skip_bad=True)) == []
    for number in range(7):
        rows[number * 8]["label"] = 0.5
    found = finding(ready(rows, as_json=True, skip_bad=True), "skipped-rows")
    assert found.level is Level.WARNING
    assert "7 rows" in found.title
    assert "row 1 (line 1): The label 0.5 has a fraction" in found.evidence
    assert found.evidence.endswith("and 2 more")


def test_the_format_and_what_was_not_used_are_noted(ready: Prepare):
    found = finding(ready([{**row, "id": 1} for row in sound(60)]), "format")
    assert found.level is Level.NOTE
    assert "labelled" in found.title
    assert "'id'" in found.evidence


def test_stretches_of_one_label_are_counted_and_the_first_ten_kept_whole():
    runs = Runs()
    for row in range(1, 37):
        runs.add("abc"[(row - 1) // 3 % 3], row)
    assert (runs.count, runs.num_rows) == (12, 36)
    assert runs.first[:2] == [("a", 1, 3), ("b", 4, 6)]
    assert runs.first[-1] == ("a", 28, 30)


def test_rows_are_listed_for_a_person():
    assert listed([3, 17], 2) == "3, 17"
    assert listed([1, 2, 3, 4, 5], 1205) == "1, 2, 3, 4, 5 and 1,200 more"
