"""What other tools and platforms write: read as what it is, and told apart from its neighbours."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest

from tests.data.test_convert import ROUNDS, Draw
from tests.data.test_formats import ANSWER, TURNS, USER, bad, choose, convert, refuse
from tuneful.data.formats import FORMATS
from tuneful.data.formats.base import BadValue, WritableFormat
from tuneful.data.message import Message, ToolCall
from tuneful.data.rows import Chat, Preference, Prompt

GOOD, BAD = Message("assistant", "Hello."), Message("assistant", "What?")
CALL = ToolCall("add", '{"a": 1}', "c1")
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
CALLING = (USER, Message("assistant", "", (CALL,)), Message("tool", "2", (), "add", "c1"), GOOD)


def parts(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("alpaca", {"instruction": "Hi?", "input": "", "output": "Hello."}),
        ("raft", {"question": "Hi?", "documents": [], "distractors": None, "answer": "Hello."}),
        ("gemini", {"contents": [parts("user", "Hi?"), parts("model", "Hello.")]}),
        (
            "bedrock",
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [
                    {"role": "user", "content": [{"text": "Hi?"}]},
                    {"role": "assistant", "content": [{"text": "Hello."}]},
                ],
            },
        ),
        (
            "cohere",
            {"messages": [{"role": "User", "content": "Hi?"},
                          {"role": "Chatbot", "content": "Hello."}]},
        ),
        ("prompt_completion", {"prompt": TURNS[:1], "completion": TURNS[1:]}),
    ],
)  # fmt: skip
def test_every_dialect_of_a_chat_gives_the_same_row(name: str, row: dict[str, Any]):
    chosen = choose(row)
    assert (chosen.format, chosen.row_type) == (name, "chat")
    assert chosen.convert(row)[:2] == (Chat((USER, ANSWER)), "Hi?")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "openai_preference",
            {
                "input": {"messages": TURNS[:1]},
                "preferred_output": TURNS[1:],
                "non_preferred_output": [BAD.to_json()],
            },
        ),
        ("nemo", {"prompt": "Hi?", "chosen_response": "Hello.", "rejected_response": "What?"}),
        (
            "gemini",
            {
                "contents": [parts("user", "Hi?")],
                "completions": [
                    {"score": 0, "completion": parts("model", "What?")},
                    {"score": 1, "completion": parts("model", "Hello.")},
                ],
            },
        ),
    ],
)
def test_every_dialect_of_a_preference_gives_the_same_row(name: str, row: dict[str, Any]):
    chosen = choose(row)
    assert (chosen.format, chosen.row_type) == (name, "preference")
    assert chosen.convert(row).row == Preference((USER,), (GOOD,), (BAD,))


def test_calls_of_tools_are_read_from_every_dialect():
    sharegpt = {
        "conversations": [
            {"from": "human", "value": "Hi?"},
            {"from": "function_call", "value": '{"name": "add", "arguments": {"a": 1}}'},
            {"from": "observation", "value": "2"},
            {"from": "gpt", "value": "Hello."},
        ],
        "tools": json.dumps([TOOL["function"]]),
    }
    bare = Message("assistant", "", (ToolCall("add", '{"a": 1}'),))
    assert convert(sharegpt).row == Chat((USER, bare, Message("tool", "2"), GOOD), (TOOL,))
    gemini = {
        "contents": [
            parts("user", "Hi?"),
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "add",
                                                          "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "add",
                                                             "response": {"content": "2"}}}]},
            parts("model", "Hello."),
        ],
        "tools": [{"functionDeclarations": [TOOL["function"]]}],
    }  # fmt: skip
    assert convert(gemini).row == Chat(CALLING, (TOOL,))
    spec = {"name": "add", "inputSchema": {"json": {"type": "object"}}}
    bedrock = {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "S"}],
        "messages": [
            {"role": "user", "content": [{"text": "Hi?"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "add",
                                                           "input": {"a": 1}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1",
                                                         "content": [{"text": "2"}]}}]},
            {"role": "assistant", "content": [{"text": "Hello."}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": spec}]},
    }  # fmt: skip
    assert convert(bedrock).row == Chat((Message("system", "S"), *CALLING), (TOOL,))


def test_alpacas_history_becomes_earlier_turns():
    row = {"instruction": "Sum.", "input": "1 2", "output": "3", "history": [["Hi?", "Hello."]]}
    said = (USER, ANSWER, Message("user", "Sum.\n\n1 2"), Message("assistant", "3"))
    assert convert(row).row == Chat(said)
    assert "pair of texts" in bad({**row, "history": [["Hi?"]]}).problem


def test_documents_stand_before_the_question_in_an_order_that_does_not_tell_the_golden_one():
    firsts: set[str] = set()
    for number in range(8):
        row = {
            "question": f"Question {number}?",
            "golden_documents": ["gold"],
            "distractors": [{"title": "T", "text": "one"}, "two"],
            "answer": "Yes.",
        }
        asked = convert(row).row.messages[0].content  # pyright: ignore
        assert asked.endswith(f"</DOCUMENT>\nQuestion {number}?")
        assert sorted(part for part in asked.split("<DOCUMENT>")[1:])[0].startswith("T\none")
        firsts.add(asked.split("</DOCUMENT>")[0])
    assert len(firsts) > 1
    assert convert(row).key == "Question 7?"


def test_berkeleys_files_of_retrieval_rows_are_read():
    row = {
        "id": "1",
        "question": "Who?",
        "context": {"title": [["t"]], "sentences": [["a", "b"]]},
        "oracle_context": "b",
        "cot_answer": "Ada.",
        "instruction": "<DOCUMENT>a</DOCUMENT>\nWho?",
    }
    chosen = choose(row, columns={"question": "question"})
    asked = "<DOCUMENT>a</DOCUMENT>\n<DOCUMENT>b</DOCUMENT>\nWho?"
    assert chosen.convert(row).row == Chat((Message("user", asked), Message("assistant", "Ada.")))


def test_messages_that_nobody_answers_are_prompts_with_all_their_fields():
    row = {"messages": TURNS[:1], "answer": 42}
    chosen = choose(row)
    assert (chosen.format, chosen.convert(row).row) == ("reinforcement", Prompt((USER,), "42"))
    row = {"messages": TURNS[:1], "level": 2, "expected": "x"}
    assert convert(row).row == Prompt((USER,), '{"level": 2, "expected": "x"}')
    gemini = {"contents": [parts("user", "Hi?")], "references": {"answer": "42"}}
    assert convert(gemini).row == Prompt((USER,), "42")
    answered = {"messages": TURNS}
    assert choose(answered).format == "chat"


@pytest.mark.parametrize(
    ("row", "columns", "name"),
    [
        ({"q": "Hi?", "a": "Hello.", "b": "What?"}, {"prompt": "q", "chosen": "a", "rejected": "b"},
         "preference"),
        ({"instruction": "Hi?", "output": "Hello.", "trust": 2}, {"weight": "trust"}, "alpaca"),
        ({"instruction": "Hi?", "output": "Hello.", "rules": "S"}, {"system": "rules"}, "alpaca"),
        ({"instruction": "Hi?", "output": "Hello."}, {"prompt": "instruction"},
         "prompt_completion"),
        ({"talk": TURNS}, {"messages": "talk"}, "chat"),
        ({"talk": TURNS[:1], "right": "x"}, {"messages": "talk", "reference": "right"},
         "reinforcement"),
    ],
)  # fmt: skip
def test_columns_that_the_recipe_names_leave_one_format(
    row: dict[str, Any], columns: dict[str, str], name: str
):
    assert choose(row, columns=columns).format == name


def test_messages_that_may_be_a_chat_or_a_prompt_are_refused_with_both():
    row = {"messages": [*TURNS, {"role": "user", "content": "And?"}], "answer": "42"}
    error = refuse(row)
    assert "chat by" in error.message
    assert "reinforcement by" in error.message
    assert choose(row, asked="chat").row_type == "chat"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"contents": [{"role": "user", "parts": [{"fileData": {}}]}]}, "'fileData'"),
        ({"contents": [parts("narrator", "x")]}, "'narrator'"),
        ({"contents": [parts("user", "Hi?")]}, "nothing to learn"),
        ({"contents": [parts("user", "Hi?")], "completions": []}, "0 completions"),
        (
            {"input": {"messages": TURNS[:1], "tools": [TOOL]}, "preferred_output": TURNS[1:],
             "non_preferred_output": [BAD.to_json()]},
            "tools",
        ),
        (
            {"schemaVersion": "bedrock-conversation-2024",
             "messages": [{"role": "user", "content": [{"image": {}}]}]},
            "'image'",
        ),
        ({"question": "Hi?", "documents": [3], "answer": "Hello."}, "not a document"),
    ],
)  # fmt: skip
def test_what_a_dialect_cannot_say_is_a_bad_row(row: dict[str, Any], word: str):
    assert word in bad(row).problem


JUNK = (None, 3, 0.5, True, "", "x", "[{", [], {}, [3], ["x"], [None], {"a": 1}, [{}], [[]])


def spoiled(value: Any, draw: random.Random) -> Any:
    """A copy in which one value, somewhere, is another."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        name = draw.choice(sorted(value))
        return {**value, name: spoiled(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        at = draw.randrange(len(value))
        return [*value[:at], spoiled(value[at], draw), *value[at + 1 :]]
    return draw.choice(JUNK)


@pytest.mark.parametrize(("name", "make"), ROUNDS)
def test_whatever_stands_in_a_row_is_read_or_said_to_be_bad(name: str, make: Any):
    part = FORMATS[name]()
    assert isinstance(part, WritableFormat)
    record = part.record(make(Draw(1)))
    asked = "chat" if name == "nemo" and "messages" in record else name
    chosen, draw = choose(record, asked=asked), random.Random(name)
    for _ in range(150):
        column = draw.choice(sorted(record))
        row = {**record, column: spoiled(record[column], draw)}
        with contextlib.suppress(BadValue):
            chosen.convert(row)
