"""Several graders make one reward; one that fails costs the answer and says why."""

from pathlib import Path

import pytest

from tuneful.core.errors import RecipeError
from tuneful.core.store import Store
from tuneful.data.message import Message, ToolCall
from tuneful.grading.graders.base import Answer
from tuneful.grading.graders.length import LengthConfig
from tuneful.grading.graders.python import PythonConfig
from tuneful.grading.graders.regex import RegexConfig
from tuneful.grading.graders.string_check import StringCheckConfig
from tuneful.grading.panel import Panel

WAYWARD = """
import os, time

def score(answer, reference, prompt):
    print("what it prints must not disturb")
    if answer == "raise":
        raise KeyError("gone")
    if answer == "hang":
        time.sleep(60)
    if answer == "die":
        os._exit(3)
    return float("nan") if answer == "nan" else len(answer) + len(prompt[0]["content"])

def strange(answer, question):
    return 0
"""


def test_a_reward_is_the_weighted_sum(store: Store):
    panel = Panel([StringCheckConfig(text="ok", weight=2), LengthConfig(weight=10)], store)
    graded = panel.grade([Answer("ok"), Answer("no"), Answer("")])
    panel.close()
    assert [one.reward for one in graded] == [12, 10, 0]
    assert graded[1].scores == {"string_check": 0, "length": 1}


@pytest.mark.slow
def test_what_a_function_does_wrong_costs_that_answer_alone(tmp_path: Path, store: Store):
    (tmp_path / "mine.py").write_text(WAYWARD, encoding="utf-8")
    function = PythonConfig(function=f"{tmp_path}/mine.py:score", timeout_s=0.5)
    panel = Panel([function, LengthConfig(weight=10)], store)
    prompt = (Message("user", "ab", (ToolCall("f", "{}"),)),)
    texts = ["fine", "raise", "nan", "hang", "die", "ok"]
    graded = panel.grade([Answer(text, prompt=prompt) for text in texts])
    panel.close()
    assert [one.reward for one in graded] == [16, None, None, None, None, 14]
    reasons = [one.failed["python"].reason for one in graded[1:-1]]
    assert reasons == ["raised", "not-a-number", "timed-out", "crashed"]
    assert graded[1].failed["python"].message == "KeyError: 'gone'"
    assert graded[1].scores == {"length": 1}


@pytest.mark.slow
def test_a_pattern_that_never_ends_costs_that_answer(store: Store):
    panel = Panel([RegexConfig(pattern="(a|aa)+$", timeout_s=0.3)], store)
    graded = panel.grade([Answer("a" * 60 + "b"), Answer("aaa")])
    panel.close()
    assert graded[0].failed["regex"].reason == "timed-out"
    assert graded[1].reward == 1


@pytest.mark.slow
def test_graders_that_cannot_be_made_are_refused(tmp_path: Path, store: Store):
    (tmp_path / "mine.py").write_text(WAYWARD, encoding="utf-8")
    for function, words in (
        ("no_such_module:score", "No module named"),
        (f"{tmp_path}/mine.py:nothing", "has no attribute 'nothing'"),
        (f"{tmp_path}/mine.py:strange", "asks for question"),
    ):
        with pytest.raises(RecipeError, match=words):
            Panel([PythonConfig(function=function)], store).grade([Answer("a")])
    with pytest.raises(RecipeError, match="Two graders are called 'string_check'"):
        Panel([StringCheckConfig(text="a"), StringCheckConfig(text="b")], store)
