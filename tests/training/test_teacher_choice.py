"""Which of several answers is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tuneful.core.errors import RecipeError
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.recipe.data import Answers
from tuneful.training.teacher_choice import Choice, Said

PROMPT = (Message("user", "how many?"),)
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def chosen(store: Store, texts: list[str], **how: Any) -> Said:
    choice = Choice(Answers.model_validate({"model": "m", "temperature": 1.0, **how}), store)
    try:
        (said,) = choice.of([PROMPT], [[Said(text, "" if text else "no end") for text in texts]])
    finally:
        choice.close()
    return said


@pytest.mark.parametrize(
    ("texts", "how", "text", "why"),
    [
        (["b", "A", "a "], {}, "A", ""),
        (["b", "a", "c"], {}, "b", "no agreement"),
        (["b", "a", "c"], {"agreement": 0.3}, "b", ""),
        (["", "a", "a"], {"agreement": 0.7}, "a", "no agreement"),
        (['{"n": 1, "m": 2}', '{"m":2,"n":1}', '{"n": 2}'], {}, '{"n": 1, "m": 2}', ""),
        (['{"n": "1"}', '{"n": 3}'], {"json_schema": SCHEMA}, '{"n": 3}', ""),
        (["3"], {"json_schema": SCHEMA}, "3", "other shape"),
        ([""], {"json_schema": SCHEMA}, "", "no end"),
    ],
)
def test_the_most_frequent_whole_answer_is_kept(
    texts: list[str], how: dict[str, Any], text: str, why: str, store: Store
):
    said = chosen(store, texts, **how)
    assert (said.text, said.why) == (text, why)


def test_graders_have_their_say(store: Store):
    graders = [{"name": "regex", "pattern": "[0-9]+"}]
    assert chosen(store, ["about 3"], graders=graders).score == 1
    assert chosen(store, ["some"], graders=graders).why == "poor"
    assert chosen(store, ["some"], graders=graders, at_least=0).why == ""


def test_a_schema_is_read_whole_or_refused(store: Store):
    with pytest.raises(RecipeError, match="minProperties"):
        chosen(store, ["{}"], json_schema={"minProperties": 1})
