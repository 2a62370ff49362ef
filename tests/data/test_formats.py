"""Columns as rows: every format recognised by name, and refused where two could be meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tuneful.core.errors import DataError, UnknownName
from tuneful.data.formats.base import BadValue, Converted, Sample
from tuneful.data.message import Message
from tuneful.data.reading.detect import Chosen, choose_format
from tuneful.data.rows import Chat, Judged, Labelled, Preference, Ranked


def choose(
    *rows: dict[str, Any],
    asked: str = "auto",
    columns: dict[str, str] | None = None,
    template: dict[str, str] | None = None,
) -> Chosen:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return choose_format(Sample(names, rows, columns or {}, template), asked, "rows.csv")


def convert(row: dict[str, Any], **asked: Any) -> Converted:
    return choose(row, **asked).convert(row)


def refuse(*rows: dict[str, Any], **asked: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        choose(*rows, **asked)
    assert caught.value.fix
    return caught.value


def bad(row: dict[str, Any], sound: dict[str, Any] | None = None, **asked: Any) -> BadValue:
    chosen = choose(sound or row, **asked)
    with pytest.raises(BadValue) as caught:
        chosen.convert(row)
    assert caught.value.fix
    return caught.value


USER, ANSWER = Message("user", "Hi?"), Message("assistant", "Hello.")
TURNS = [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Hello."}]


# -- labelled ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "label"),
    [("text", "label"), ("Review", "Sentiment"), ("sentence", "label text"), ("tweet", "stars")],
)
def test_a_text_and_a_class_are_known_by_their_names(text: str, label: str):
    row = {"id": 7, text: "fine", label: "good"}
    chosen = choose(row)
    assert (chosen.format, chosen.row_type) == ("labelled", "labelled")
    assert chosen.convert(row).row == Labelled("fine", "good")
    assert f"not used: {'id'!r}" in chosen.finding.evidence
    assert f"text is column {text!r}" in chosen.finding.evidence


def test_the_plainest_name_counts_first():
    row = {"title": "a", "text": "b", "score": 3, "label": "x"}
    assert convert(row).row == Labelled("b", "x")


@pytest.mark.parametrize(
    ("value", "label", "kind"),
    [
        (" good ", "good", "text"),
        ("1", "1", "text"),
        (1, "1", "number"),
        (1.0, "1", "number"),
        (True, "true", "true/false"),
    ],
)
def test_labels_are_text_whatever_their_type(value: object, label: str, kind: str):
    made = convert({"text": "fine", "label": value})
    assert made.row == Labelled("fine", label)
    assert made.label_kind == kind


@pytest.mark.parametrize(
    ("value", "word"),
    [(None, "empty"), ("  ", "empty"), (0.5, "0.5"), (float("nan"), "nan"), ([1], "list")],
)
def test_what_is_no_class_is_a_bad_row(value: object, word: str):
    assert word in bad({"text": "fine", "label": value}).problem


def test_a_text_that_is_a_list_is_a_bad_row():
    assert "list" in bad({"text": ["fine"], "label": "a"}).problem


# -- chat ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"messages": TURNS},
        {"messages": json.dumps(TURNS)},
        {"conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}]},
        {"Dialog": [{"role": "User", "content": "Hi?"}, {"role": "model", "content": "Hello."}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"text": "?"}]},
                      TURNS[1]]},
    ],
    ids=["openai", "json-text", "sharegpt", "other-words", "parts"],
)  # fmt: skip
def test_every_way_to_write_turns_gives_the_same_chat(row: dict[str, Any]):
    chosen = choose(row)
    assert chosen.format == ("sharegpt" if "from" in str(row) else "chat")
    assert chosen.row_type == "chat"
    assert chosen.convert(row)[:2] == (Chat((USER, ANSWER)), "Hi?")


def test_system_and_tool_turns_keep_their_roles():
    said = [("developer", "S"), ("human", "H"), ("observation", "O"), ("bot", "B")]
    made = convert({"messages": [{"role": role, "content": text} for role, text in said]})
    assert isinstance(made.row, Chat)
    assert [m.role for m in made.row.messages] == ["system", "user", "tool", "assistant"]
    assert made.key == "H"


def test_a_system_column_stands_before_the_turns():
    row = {"messages": TURNS, "rules": "Be brief."}
    made = convert(row, columns={"messages": "messages", "system": "rules"})
    assert made.row == Chat((Message("system", "Be brief."), USER, ANSWER))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([], "empty list"),
        (None, "empty"),
        ("Hi?", "no JSON"),
        ("[" * 100_000, "nested"),
        ("[" + "9" * 5000 + "]", "digits"),
        (["Hi?"], "Turn 1 is a str"),
        ([{"role": "narrator", "content": "x"}], "'narrator'"),
        ([{"role": "user"}], "no content"),
        ([{"role": "user", "content": "Hi?"}], "nothing to learn"),
        ([{"role": "assistant", "tool_calls": [{}]}], "tool"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "'image_url'"),
        ([{"role": "user", "content": [None]}], "only text"),
    ],
)
def test_what_are_no_turns_is_a_bad_row(value: object, word: str):
    assert word in bad({"messages": value}, sound={"messages": TURNS}).problem


# -- prompt and completion -----------------------------------------------------------------------


def test_prompt_and_completion_make_a_chat():
    made = convert({"prompt": "Hi?", "completion": "Hello."})
    assert made[:2] == (Chat((USER, ANSWER)), "Hi?")


def test_an_input_follows_its_instruction_and_a_system_goes_first():
    row = {"instruction": "Add.", "input": "1 2", "output": "3", "system": "Be exact."}
    made = convert(row)
    assert made.row == Chat(
        (Message("system", "Be exact."), Message("user", "Add.\n\n1 2"), Message("assistant", "3"))
    )
    assert made.key == "Add.\n\n1 2"
    without = convert({**row, "input": "", "system": None})
    assert without.row == Chat((Message("user", "Add."), Message("assistant", "3")))


def test_a_context_follows_an_input_that_is_the_prompt():
    made = convert({"input": "Who?", "context": "Ada wrote it.", "output": "Ada."})
    assert made.row == Chat(
        (Message("user", "Who?\n\nAda wrote it."), Message("assistant", "Ada."))
    )


def test_rows_without_a_prompt_are_told_apart_by_their_answers():
    sound = {"prompt": "Hi?", "completion": "Hello."}
    keys = [choose(sound).convert({"completion": answer}).key for answer in ("one", "two")]
    assert keys == ["one", "two"]
    assert "both empty" in bad({"prompt": "", "completion": None}, sound).problem


# -- template ------------------------------------------------------------------------------------


def test_a_template_fills_columns_in_and_keeps_double_braces_as_braces():
    template = {
        "system": "Answer in JSON.",
        "user": "Review: {text}",
        "assistant": '{{"label": "{label}", "stars": {stars}}}',
    }
    row = {"text": "fine {as} it is", "label": "good", "stars": 4.0}
    chosen = choose(row, template=template)
    assert (chosen.format, chosen.row_type) == ("template", "chat")
    made = chosen.convert(row)
    assert made.row == Chat(
        (
            Message("system", "Answer in JSON."),
            Message("user", "Review: fine {as} it is"),
            Message("assistant", '{"label": "good", "stars": 4}'),
        )
    )
    assert made.key == "fine {as} it is"


def test_a_template_uses_our_names_for_the_sources_columns():
    row = {"body of text": "fine", "label": "good"}
    template = {"user": "{text}", "assistant": "{label}"}
    made = convert(row, template=template, columns={"text": "body of text"})
    assert made.row == Chat((Message("user", "fine"), Message("assistant", "good")))


def test_rows_whose_question_is_always_the_same_are_told_apart_by_their_answers():
    template = {"user": "Write a line.", "assistant": "{line}"}
    chosen = choose({"line": "one"}, template=template)
    assert [chosen.convert({"line": text}).key for text in ("one", "two")] == ["one", "two"]


def test_a_template_without_a_column_is_refused():
    error = refuse({"text": "x"}, template={"user": "Hi?", "assistant": "Hello."})
    assert error.where == "data.template"
    assert "no column" in error.message


@pytest.mark.parametrize(
    ("template", "where", "word"),
    [
        ({"user": "{text}"}, "data.template", "assistant"),
        ({"user": "{txet}", "assistant": "a"}, "data.template.user", "txet"),
        ({"user": "{text}", "assistant": '{"a": "{label}"}'}, "data.template.assistant", '"a"'),
        ({"user": "{text", "assistant": "a"}, "data.template.user", "cannot be read"),
        ({"user": "{text!r}", "assistant": "a"}, "data.template.user", "text"),
        ({"user": "{text.upper}", "assistant": "a"}, "data.template.user", "text.upper"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: Any, where: str, word: str):
    error = refuse({"text": "x", "label": "a"}, template=template)
    assert error.where == where
    assert word in error.message


def test_a_templates_wrong_column_gets_the_right_one_suggested():
    error = refuse({"text": "x"}, template={"user": "{txet}", "assistant": "a"})
    assert "Did you mean {text}?" in error.fix
    assert "{{" in error.fix


def test_a_row_that_lacks_a_templates_value_is_a_bad_row():
    template = {"user": "{text}", "assistant": "{label}"}
    assert "'label'" in bad({"text": "x", "label": None}, template=template).problem


def test_a_template_beside_another_format_is_refused():
    template = {"user": "{text}", "assistant": "{label}"}
    error = refuse({"text": "x", "label": "a"}, asked="labelled", template=template)
    assert "data.template" in error.message


# -- in doubt ------------------------------------------------------------------------------------


def test_two_columns_of_the_same_rank_are_refused_with_both():
    error = refuse({"review": "x", "sentence": "y", "label": "a"})
    assert "'review', 'sentence'" in error.message
    assert "--set data.columns.text=review" in error.fix
    assert error.where == "data.columns.text"


def test_columns_that_fit_two_formats_are_refused_with_both():
    error = refuse({"question": "x", "answer": "y", "label": "a"})
    assert "labelled by" in error.message
    assert "prompt_completion by" in error.message
    assert "data.format=" in error.fix


def test_a_format_that_is_asked_for_ends_the_doubt():
    row = {"question": "x", "answer": "y", "label": "a"}
    assert choose(row, asked="labelled").convert(row).row == Labelled("x", "a")
    assert choose(row, asked="prompt_completion").row_type == "chat"


def test_columns_that_the_recipe_names_end_the_doubt():
    row = {"review": "x", "sentence": "y", "label": "a"}
    assert convert(row, columns={"text": "sentence"}).row == Labelled("y", "a")
    both = {"question": "x", "answer": "y", "label": "a"}
    assert choose(both, columns={"text": "question"}).format == "labelled"


def test_a_doubt_within_one_format_does_not_hide_that_another_fits():
    row = {"question": "x", "answer": "y", "score": 1, "type": "a"}
    error = refuse(row)
    assert "prompt_completion by" in error.message
    assert "'score', 'type'" in error.message
    assert "data.format=prompt_completion" in error.fix


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"title": "t", "question": "x", "answer": "y"}, "prompt_completion"),
        ({"prompt": "x", "completion": "y", "score": 1, "type": "a"}, "prompt_completion"),
        ({"text": "x", "label": "a", "question": "q", "input": "i"}, "labelled"),
        ({"messages": TURNS, "title": "t", "headline": "h"}, "chat"),
    ],
)
def test_a_format_that_cannot_fit_raises_no_doubt(row: dict[str, Any], name: str):
    assert choose(row).format == name


def test_columns_that_fit_nothing_are_listed_with_what_is_needed():
    error = refuse({"a": 1, "b": 2})
    assert "'a', 'b'" in error.message
    assert "data.columns.text" in error.fix
    assert "a column messages" in error.fix


def test_a_wrong_column_gets_the_right_one_suggested():
    error = refuse({"review_body": "x", "label": "a"}, columns={"text": "reviewbody"})
    assert error.where == "data.columns.text"
    assert "Did you mean 'review_body'?" in error.fix


def test_a_wrong_name_of_ours_gets_the_right_one_suggested():
    error = refuse({"body": "x", "label": "a"}, columns={"txt": "body"})
    assert error.where == "data.columns"
    assert "Did you mean 'text'?" in error.fix


def test_an_unknown_format_gets_the_right_one_suggested():
    with pytest.raises(UnknownName) as caught:
        choose({"text": "x", "label": "a"}, asked="labeled")
    assert "labelled" in caught.value.fix


# -- preference, judged, ranked ------------------------------------------------------------------

GOOD_ANSWER, BAD_ANSWER = Message("assistant", "Hello."), Message("assistant", "What?")


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Hi?", "chosen": "Hello.", "rejected": "What?"},
        {"question": "Hi?", "chosen_response": "Hello.", "non_preferred": "What?"},
        {
            "prompt": [{"role": "user", "content": "Hi?"}],
            "chosen": [{"role": "assistant", "content": "Hello."}],
            "rejected": [{"role": "assistant", "content": "What?"}],
        },
        {"chosen": TURNS, "rejected": [*TURNS[:1], {"role": "assistant", "content": "What?"}]},
        {
            "prompt": "Hi?",
            "chosen": TURNS,
            "rejected": [*TURNS[:1], {"role": "assistant", "content": "What?"}],
        },
    ],
    ids=["texts", "other names", "turns", "prompt inside both", "prompt beside and inside"],
)
def test_every_way_to_write_a_preference_gives_the_same_row(row: dict[str, Any]):
    chosen = choose(row)
    assert chosen.row_type == "preference"
    assert chosen.convert(row).row == Preference((USER,), (GOOD_ANSWER,), (BAD_ANSWER,))


def test_a_preference_keeps_its_margin():
    row = {"prompt": "Hi?", "chosen": "Hello.", "rejected": "What?", "margin": "2"}
    made = convert(row).row
    assert isinstance(made, Preference)
    assert made.margin == 2.0


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"prompt": "Hi?", "chosen": "Same.", "rejected": "Same."}, "is the rejected one"),
        ({"chosen": TURNS[1:], "rejected": "What?"}, "no prompt"),
        ({"prompt": "Hi?", "chosen": TURNS[:1], "rejected": "What?"}, "assistant's turn"),
        ({"prompt": "Hi?", "chosen": "a", "rejected": "b", "margin": "far"}, "not a number"),
    ],
)
def test_what_is_no_preference_is_a_bad_row(row: dict[str, Any], word: str):
    assert word in bad(row).problem


def test_a_template_with_chosen_and_rejected_makes_preferences():
    template = {"system": "Be brief.", "user": "{q}", "chosen": "{a}", "rejected": "Well, {a}"}
    made = convert({"q": "Hi?", "a": "Hello."}, template=template)
    assert made.row == Preference(
        (Message("system", "Be brief."), USER),
        (GOOD_ANSWER,),
        (Message("assistant", "Well, Hello."),),
    )
    assert made.key == "Hi?"
    error = refuse({"q": "Hi?"}, template={"user": "{q}", "chosen": "{q}"})
    assert "no rejected turn" in error.message


@pytest.mark.parametrize(
    ("value", "is_good"), [(True, True), (0, False), ("yes", True), ("Down", False)]
)
def test_judged_answers_take_every_way_to_say_yes_and_no(value: object, is_good: bool):
    row = {"prompt": "Hi?", "completion": "Hello.", "label": value}
    assert convert(row, asked="judged").row == Judged((USER,), (GOOD_ANSWER,), is_good)


def test_a_judgement_that_is_neither_is_a_bad_row():
    row = {"prompt": "Hi?", "completion": "Hello.", "label": "perhaps"}
    assert "neither yes nor no" in bad(row, asked="judged").problem


def test_ranks_stand_as_they_are_and_scores_become_ranks():
    ranked = {"prompt": "Hi?", "answers": ["a", "b", "c"], "ranks": [2, 1, 2]}
    assert convert(ranked).row == Ranked((USER,), ("a", "b", "c"), (2.0, 1.0, 2.0))
    scored = {"prompt": "Hi?", "responses": '["a", "b", "c"]', "scores": "0.5;3;0.5"}
    assert convert(scored).row == Ranked((USER,), ("a", "b", "c"), (2.0, 1.0, 2.0))


@pytest.mark.parametrize(("answers", "ranks"), [(["a"], [1]), (["a", "b"], [1]), ([], [])])
def test_answers_and_ranks_must_be_as_many_and_two_or_more(answers: list[str], ranks: list[int]):
    row = {"prompt": "Hi?", "answers": answers, "ranks": ranks}
    assert f"{len(answers)} answers and {len(ranks)} ranks" in bad(row).problem


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ({"prompt": "Hi?", "chosen": "a", "rejected": "b"}, {"chosen": "c"}),
        ({"prompt": "Hi?", "answers": ["a", "b"], "ranks": [1, 2]}, {"answers": ["c", "b"]}),
    ],
)
def test_answers_tell_rows_apart_where_every_prompt_is_the_same(
    row: dict[str, Any], other: dict[str, Any]
):
    again = {**row, **other}
    alike = choose(row, again)
    assert alike.convert(row).key != alike.convert(again).key
    apart = choose(row, {**again, "prompt": "Who?"})
    assert apart.convert(row).key == "Hi?"
