"""From a source to rows: what goes in comes out, split, checked and counted."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.world import reviews
from tuneful.core.errors import DataError, UnknownName
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
    assert other.hash != one.hash


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


def test_a_test_source_may_keep_other_rows(tmp_path: Path, store: Store):
    rows = [{**row, "lang": ["en", "de"][n % 2]} for n, row in enumerate(labelled(80))]
    path = write(tmp_path / "d.csv", rows)
    both = {"where": {"lang": "en"}, "test_source": str(path)}
    data = prepare(recipe(path, **both, test_where={"lang": "de"}, method="pretrain"), store)
    assert data.num_rows("test") == 40
    assert data.num_rows("train") + data.num_rows("validation") == 40
    everything = prepare(recipe(path, **both, test_where={}, method="pretrain"), store)
    assert everything.num_rows("test") == 80
    with pytest.raises(DataError, match="no column 'lnag'") as caught:
        prepare(recipe(path, **both, test_where={"lnag": "de"}), store)
    assert caught.value.where == "data.test_where.lnag"


def test_a_column_says_how_much_a_row_counts(tmp_path: Path, store: Store):
    rows = [{**row, "trust": [0.5, 2][n % 2]} for n, row in enumerate(labelled(40))]
    path = write(tmp_path / "d.csv", rows)
    data = prepare(recipe(path, columns={"weight": "trust"}), store)
    found = {(row.label, row.weight) for row in data.rows("train") if isinstance(row, Labelled)}
    assert found == {("a", 0.5), ("b", 2.0)}
    (said,) = [finding for finding in data.report().findings if finding.code == "format"]
    assert "weight is column 'trust'" in said.evidence
    plain = prepare(recipe(path), store)
    assert {row.weight for row in plain.rows("train") if isinstance(row, Labelled)} == {1.0}


@pytest.mark.parametrize(
    ("trust", "problem"), [("-1", "the weight -1"), ("much", "'much', not a number")]
)
def test_a_weight_is_a_number_from_0_on(tmp_path: Path, store: Store, trust: str, problem: str):
    rows = [{**row, "trust": 1} for row in labelled(20)]
    path = write(tmp_path / "d.csv", [*rows, {**labelled(1)[0], "trust": trust}])
    with pytest.raises(DataError, match=problem):
        prepare(recipe(path, columns={"weight": "trust"}), store)


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


def test_the_same_bytes_under_another_ending_are_other_rows(tmp_path: Path, store: Store):
    content = "text\tlabel\n" + "".join(f'"text {n}"\t{n % 2}\n' for n in range(40))
    (tmp_path / "d.csv").write_text(content, encoding="utf-8")
    (tmp_path / "d.tsv").write_text(content, encoding="utf-8")
    quoted = prepare(recipe(tmp_path / "d.csv"), store)
    plain = prepare(recipe(tmp_path / "d.tsv"), store)
    assert quoted.path != plain.path
    assert quoted.row("train", 0).text.startswith("text ")  # type: ignore[union-attr]
    assert plain.row("train", 0).text.startswith('"text ')  # type: ignore[union-attr]


def test_a_file_that_moves_is_still_the_same_rows(tmp_path: Path, store: Store):
    first = prepare(recipe(write(tmp_path / "d.csv", labelled(40))), store)
    (tmp_path / "other").mkdir()
    moved = (tmp_path / "d.csv").rename(tmp_path / "other" / "d.csv")
    assert prepare(recipe(moved), store).path == first.path


def test_half_a_character_is_a_bad_row_not_a_crash(tmp_path: Path, store: Store):
    rows = [json.dumps(row) for row in labelled(40)]
    rows[5] = '{"text": "fine \\ud83d", "label": "a"}'
    rows[6] = '{"text": "fine \\ud83d\\ude00", "label": "a"}'
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="U\\+D83D") as caught:
        prepare(recipe(path), store)
    assert "row 6 (line 6)" in caught.value.where
    data = prepare(recipe(path, skip_bad=True), store)
    found = [record["text"] for split in data.splits for record in data.records(split)]
    assert len(found) == 39
    assert "fine \N{GRINNING FACE}" in found
    chat = {"prompt": "fine?", "completion": "half \ud83d"}
    path.write_text(json.dumps(chat) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="U\\+D83D"):
        prepare(recipe(path, method="sft"), store)


def test_rows_keep_the_sources_order_in_every_split(tmp_path: Path, store: Store):
    data = prepare(recipe(write(tmp_path / "d.csv", labelled(300))), store)
    for split in data.splits:
        places = [record["source_row"] for record in data.records(split)]
        assert places == sorted(places)
        texts = [f"row {n - 1} says word{(n - 1) * 7} and thing{(n - 1) * 13}" for n in places]
        assert [row.text for row in data.rows(split)] == texts  # type: ignore[union-attr]


def test_places_count_rows_that_were_filtered_out_or_skipped(tmp_path: Path, store: Store):
    lines = [json.dumps({**row, "lang": "en" if n % 3 else "de"})
             for n, row in enumerate(labelled(90))]  # fmt: skip
    lines[50] = "{broken"
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    data = prepare(recipe(path, where={"lang": "de"}, skip_bad=True), store)
    places = {record["source_row"] for split in data.splits for record in data.records(split)}
    assert places == set(range(1, 91, 3))


def test_the_first_rows_are_taken_as_they_stand(tmp_path: Path, store: Store):
    path = write(tmp_path / "d.csv", labelled(100))
    take = {"train": 10, "validation": 4, "test": 6, "order": "first"}
    data = prepare(recipe(path, take=take), store)
    places = {s: [r["source_row"] for r in data.records(s)] for s in data.splits}
    assert places == {
        "train": list(range(1, 11)),
        "validation": list(range(11, 15)),
        "test": list(range(15, 21)),
    }


def test_the_first_rows_of_chats_are_all_that_is_read(tmp_path: Path, store: Store):
    lines = [json.dumps({"prompt": f"what is {n}?", "completion": f"{n}"}) for n in range(3000)]
    lines[2500] = "{broken"
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    take = {"train": 1600, "test": 200, "order": "first"}
    data = prepare(recipe(path, take=take, method="sft"), store)
    assert (data.num_rows("train"), data.num_rows("test")) == (1600, 200)
    assert data.report().facts["read"] == [2000]


def test_the_first_rows_of_a_test_source_are_taken_from_it(tmp_path: Path, store: Store):
    train = write(tmp_path / "train.csv", labelled(60))
    test = write(tmp_path / "test.csv", labelled(60, start=200))
    take = {"train": 20, "test": 5, "order": "first"}
    data = prepare(recipe(train, test_source=str(test), take=take), store)
    assert [row["text"] for row in data.records("test")] == [r["text"] for r in labelled(5, 200)]


def test_a_test_source_of_another_kind_is_refused(tmp_path: Path, store: Store):
    train = write(tmp_path / "train.csv", labelled(40))
    test = write(tmp_path / "test.csv", [{"prompt": "a", "completion": "b"}])
    with pytest.raises(DataError, match="chat rows") as caught:
        prepare(recipe(train, test_source=str(test)), store)
    assert caught.value.where == "data.test_source"


def test_a_group_beside_each_row_says_which_rows_are_copies(tmp_path: Path, store: Store):
    rows = labelled(50)
    rows[30]["text"] = rows[10]["text"].upper()
    data = prepare(recipe(write(tmp_path / "d.csv", rows)), store)
    group = {r["source_row"]: r["group"] for s in data.splits for r in data.records(s)}
    assert group[31] == group[11]
    assert len(set(group.values())) == 49


def test_skipped_rows_are_listed_with_file_row_line_and_problem(tmp_path: Path, store: Store):
    path = tmp_path / "d.csv"
    rows = "".join(f"text number {n * 7} of {n},{'ab'[n % 2]}\n" for n in range(40))
    path.write_bytes(b'text,label\n"two\nlines",a\n' + rows.encode() + b"bad \xff,a\nshort\n,\n")
    data = prepare(recipe(path, skip_bad=True), store)
    listed = (data.path / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in listed]
    assert [(item["row"], item["line"]) for item in found] == [(42, 44), (43, 45), (44, 46)]
    assert {item["file"] for item in found} == {"d.csv"}
    problems = [item["problem"] for item in found]
    assert "0xff" in problems[0]
    assert "1 columns" in problems[1]
    assert "empty" in problems[2]
    assert data.report().facts["skipped"] == 3


def test_a_folder_without_bad_rows_has_no_list_of_them(tmp_path: Path, store: Store):
    data = prepare(recipe(write(tmp_path / "d.csv", labelled(40)), skip_bad=True), store)
    assert sorted(p.name for p in data.path.iterdir()) == [
        "README.md",
        "manifest.json",
        "report.html",
        "report.json",
        "rows",
    ]
    assert sorted(p.name for p in (data.path / "rows").iterdir()) == [
        "test.arrow",
        "train.arrow",
        "validation.arrow",
    ]


def test_rows_that_are_all_bad_are_refused_even_if_bad_rows_are_skipped(
    tmp_path: Path, store: Store
):
    path = tmp_path / "d.jsonl"
    path.write_text("{broken\n" * 20, encoding="utf-8")
    with pytest.raises(DataError, match="broken JSON"):
        prepare(recipe(path, skip_bad=True), store)
    path.write_text('{"text": "a", "label": null}\n' * 20, encoding="utf-8")
    with pytest.raises(DataError, match="20 rows could not be read"):
        prepare(recipe(path, skip_bad=True), store)
    assert not list(store.datasets.glob("*"))


def test_the_manifest_says_what_was_read_and_where_from(tmp_path: Path, store: Store):
    path = write(tmp_path / "My reviews.csv", labelled(40))
    data = prepare(recipe(path), store)
    assert data.path.name == f"my-reviews-{data.hash[:8]}"
    assert data.manifest["columns"] == {"text": "text", "label": "label"}
    (source,) = data.manifest["sources"]
    assert source["rows"] == 40
    assert source["files"][0]["bytes"] == path.stat().st_size


def test_two_labels_may_get_one_name(tmp_path: Path, store: Store):
    rows = [{**row, "label": str(n % 5)} for n, row in enumerate(labelled(100))]
    names = {"0": "low", "1": "low", "2": "mid", "3": "high", "4": "high"}
    data = prepare(recipe(write(tmp_path / "d.csv", rows), labels=names), store)
    assert data.labels == ("high", "low", "mid")
    assert data.manifest["label_counts"]["train"] == {"high": 32, "low": 32, "mid": 16}


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"n": 1}, 20),
        ({"n": "1"}, 20),
        ({"n": 1.0}, 20),
        ({"is": True}, 40),
        ({"n": 1, "is": False}, 10),
    ],
)
def test_where_means_values_not_types(tmp_path: Path, store: Store, where: Any, count: int):
    rows = [{**row, "n": n % 4, "is": n // 4 % 2 == 0} for n, row in enumerate(labelled(80))]
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = prepare(recipe(path, where=where), store)
    assert sum(data.num_rows(split) for split in data.splits) == count


def test_rows_come_one_by_one_and_in_batches(tmp_path: Path, store: Store):
    data = prepare(recipe(write(tmp_path / "d.csv", labelled(50))), store)
    rows = list(data.rows("train"))
    batches = list(data.batches("train", 16))
    assert [len(batch) for batch in batches] == [16, 16, 8]
    assert [row for batch in batches for row in batch] == rows
    assert [data.row("train", n) for n in range(40)] == rows
    with pytest.raises(DataError, match="no row 40"):
        data.row("train", 40)
    assert Dataset.open(data.path) == data


def test_a_folder_of_files_is_read_in_the_order_of_their_names(tmp_path: Path, store: Store):
    folder = tmp_path / "parts"
    folder.mkdir()
    write(folder / "b.csv", labelled(20, start=20))
    write(folder / "a.csv", labelled(20))
    (folder / "notes.md").write_text("see a.csv", encoding="utf-8")
    data = prepare(recipe(folder, split={"validation": 0, "test": 0}), store)
    assert [record["text"] for record in data.records("train")] == [
        row["text"] for row in labelled(40)
    ]
    (note,) = [f for f in data.report().findings if f.code == "source"]
    assert "notes.md" in note.title


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ([], "nothing to read"),
        (["notes.md"], r"found: \.md"),
        (["train.csv", "test.csv"], "splits of its own: test, train"),
        (["rows.csv", "good/1.txt"], "files of rows"),
    ],
)
def test_a_folder_in_doubt_is_refused(tmp_path: Path, store: Store, files: list[str], word: str):
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        write(folder / name, labelled(4))
    with pytest.raises(DataError, match=word) as caught:
        prepare(recipe(folder), store)
    assert caught.value.fix


def test_a_text_file_of_a_class_that_is_no_utf8_is_named(tmp_path: Path, store: Store):
    for n in range(20):
        folder = tmp_path / "texts" / "ab"[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{n}.txt").write_bytes(f"text {n} of thing{n * 3}".encode())
    (tmp_path / "texts" / "b" / "7.txt").write_bytes(b"na\xefve")
    with pytest.raises(DataError, match="0xef at offset 2") as caught:
        prepare(recipe(tmp_path / "texts"), store)
    assert "b/7.txt" in caught.value.where


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("rows.docx", "'.docx'"),
        ("nowhere/rows.csv", "no file"),
        ("folder:rows.docx", "no folder"),
    ],
)
def test_a_source_that_is_none_says_what_would_be_one(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, source: str, word: str
):
    monkeypatch.chdir(tmp_path)
    Path("rows.docx").write_bytes(b"PK")
    with pytest.raises(DataError, match=word) as caught:
        prepare(recipe(source), store)
    assert caught.value.fix


def test_an_unknown_kind_of_source_gets_the_right_one_suggested(store: Store):
    with pytest.raises(UnknownName) as caught:
        prepare(recipe("hubb:owner/name"), store)
    assert "'hub'" in caught.value.fix


def test_progress_is_told_while_rows_pass(tmp_path: Path, store: Store):
    heard: list[dict[str, Any]] = []
    path = write(tmp_path / "d.csv", labelled(5000))
    prepare(recipe(path), store, lambda event: heard.append(event.data))
    stages = list(dict.fromkeys(data["text"] for data in heard))
    assert stages == ["reading", "comparing", "writing"]
    assert all(data["done"] <= data["total"] for data in heard)
