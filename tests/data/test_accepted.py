"""Which calls count as right, by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tuneful.data.columns.accepted import accepts, first_accepted, read_accepted, reference_of
from tuneful.data.message import Message, ToolCall
from tuneful.data.rows import Chat

AREA = {"name": "area", "accepted": {"base": [10, 11], "height": [5.0], "unit": ["cm", ""]}}


def call(**arguments: Any) -> dict[str, Any]:
    return {"name": "area", "arguments": arguments}


@pytest.mark.parametrize(
    "arguments",
    [
        {"base": 10, "height": 5},
        {"base": 11, "height": 5.0, "unit": "C.M."},
        {"base": 10.0, "height": 5, "unit": ""},
    ],
)
def test_any_accepted_value_is_right_and_an_optional_one_may_be_missing(arguments: dict[str, Any]):
    assert accepts([call(**arguments)], [AREA])


@pytest.mark.parametrize(
    "arguments",
    [
        {"base": 10},
        {"base": 12, "height": 5},
        {"base": "10", "height": 5},
        {"base": 10, "height": 5, "unit": "m"},
        {"base": 10, "height": 5, "colour": "red"},
        {"base": [10], "height": 5},
    ],
    ids=["missing", "value", "type", "optional-value", "unknown", "list"],
)
def test_anything_else_is_wrong(arguments: dict[str, Any]):
    assert not accepts([call(**arguments)], [AREA])


def test_the_function_and_the_number_of_calls_count():
    said = call(base=10, height=5)
    assert not accepts([{**said, "name": "volume"}], [AREA])
    assert not accepts([said, said], [AREA])
    assert not accepts([], [AREA])
    assert accepts([], [])
    assert not accepts([said], [])


def test_parallel_calls_may_come_in_any_order_but_each_once():
    one = {"name": "area", "accepted": {"base": [1, 2]}}
    two = {"name": "area", "accepted": {"base": [1]}}
    # The first call fits both; taking the first that fits would leave 2 without a partner.
    assert accepts([call(base=1), call(base=2)], [one, two])
    assert accepts([call(base=2), call(base=1)], [one, two])
    assert not accepts([call(base=2), call(base=2)], [one, two])


def test_objects_and_lists_are_compared_to_their_depth():
    accepted = [{"name": "area", "accepted": {
        "where": [{"city": ["Rome", "Roma"], "zip": ["00100", ""]}], "tags": [["A", "b c"], [1, 2]],
        "boxes": [[{"x": [1, 2]}, {"x": [3]}]], "on": [True],
    }}]  # fmt: skip
    right = {
        "where": {"city": "roma"},
        "tags": ["a", "B-C"],
        "boxes": [{"x": 2}, {"x": 3}],
        "on": True,
    }
    assert accepts([call(**right)], accepted)
    for change in (
        {"where": {"city": "Oslo"}},
        {"where": {"zip": "00100"}},
        {"where": {"city": "Rome", "street": "x"}},
        {"tags": [2, 1]},
        {"tags": [1]},
        {"boxes": [{"x": 3}, {"x": 2}]},
        {"on": 1},
        {"on": None},
    ):
        assert not accepts([call(**{**right, **change})], accepted), change


def test_a_plain_call_accepts_its_own_values_alone():
    plain = {"name": "area", "arguments": {"base": 1, "at": {"x": [1, 2]}, "unit": None}}
    accepted = read_accepted(json.dumps([plain]))
    assert accepted is not None
    assert accepts([plain], accepted)
    assert not accepts([call(base=1, at={"x": [1]}, unit=None)], accepted)
    assert not accepts([call(base=1, at={"x": [1, 2]})], accepted)


@pytest.mark.parametrize("text", ["", "good", "{}", "[1]", '[{"title": "x"}]'])
def test_what_are_no_calls_is_none(text: str):
    assert read_accepted(text) is None


def test_the_learned_call_has_the_first_accepted_values_and_no_optional_ones():
    said = first_accepted("area", {**AREA["accepted"], "at": [{"x": ["", 2], "y": [3]}]}, ["base"])  # pyright: ignore
    assert said == ToolCall("area", '{"base": 10, "height": 5.0, "at": {"y": 3}}')
    assert first_accepted("area", {"unit": ["", "cm"]}, ["unit"]).arguments == '{"unit": "cm"}'


def test_a_row_is_judged_by_its_reference_else_by_its_last_calls():
    turns = (Message("user", "?"), Message("assistant", "", (ToolCall("f", '{"a": 1}'),)))
    assert reference_of(Chat(turns)) == '[{"name": "f", "arguments": {"a": 1}}]'
    assert reference_of(Chat(turns, reference="[]")) == "[]"
    assert reference_of(Chat((turns[0], Message("assistant", "No.")))) == "[]"
