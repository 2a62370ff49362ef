"""Checks of turns, calls, JSON, labels and benchmarks: what is found, and what is left alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.world import review
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level
from tuneful.core.store import Store
from tuneful.data.copies.shingles import grams
from tuneful.data.dataset import Dataset
from tuneful.data.faults.answers import broken_json, is_json
from tuneful.data.faults.calls import wrong_call
from tuneful.data.faults.contamination import read_benchmark, shared
from tuneful.data.faults.dense_head import held_out_dense
from tuneful.data.faults.doubtful import doubted
from tuneful.data.faults.turns import mend_order, order_of, wrong_order
from tuneful.data.message import Message, ToolCall
from tuneful.data.prepare import prepare
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe

Values = dict[str, Any]
Ready = Callable[..., Dataset]
WEATHER = {
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
}


@pytest.fixture
def ready(tmp_path: Path, store: Store) -> Ready:
    """Prepare rows, written as JSON lines."""

    def ready(rows: list[Values], **data: Any) -> Dataset:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        method = "classify" if "label" in rows[0] else "sft"
        values = {"source": str(path), **data}
        return prepare(Recipe.make({"model": "m", "data": values, "method": method}), store)

    return ready


def findings(data: Dataset, *but: str) -> dict[str, Finding]:
    usual = {"format", "copies", "cleaned", *but}
    return {f.code: f for f in data.report().findings if f.code not in usual}


def rows_of(data: Dataset) -> dict[int, Values]:
    return {row["source_row"]: row for split in data.splits for row in data.records(split)}


def listed(data: Dataset, name: str) -> list[Values]:
    text = (data.path / "found" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def chat(n: int, answer: str = "", **more: Any) -> Values:
    asked = {"role": "user", "content": f"what is thing{n} of {n * 3}?"}
    said = {"role": "assistant", "content": answer or f"it is {n * 7}"}
    return {"messages": [asked, said], **more}


def turns(*spoken: tuple[str, str]) -> Values:
    return {"messages": [{"role": role, "content": text} for role, text in spoken]}


# -- turns -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ua", "sua", "uaua", "uAta", "uAttAta", "uA", "uAtua"])
def test_usual_orders_are_right(order: str):
    assert wrong_order(order) == ""


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("usa", "system speaks in turn 2"),
        ("au", "before the user"),
        ("sau", "before the user"),
        ("uua", "user speaks twice in a row, in turns 1 and 2"),
        ("uaa", "assistant speaks twice in a row, in turns 2 and 3"),
        ("uAa", "turn 2 calls a tool and is not answered"),
        ("uta", "turn 2 is a tool's"),
        ("uau", "turn 3 is the last"),
    ],
)
def test_other_orders_are_said(order: str, said: str):
    assert said in wrong_order(order)


def test_orders_are_mended_by_joining():
    given = (
        Message("user", "a"), Message("system", "s"), Message("user", "b"),
        Message("assistant", "c"), Message("assistant", "d", weight=0.0), Message("user", "e"),
    )  # fmt: skip
    made = mend_order(given)
    assert order_of(made) == "suaa"
    assert [turn.content for turn in made] == ["s", "a\n\nb", "c", "d"]
    called = Message("assistant", "", (ToolCall("f", "{}"),))
    assert order_of(mend_order((given[0], called, Message("tool", "x"), given[3]))) == "uAta"


def test_rows_with_turns_out_of_order_are_found_and_mended(ready: Ready):
    rows = [chat(n) for n in range(40)]
    rows[6] = turns(("user", "one"), ("user", "two"), ("assistant", "three"))
    rows[9] = turns(("assistant", "hello"), ("user", "hi"), ("assistant", "bye"))
    data = ready(rows)
    found = findings(data)["role-order"]
    assert "2 rows of 40" in found.title
    assert [line["row"] for line in sorted(listed(data, "role-order"), key=lambda x: x["row"])] == [
        7, 10,
    ]  # fmt: skip
    assert found.change == {"data.clean": [{"name": "roles"}]}
    data = ready(rows, clean=["roles"])
    assert findings(data) == {}
    assert [turn["content"] for turn in rows_of(data)[7]["messages"]] == ["one\n\ntwo", "three"]
    assert 10 not in rows_of(data)
    assert data.report().facts["cleaned"]["roles"] == {
        "changed": 1, "left_out": 1, "first": ["7", "10"],
    }  # fmt: skip


# -- calls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"city": "Oslo", "days": 3}, ""),
        ({"days": 3}, "weather: city is missing"),
        ({"city": "Oslo", "days": "3"}, 'weather: days is "3", not what its schema says'),
        ({"city": "Oslo", "hours": 3}, "weather: hours is none of its arguments (city, days)"),
    ],
)
def test_arguments_are_held_against_the_schema(arguments: Values, said: str):
    call = Message("assistant", "", (ToolCall("weather", json.dumps(arguments)),))
    assert wrong_call([call], [{"type": "function", "function": WEATHER}]) == said


def test_schemas_in_other_words_are_passed_over():
    call = Message("assistant", "", (ToolCall("weather", '{"city": 1}'),))
    parameters = {"type": "dict", "properties": {"city": {"type": "string"}}}
    assert wrong_call([call], [{"function": {"name": "weather", "parameters": parameters}}]) == ""
    for odd in ({"required": True}, {"properties": []}, {"minimum": "1"}, {"pattern": "("}):
        parameters = {"type": "object", "properties": {"city": {"type": "string"}}, **odd}
        tool = {"function": {"name": "weather", "parameters": parameters}}
        assert wrong_call([call], [tool]) == ""
    assert wrong_call([call], [{"function": {"name": "weather", "parameters": []}}]) == ""
    loose = {"type": "object", "properties": {}, "additionalProperties": True}
    assert wrong_call([call], [{"function": {"name": "weather", "parameters": loose}}]) == ""
    assert wrong_call([call], []) == ""
    other = Message("assistant", "", (ToolCall("news", "{}"),))
    assert wrong_call([other], [{"function": WEATHER}]) == "news is not among the tools"


def test_rows_with_wrong_arguments_are_found_and_left_out(ready: Ready):
    def calling(n: int, arguments: Values) -> Values:
        row = chat(n)
        call = {"function": {"name": "weather", "arguments": arguments}}
        row["messages"][1] = {"role": "assistant", "content": "", "tool_calls": [call]}
        return row | {"tools": [WEATHER]}

    rows = [calling(n, {"city": f"place {n}"}) for n in range(40)]
    rows[11] = calling(11, {"town": "Oslo"})
    found = findings(ready(rows))["tool-arguments"]
    assert "1 row holds calls" in found.title
    assert "source rows 12: 'weather: city is missing'" in found.evidence
    data = ready(rows, clean=["calls"])
    assert findings(data) == {}
    assert 12 not in rows_of(data)


# -- JSON ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_right"),
    [('{"a": 1}', True), ("[]", True), ('```json\n{"a": [1]}\n```', True), ('{"a": 1', False),
     ("{'a': 1}", False), ('```\n{"a": 1,}\n```', False)],
)  # fmt: skip
def test_json_is_parsed_where_it_is_meant(text: str, is_right: bool):
    assert is_json(text) == is_right
    assert bool(broken_json(text)) != is_right


@pytest.mark.parametrize("text", ["{name} is here", "[1] a note", "[EMAIL_1]", "yes", "{ }x }"])
def test_what_is_not_meant_as_json_is_left(text: str):
    assert broken_json(text) == "" or text == "{ }x }"


def test_answers_that_do_not_parse_and_answers_that_are_prose(ready: Ready):
    rows = [chat(n, json.dumps({"n": n})) for n in range(40)]
    assert findings(ready(rows)) == {}
    rows[3] = chat(3, '{"n": 3')
    rows[5] = chat(5, "The number is five.")
    data = ready(rows)
    assert set(findings(data)) == {"broken-json", "not-json"}
    assert [line["row"] for line in listed(data, "broken-json")] == [4]
    assert [line["row"] for line in listed(data, "not-json")] == [6]
    steps = findings(data)["not-json"].change["data.clean"]
    assert steps == [{"name": "json", "every": True}]
    data = ready(rows, clean=steps)
    assert findings(data) == {}
    assert not {4, 6} & set(rows_of(data))
    assert 6 in rows_of(ready(rows, clean=["json"]))


# -- labels ----------------------------------------------------------------------------------------


def test_doubted_labels_are_confident_learnings():
    # Thresholds: class 0 (0.9 + 0.7 + 0.2) / 3 = 0.6, class 1 (0.8 + 0.6 + 0.9) / 3 = 0.7667.
    # Row 2 is labelled 0 and reaches class 1's; row 4 is labelled 1 and reaches neither.
    probability_TC = np.array(
        [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]], np.float32
    )
    (found,) = doubted(probability_TC, np.array([0, 0, 0, 1, 1, 1]))
    assert (found.row, found.other) == (2, 1)
    assert found.margin == pytest.approx(0.6)


def labelled(count: int) -> list[Values]:
    draw = random.Random(0)
    return [
        {
            "text": f"{review(draw, is_good=n % 2 == 0)} {n}",
            "label": "good" if n % 2 == 0 else "bad",
        }
        for n in range(count)
    ]


def test_labels_that_were_flipped_are_doubted_first(ready: Ready):
    rows = labelled(400)
    assert findings(ready(rows)) == {}
    flipped = [20, 21, 100, 333]
    for n in flipped:
        rows[n]["label"] = "bad" if n % 2 == 0 else "good"
    data = ready(rows)
    found = findings(data)["doubtful-labels"]
    assert found.level is Level.NOTE
    first = listed(data, "doubtful-labels")
    assert sorted(line["row"] - 1 for line in first[:4]) == flipped
    assert {"label": "bad", "likelier": "good"}.items() <= {line["row"]: line for line in first}[
        21
    ].items()


def test_labels_that_words_do_not_tell_are_not_doubted(ready: Ready):
    rows = labelled(400)
    draw = random.Random(1)
    for row in rows:
        row["label"] = draw.choice(["good", "bad"])
    assert findings(ready(rows), "copies-with-other-labels") == {}


def test_vectors_tell_what_words_do_not(tmp_path: Path, store: Store):
    draw = np.random.default_rng(5)
    vector_TD = draw.normal(size=(600, 8)).astype(np.float32)
    vector_TD[:, 3] += 1.5 * np.sign(vector_TD[:, 3])
    label_T = (vector_TD[:, 3] > 0).astype(np.int64)
    label_T[:30] = 1 - label_T[:30]
    probability_TC = held_out_dense(vector_TD, label_T, np.arange(600) % 5, 2)
    assert probability_TC.sum(axis=1) == pytest.approx(np.ones(600))
    found = {one.row for one in doubted(probability_TC, label_T)}
    assert len(found & set(range(30))) >= 24
    assert len(found - set(range(30))) <= 3
    # In a data set: texts whose words say nothing, and an encoder that knows better.
    path = tmp_path / "rows.jsonl"
    rows = [{"text": f"row {n}", "label": "ab"[label_T[n]]} for n in range(600)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = {"source": str(path), "doubtful": {"encoder": "some/encoder", "tokens": 16}}
    recipe = Recipe.make({"model": "m", "data": data, "method": "classify"})

    def embed(encoder: str, texts: Sequence[str], tokens: int):
        assert (encoder, tokens) == ("some/encoder", 16)
        return vector_TD[[int(text.split()[1]) for text in texts]]

    made = prepare(recipe, store, embed=embed)
    first = listed(made, "doubtful-labels")[:20]
    assert sum(line["row"] <= 30 for line in first) >= 18
    assert "some/encoder (first 16 tokens)" in findings(made)["doubtful-labels"].evidence
    with pytest.raises(DataError, match="Nothing here can embed"):
        prepare(with_changes(recipe, {"seed": 2}), store)


def test_copies_with_other_labels(ready: Ready):
    rows = labelled(60)
    rows[40] = {"text": rows[7]["text"].upper(), "label": "good"}
    found = findings(ready(rows))["copies-with-other-labels"]
    assert "1 row has a copy with another label" in found.title
    assert "41 and 8" in found.evidence


# -- benchmarks ------------------------------------------------------------------------------------

LONG = "the quick brown fox jumps over the lazy dog and then sleeps well until the next morning"


def test_runs_of_words_are_counted_by_hand():
    texts = pa.array(["a b c d", "b c", "", "A, b! c"])
    found = grams(texts, 3)
    assert found.text_S.tolist() == [0, 0, 3]
    assert found.hash_S[0] == found.hash_S[2]
    assert found.hash_S[0] != found.hash_S[1]


def test_rows_that_share_words_with_a_benchmark(ready: Ready, tmp_path: Path):
    path = tmp_path / "benchmark.jsonl"
    lines = [{"question": LONG, "choices": ["yes or no", "no"]}, {"question": "too short here"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    known = read_benchmark([str(path)])
    assert (known.num_texts, known.num_short, len(known.hash_S)) == (3, 2, 5)
    # Of 17 words 13 run on in 5 ways; cut after 14 words there are two, both known.
    begun = " ".join(LONG.upper().split()[:14])
    share_T = shared(pa.array([LONG, f"{begun}, he said to her", "nothing of it"]), known)
    assert share_T.tolist() == pytest.approx([1, 2 / 6, 0])

    rows = labelled(60)
    assert "No row shares" in findings(ready(rows, benchmarks=[str(path)]))["contamination"].title
    rows[30]["text"] += f" {LONG}"
    found = findings(ready(rows, benchmarks=[str(path)]))["contamination"]
    assert found.level is Level.ERROR
    assert "1 row shares 13 words" in found.title
    assert "2 of its 3 texts have less than 13 words" in found.title
    data = ready(rows, benchmarks=[str(path)], clean=found.change["data.clean"])
    assert 31 not in rows_of(data)
    assert "No row shares" in findings(data)["contamination"].title


def test_another_benchmark_makes_another_data_set(ready: Ready, tmp_path: Path):
    path = tmp_path / "benchmark.csv"
    path.write_text("text\none\n", encoding="utf-8")
    rows = labelled(40)
    first = ready(rows, benchmarks=[str(path)])
    path.write_text("text\ntwo\n", encoding="utf-8")
    assert ready(rows, benchmarks=[str(path)]).path != first.path
