"""From a source to rows: what goes in comes out, split, checked and counted."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.world import reviews
from tuneful.core.errors import DataError
from tuneful.core.report import Level
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.data.prepare import prepare
from tuneful.data.rows import Chat, Labelled
from tuneful.recipe.schema import Recipe


def recipe(source: Path | str, **data: Any) -> Recipe:
    method = data.pop("method", "classify")
    return Recipe.make({"model": "m", "data": {"source": str(source), **data}, "method": method})


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def labelled(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"text": f"row {n} says word{n * 7} and thing{n * 13}", "label": "ab"[n % 2]}
        for n in range(start, start + count)
    ]


def codes(data: Dataset, level: Level = Level.WARNING) -> set[str]:
    return {finding.code for finding in data.report().findings if finding.level >= level}


def test_every_row_is_in_one_split_with_its_place(tmp_path: Path, store: Store):
    data = prepare(recipe(write(tmp_path / "d.csv", labelled(100))), store)
    found = [record for split in data.splits for record in data.records(split)]
    assert sorted(record["source_row"] for record in found) == list(range(1, 101))
    assert {split: data.num_rows(split) for split in data.splits} == {
        "train": 80,
        "validation": 10,
        "test": 10,
    }
    assert data.manifest["label_counts"]["train"] == {"a": 40, "b": 40}
    assert codes(data) == set()
    first = data.row("test", 0)
    assert isinstance(first, Labelled)
    assert first == next(iter(data.rows("test")))


def test_the_same_question_finds_the_same_folder(tmp_path: Path, store: Store):
    path = write(tmp_path / "d.csv", labelled(60))
    first = prepare(recipe(path), store)
    before = (first.path / "manifest.json").stat().st_mtime_ns
    assert prepare(recipe(path), store).path == first.path
    assert (first.path / "manifest.json").stat().st_mtime_ns == before
    write(path, labelled(61))
    assert prepare(recipe(path), store).path != first.path
    assert prepare(recipe(path, split={"test": 0.2}), store).path != first.path


def test_a_seed_decides_the_split(tmp_path: Path):
    path = write(tmp_path / "d.csv", labelled(100))
    one, two = (prepare(recipe(path), Store(tmp_path / name)) for name in "xy")
    other = prepare(recipe(path).model_copy(update={"seed": 1}), Store(tmp_path / "z"))
    tests = [[r["source_row"] for r in data.records("test")] for data in (one, two, other)]
    assert tests[0] == tests[1] != tests[2]


def test_copies_never_cross_the_split(tmp_path: Path, store: Store):
    rows = labelled(200)
    for n in range(0, 200, 5):  # each has an exact copy, and a near one
        rows.append({"text": rows[n]["text"].upper() + "  ", "label": rows[n]["label"]})
    long = " ".join(f"w{n}" for n in range(60))
    rows += [{"text": f"{long} {n % 3}x", "label": "a"} for n in range(30)]
    data = prepare(recipe(write(tmp_path / "d.csv", rows)), store)
    group_of: dict[int, set[str]] = {}
    for split in data.splits:
        for record in data.records(split):
            group_of.setdefault(record["group"], set()).add(split)
    assert all(len(splits) == 1 for splits in group_of.values())
    assert len(group_of) <= 201
    assert "split-leakage" not in codes(data)


def test_copies_that_may_cross_are_said(tmp_path: Path, store: Store):
    rows = labelled(60) * 2
    path = write(tmp_path / "d.csv", rows)
    loose = prepare(recipe(path, split={"group_duplicates": "none"}), store)
    (leak,) = [f for f in loose.report().findings if f.code == "split-leakage"][:1]
    assert leak.level == Level.ERROR
    assert leak.change == {"data.split.group_duplicates": "near"}
    assert "split-leakage" not in codes(prepare(recipe(path), store))


def test_the_first_rows_of_a_sorted_source_are_refused(tmp_path: Path, store: Store):
    path = write(tmp_path / "d.csv", sorted(labelled(200), key=lambda row: row["label"]))
    take = {"train": 50, "test": 20, "order": "first"}
    data = prepare(recipe(path, take=take, split={"validation": 0, "test": 0}), store)
    (finding,) = [f for f in data.report().findings if f.level == Level.ERROR]
    assert finding.code == "single-class"
    assert "rows 1 to 100" in finding.evidence
    assert finding.change == {"data.take.order": "random"}
    mixed = prepare(recipe(path, take={**take, "order": "random"}), store)
    assert codes(mixed) == set()
    skewed = prepare(recipe(path, take={**take, "train": 110}), store)
    assert "single-class" in codes(skewed)  # its test rows


def test_a_skewed_beginning_is_refused(tmp_path: Path, store: Store):
    path = write(tmp_path / "d.csv", sorted(labelled(200), key=lambda row: row["label"]))
    take = {"train": 90, "validation": 20, "order": "first"}
    data = prepare(recipe(path, take=take, split={"validation": 0, "test": 40}), store)
    assert codes(data, Level.ERROR) & {"single-class", "label-sorted"}


def test_labels_get_names(tmp_path: Path, store: Store):
    rows = [{**row, "label": "01"[n % 2]} for n, row in enumerate(labelled(40))]
    path = write(tmp_path / "d.csv", rows)
    data = prepare(recipe(path, labels={"0": "bad", "1": "good"}), store)
    assert data.labels == ("bad", "good")
    with pytest.raises(DataError, match="does not name the label '1'"):
        prepare(recipe(path, labels={"0": "bad"}), store)


def test_rows_are_chosen_by_their_columns(tmp_path: Path, store: Store):
    rows = [{**row, "lang": ["en", "de"][n % 4 == 0]} for n, row in enumerate(labelled(80))]
    path = write(tmp_path / "d.csv", rows)
    data = prepare(recipe(path, where={"lang": "en"}), store)
    assert sum(data.num_rows(split) for split in data.splits) == 60
    with pytest.raises(DataError, match="No rows are left") as caught:
        prepare(recipe(path, where={"lang": "fr"}), store)
    assert "'en'" in str(caught.value)
    with pytest.raises(DataError, match="no column 'lnag'") as caught:
        prepare(recipe(path, where={"lnag": "en"}), store)
    assert "'lang'" in caught.value.fix


def test_a_test_source_is_the_test_split(tmp_path: Path, store: Store):
    train = write(tmp_path / "train.csv", labelled(60))
    test = write(tmp_path / "test.csv", labelled(30, start=55))  # five rows are copies
    data = prepare(recipe(train, test_source=str(test)), store)
    assert data.num_rows("test") == 30
    assert data.num_rows("train") + data.num_rows("validation") == 55


def test_a_class_that_is_only_tested_is_an_error(tmp_path: Path, store: Store):
    train = write(tmp_path / "train.csv", labelled(60))
    other = [{**row, "label": "c"} for row in labelled(5, start=100)]
    test = write(tmp_path / "test.csv", labelled(20, start=200) + other)
    data = prepare(recipe(train, test_source=str(test)), store)
    assert codes(data, Level.ERROR) == {"unseen-label"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda n, row: {**row, "label": ["A", "a"][n % 2]}, "label-variants"),
        (lambda n, row: {**row, "text": "" if n % 10 == 0 else row["text"]}, "empty-text"),
        (lambda n, row: {**row, "label": f"c{n}"}, "many-classes"),
    ],
)
def test_planted_faults_are_found(tmp_path: Path, store: Store, change: Any, code: str):
    rows = [change(n, row) for n, row in enumerate(labelled(300))]
    assert code in codes(prepare(recipe(write(tmp_path / "d.csv", rows)), store))
    clean = prepare(recipe(write(tmp_path / "clean.csv", labelled(300))), store)
    assert code not in codes(clean)


def test_labels_of_two_types_are_an_error(tmp_path: Path, store: Store):
    path = tmp_path / "d.jsonl"
    rows = [{"text": f"word{n} thing{n * 3}", "label": n % 2} for n in range(40)]
    rows += [{"text": f"other{n} sort{n * 5}", "label": "yes"} for n in range(20)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert "mixed-labels" in codes(prepare(recipe(path), store), Level.ERROR)


def test_a_broken_line_is_named_or_listed(tmp_path: Path, store: Store):
    path = tmp_path / "d.jsonl"
    lines = [json.dumps(row) for row in labelled(40)]
    lines[17] = '{"text": "cut'
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        prepare(recipe(path), store)
    assert "18" in caught.value.where
    assert not store.list_artifacts("datasets")
    assert not list(store.datasets.glob(".*"))
    data = prepare(recipe(path, skip_bad=True), store)
    assert sum(data.num_rows(split) for split in data.splits) == 39
    (skipped,) = (data.path / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(skipped)["row"] == 18
    assert "skipped-rows" in codes(data)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"text,label\n", "rows"),
        (b"text,label\ngood \xff film,a\n", "UTF-8"),
        (b"review_a,mark\nx,1\n", "fit no format"),
    ],
)
def test_a_source_that_cannot_be_read_says_why(
    tmp_path: Path, store: Store, content: bytes, words: str
):
    path = tmp_path / "d.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        prepare(recipe(path), store)
    assert words.lower() in str(caught.value).lower()
    assert caught.value.fix


def test_a_missing_file_names_the_nearest(tmp_path: Path, store: Store):
    reviews(tmp_path / "reviews.csv", 4)
    with pytest.raises(DataError) as caught:
        prepare(recipe(tmp_path / "review.csv"), store)
    assert "reviews.csv" in caught.value.fix


def test_a_text_of_a_hundred_thousand_words_passes(tmp_path: Path, store: Store):
    rows = labelled(20)
    rows[3]["text"] = "word " * 100_000
    data = prepare(recipe(write(tmp_path / "d.csv", rows)), store)
    assert data.report().facts["characters"]["longest"] == 499_999


@pytest.mark.parametrize("ending", [".csv.gz", ".tsv", ".jsonl", ".json", ".parquet"])
def test_the_same_rows_come_from_every_kind_of_file(tmp_path: Path, ending: str):
    rows = labelled(30)
    path = tmp_path / f"d{ending}"
    if ending == ".csv.gz":
        with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows(rows)
    elif ending == ".tsv":
        path.write_text(
            "text\tlabel\n" + "".join(f"{r['text']}\t{r['label']}\n" for r in rows), "utf-8"
        )
    elif ending == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif ending == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    plain = prepare(recipe(write(tmp_path / "plain.csv", rows)), Store(tmp_path / "one"))
    other = prepare(recipe(path), Store(tmp_path / "two"))
    for split in ("train", "test"):
        assert list(other.rows(split)) == list(plain.rows(split))


def test_chats_come_from_messages_sharegpt_and_pairs(tmp_path: Path, store: Store):
    asked = [(f"What is {n}{n}?", f"It is {n}.") for n in range(30)]
    forms: dict[str, list[dict[str, Any]]] = {
        "messages": [
            {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}
            for q, a in asked
        ],
        "sharegpt": [
            {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
            for q, a in asked
        ],
        "pairs": [{"prompt": q, "completion": a} for q, a in asked],
    }
    found: list[list[Any]] = []
    for name, rows in forms.items():
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found.append(list(prepare(recipe(path, method="sft"), store).rows("train")))
    assert found[0] == found[1] == found[2]
    assert isinstance(found[0][0], Chat)


def test_a_template_writes_chats_with_braces(tmp_path: Path, store: Store):
    path = write(tmp_path / "d.csv", labelled(20))
    template = {"user": "{text}?", "assistant": '{{"label": "{label}"}}'}
    data = prepare(recipe(path, template=template, method="sft"), store)
    row = data.row("train", 0)
    assert isinstance(row, Chat)
    assert json.loads(row.answer)["label"] in {"a", "b"}
    with pytest.raises(DataError, match="lable"):
        prepare(recipe(path, template={**template, "assistant": "{lable}"}, method="sft"), store)


def test_a_folder_of_classes_is_a_source(tmp_path: Path, store: Store):
    for n, row in enumerate(labelled(40)):
        folder = tmp_path / "texts" / row["label"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{n}.txt").write_text(row["text"], encoding="utf-8")
    data = prepare(recipe(tmp_path / "texts"), store)
    assert data.labels == ("a", "b")
    assert data.num_rows("train") == 32
