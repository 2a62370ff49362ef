"""Files as other programs and their pages have them: nothing in them is lost in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.conftest import Put
from tests.data.test_prepare import recipe
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.converting.convert import Asked, convert
from tuneful.data.formats.base import Sample
from tuneful.data.message import Message, ToolCall
from tuneful.data.prepare import prepare
from tuneful.data.reading.detect import Chosen, choose_format
from tuneful.data.rows import Chat, Judged, Preference

HI = {"role": "user", "content": "Hi?"}
HELLO = {"role": "assistant", "content": "Hello."}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {}}}
ASK, SAID = Message("user", "Hi?"), Message("assistant", "Hello.")
WHAT, RULE = Message("assistant", "What?"), Message("system", "Be brief.")


def chosen(row: dict[str, Any], *wanted: str) -> Chosen:
    return choose_format(Sample(list(row), [row]), "auto", "rows.jsonl", wanted)


def read(row: dict[str, Any], *wanted: str) -> Any:
    return chosen(row, *wanted).convert(row).row


@pytest.mark.parametrize("system", ["Be brief.", [{"type": "text", "text": "Be brief."}]])
def test_a_system_prompt_beside_messages_is_read(system: object):
    assert read({"system": system, "messages": [HI, HELLO]}) == Chat((RULE, ASK, SAID))


def test_a_system_prompt_that_stands_in_the_messages_as_well_is_said_once():
    said = {"role": "system", "content": "Be brief."}
    row = {"system": "Be brief.", "messages": [said, HI, HELLO]}
    assert read(row) == Chat((RULE, ASK, SAID))
    assert read({"system": "[x", "messages": [HI, HELLO]}).messages[0].content == "[x"


@pytest.mark.parametrize(
    "names", [("chosen", "rejected"), ("chosen_response", "rejected_response")]
)
def test_a_preference_keeps_the_system_and_the_input_beside_its_prompt(names: tuple[str, str]):
    row = {"system": "Be brief.", "instruction": "Add.", "input": "1 2",
           names[0]: "Hello.", names[1]: "What?"}  # fmt: skip
    asked = (RULE, Message("user", "Add.\n\n1 2"))
    assert read(row, "preference") == Preference(asked, (SAID,), (WHAT,))


def test_answers_that_are_one_turn_follow_conversations():
    row = {
        "conversations": [{"from": "human", "value": "Hi?"}],
        "chosen": {"from": "gpt", "value": "Hello."},
        "rejected": {"from": "gpt", "value": "What?"},
    }
    assert read(row, "preference") == Preference((ASK,), (SAID,), (WHAT,))


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [HI, HELLO], "label": False, "system": "Be brief."},
        {"instruction": "Hi?", "input": "", "output": "Hello.", "kto_tag": False,
         "system": "Be brief."},
    ],
)  # fmt: skip
def test_answers_that_are_judged_stand_in_messages_or_alpacas_columns(row: dict[str, Any]):
    assert read(row, "judged") == Judged((RULE, ASK), (SAID,), is_good=False)


def test_tools_beside_prompt_and_completion_are_read():
    call = {"type": "function", "function": {"name": "add", "arguments": {"x": 1}}}
    row = {"prompt": [HI], "completion": [{"role": "assistant", "tool_calls": [call]}],
           "system": "Be brief.", "tools": [TOOL]}  # fmt: skip
    said = Message("assistant", "", (ToolCall("add", '{"x": 1}'),))
    assert read(row) == Chat((RULE, ASK, said), (TOOL,))


def test_a_completion_that_is_a_list_of_objects_is_text():
    answer = '[{"name": "Ada"}]'
    assert read({"prompt": "Names?", "completion": answer}).answer == answer
    row = {"prompt": "Hi?", "chosen": answer, "rejected": "[]"}
    assert read(row).chosen == (Message("assistant", answer),)
    turns = {"prompt": json.dumps([HI]), "completion": json.dumps([HELLO])}
    assert read(turns) == Chat((ASK, SAID))


# -- what has no place ---------------------------------------------------------------------------


def test_keys_of_turns_that_are_not_read_are_counted(put: Put, tmp_path: Path, store: Store):
    thought = {**HELLO, "reasoning_content": "Hm.", "refusal": None, "annotations": []}
    lines = [{"messages": [{**HI, "content": f"Hi {n}?"}, thought]} for n in range(7)]
    lines += [{"messages": [{**HI, "content": "Ho?"}, {**HELLO, "train": False}]}]
    source = put("in.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    report = prepare(recipe(source, method="sft"), store).report()
    found = {f.level.name.lower(): f for f in report.findings if f.code == "not-read"}
    assert "'reasoning_content' of turns (7 rows)" in found["note"].title
    assert "rows 1, 2, 3, 4, 5 and 2 more" in found["note"].evidence
    assert "'train' of turns (1 row)" in found["warning"].title
    assert "weight" in found["warning"].fix
    with pytest.raises(DataError, match="would lose 'reasoning_content' of turns"):
        convert(Asked(str(source), "sharegpt", tmp_path / "o.jsonl"))


def test_keys_beside_the_messages_of_openais_input_are_counted():
    row = {
        "input": {"messages": [HI], "tools": [], "parallel_tool_calls": True},
        "preferred_output": [HELLO],
        "non_preferred_output": [{**HELLO, "content": "What?"}],
    }
    assert chosen(row).convert(row).lost == ("'parallel_tool_calls' of input",)
