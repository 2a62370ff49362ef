"""What stands before a question is not learned, not measured, and in the right order."""

from pathlib import Path

import pytest

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import DataError
from tuneful.data.message import Message
from tuneful.data.rows import Chat
from tuneful.evaluating.evaluate import check_metrics
from tuneful.evaluating.rivals import Rival
from tuneful.recipe.change import with_changes


def test_a_system_turn_and_examples_stand_before_the_question():
    shot = (Message("user", "2 + 2?"), Message("assistant", "4"))
    row = Chat(
        (Message("system", "Own."), Message("user", "3 + 3?"), Message("assistant", "6")),
        reference="6",
    )
    told = Rival("1-shot", "Be short.", (shot,)).put_before(row)
    assert [(turn.role, turn.content) for turn in told.messages] == [
        ("system", "Be short.\n\nOwn."),
        ("user", "2 + 2?"),
        ("assistant", "4"),
        ("user", "3 + 3?"),
        ("assistant", "6"),
    ]
    assert [turn.weight for turn in told.messages if turn.role == "assistant"] == [0.0, 1.0]
    assert (told.answer, told.reference) == (row.answer, row.reference)
    plain = Chat(row.messages[1:])
    assert Rival("prompted", "Be short.").put_before(plain).messages[0].content == "Be short."


def test_only_models_that_answer_conversations_are_told(tmp_path: Path):
    check_metrics(with_changes(chat_recipe(tmp_path / "a"), {"evaluate.few_shot": 2}))
    with pytest.raises(DataError, match="no model that answers"):
        check_metrics(with_changes(classify_recipe(tmp_path / "b"), {"evaluate.few_shot": 2}))
    untold = {"evaluate.system": "x", "evaluate.base": False}
    with pytest.raises(DataError, match=r"evaluate\.base is false"):
        check_metrics(with_changes(chat_recipe(tmp_path / "c"), untold))
