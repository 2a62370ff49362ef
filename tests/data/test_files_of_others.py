"""Files as other programs and their pages have them: nothing in them is lost in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.conftest import Put
from tests.data.test_prepare import recipe
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.report import Finding
from tuneful.core.store import Store
from tuneful.data.converting.convert import Asked, convert
from tuneful.data.formats.base import BadValue, Sample
from tuneful.data.message import Message, ToolCall
from tuneful.data.prepare import prepare
from tuneful.data.readers import READERS
from tuneful.data.readers.base import suffix
from tuneful.data.reading.detect import Chosen, choose_format
from tuneful.data.reading.records import BadRow, Meter, Record
from tuneful.data.rows import Chat, Judged, Preference, Prompt, Ranked
from tuneful.data.sources import open_source

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


@pytest.mark.parametrize(("name", "level"), [("system", "warning"), ("note", "note")])
def test_a_column_that_comes_late_is_counted(put: Put, store: Store, name: str, level: str):
    turns = [{"messages": [{**HI, "content": f"Hi {n}?"}, HELLO]} for n in range(120)]
    turns[110][name] = "Be brief."  # type: ignore[assignment]
    source = put("in.jsonl", "".join(json.dumps(row) + "\n" for row in turns))
    report = prepare(recipe(source, method="sft"), store).report()
    (found,) = [f for f in report.findings if f.code == "not-read"]
    assert (found.level.name.lower(), found.title) == (
        level,
        f"Rows hold what is not read: column {name!r} (1 row).",
    )
    assert "source rows 111" in found.evidence


def test_thoughts_of_gemini_are_no_answer():
    said = {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Hello."}]}
    row = {"contents": [{"role": "user", "parts": [{"text": "Hi?"}]}, said]}
    with pytest.raises(BadValue, match="thought"):
        chosen(row).convert(row)


def test_a_refusal_without_content_says_so():
    said = {"role": "assistant", "content": None, "refusal": "I cannot."}
    with pytest.raises(BadValue, match="a refusal") as caught:
        read({"messages": [HI, said]})
    assert "as content" in caught.value.fix


def test_reward_models_hold_the_reference():
    row = {"prompt": [HI], "ability": "math", "reward_model": {"ground_truth": "72"}}
    assert read(row, "prompt") == Prompt((ASK,), "72")


# -- files ---------------------------------------------------------------------------------------


def records(path: Path) -> list[dict[str, Any]]:
    return [
        item.values for item in READERS[suffix(path)](path, Meter()) if isinstance(item, Record)
    ]


def problem(path: Path) -> BadRow:
    return next(item for item in READERS[suffix(path)](path, Meter()) if isinstance(item, BadRow))


def test_excels_first_line_names_the_separator(put: Put):
    source = put("d.csv", "sep=;\r\ntext;label\r\na, b, c;x\r\n")
    assert records(source) == [{"text": "a, b, c", "label": "x"}]


def test_a_header_amid_the_rows_is_a_bad_row(put: Put):
    source = put("d.csv", "text,label\na,x\n\ufefftext,label\nb,y\ntext,y\n")
    assert problem(source).row == 2
    assert len(records(source)) == 3


def test_a_quote_that_is_never_closed_says_what_it_takes_in(put: Put):
    assert "the 2 lines that follow" in problem(put("d.csv", 'text,a\n"x,1\ny,2\nz,3\n')).problem


def test_lines_that_end_in_cr_alone_are_said(put: Put):
    with pytest.raises(DataError, match="CR alone"):
        records(put("d.csv", "text,label\ra,x\r"))


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('{\n  "text": "a"\n}\n', "jq -c"),
        ('{"data": [\n{"text": "a"}]}\n', "jq -c"),
        ('{"text": "a"},\n', "comma"),
        ("{'text': 'a'}\n", "json.dumps"),
    ],
)
def test_json_that_is_no_json_lines_says_what_to_do(put: Put, text: str, fix: str):
    assert fix in problem(put("d.jsonl", text)).fix


@pytest.mark.parametrize(
    ("name", "fix"), [("d.zip", "Unpack"), ("d.xlsx", "csv"), ("d.db", "sql:")]
)
def test_files_that_hold_rows_otherwise_say_what_to_do(put: Put, name: str, fix: str):
    with pytest.raises(DataError) as caught:
        open_source(str(put(name, "x")), ignore)
    assert caught.value.fix.split(". Give one")[0] != caught.value.fix
    assert fix in caught.value.fix


def test_conllu_gives_its_words_and_their_parts_of_speech(put: Put):
    rest = "_\t_\t0\troot\t_\t_"
    words = (("1-2", "Don't", "_", "_"), ("1", "Do", "do", "AUX"), ("2", "n't", "not", "PART"))
    lines = ["\t".join(word) + f"\t{rest}" for word in (*words, ("3", "go", "go", "VERB"))]
    lines = ["# newdoc", "# text = Don't go", *lines]
    (found,) = records(put("d.conll", "\n".join(lines) + "\n"))
    assert found["words"] == ["Do", "n't", "go"]
    assert found["tags"] == ["AUX", "PART", "VERB"]
    assert found["lemma"] == ["do", "not", "go"]


# -- findings ------------------------------------------------------------------------------------


def findings(store: Store, source: Path, code: str, **data: Any) -> list[Finding]:
    return [f for f in prepare(recipe(source, **data), store).report().findings if f.code == code]


def test_empty_answers_are_found_unless_they_are_given_or_calls(put: Put, store: Store):
    call = {"type": "function", "function": {"name": "add", "arguments": "{}"}}
    silent = {"role": "assistant", "content": ""}
    said = [silent, {**silent, "weight": 0}, {**silent, "tool_calls": [call]}, HELLO] * 4
    rows = [{"messages": [{**HI, "content": f"Hi {n}?"}, one]} for n, one in enumerate(said)]
    source = put("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (found,) = findings(store, source, "empty-answer", method="sft")
    assert found.title.startswith("4 rows hold")
    assert "1, 5, 9, 13" in found.evidence


@pytest.mark.parametrize("labels", [("caf\u00e9", "cafe\u0301"), ("good", "good\u200b")])
def test_classes_that_only_look_the_same_are_variants(
    put: Put, store: Store, labels: tuple[str, str]
):
    rows = [{"text": f"word{n} of {n * 7}", "label": labels[n % 2]} for n in range(40)]
    source = put("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (found,) = findings(store, source, "label-variants")
    assert "\\u" in found.evidence


def test_a_split_that_gets_no_rows_is_said(put: Put, store: Store):
    lines = "".join(f"word{n} of {n * 7},class{n}\n" for n in range(40))
    found = findings(store, put("in.csv", "text,label\n" + lines), "empty-split")
    assert [f.where for f in found] == ["data.split.validation", "data.split.test"]


@pytest.mark.parametrize(("label", "word"), [(float("nan"), "nan"), (["a"], "list")])
def test_a_label_that_is_no_class_says_what_it_is(label: object, word: str):
    with pytest.raises(BadValue, match=word) as caught:
        read({"text": "fine", "label": label})
    assert "fraction" not in caught.value.problem
    assert isinstance(label, float) or "classify_multi" in caught.value.fix


def test_prompts_and_ranked_answers_keep_the_system_and_the_input_beside_them():
    asked = (RULE, Message("user", "Add.\n\n1 2"))
    beside = {"system": "Be brief.", "instruction": "Add.", "input": "1 2"}
    assert read({**beside, "answer": "3"}, "prompt") == Prompt(asked, "3")
    made = read({**beside, "answers": ["3", "4"], "ranks": [1, 2]})
    assert made == Ranked(asked, ("3", "4"), (1.0, 2.0))


def test_what_stands_beside_bedrocks_tools_and_rafts_documents_is_counted():
    use = {"toolUse": {"toolUseId": "t", "name": "add", "input": {}}}
    result = {"toolResult": {"toolUseId": "t", "status": "error", "content": [{"text": "No."}]}}
    turns = [("user", {"text": "Hi?"}), ("assistant", use), ("user", result)]
    turns += [("assistant", {"text": "Hello."})]
    row = {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [{"role": role, "content": [block]} for role, block in turns],
        "toolConfig": {"tools": [], "toolChoice": {"auto": {}}},
    }
    lost = ("'toolChoice' of toolConfig", "'status' of toolResult")
    assert chosen(row).convert(row).lost == lost
    raft = {
        "question": "Hi?",
        "documents": [{"title": "T", "text": "x", "url": "u"}],
        "answer": "a",
    }
    assert chosen(raft).convert(raft).lost == ("'url' of documents",)
