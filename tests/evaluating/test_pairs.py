"""Preferences as numbers: pairs in order, margins, wins, and wanted against unwanted answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tuneful.data.message import Message
from tuneful.data.rows import Judged, Preference, Ranked
from tuneful.evaluating.bootstrap import value_of
from tuneful.evaluating.likeness import likeness
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.measures.judgements import Judgements
from tuneful.evaluating.measures.preferences import Preferences
from tuneful.evaluating.measures.rewards import Rewards
from tuneful.evaluating.metrics import metric


def said(text: str) -> tuple[Message, ...]:
    return (Message("assistant", text),)


ASKED = (Message("user", "?"),)
CHOSEN, REJECTED = '{"a": 1, "b": "x"}', "Well, a is 1."
ROWS = [Preference(ASKED, said(CHOSEN), said(REJECTED))] * 3


def value(name: str, sample: Any) -> float:
    known = metric(name)
    return value_of(known, known.statistics(sample))


def test_a_pair_counts_by_mean_log_probability_a_token():
    # Means: -1 against -2, -3 against -2, -2 against -2; sums: -4 and -2 apart by -2, and so on.
    answers = [[CHOSEN, -4.0, 4, -2.0, 1], ['{"a": 1}', -12.0, 4, -4.0, 2], ["", -4.0, 2, -2.0, 1]]
    sample = Preferences(Context()).sample(answers, ROWS)
    assert value("pair_accuracy", sample) == pytest.approx(0.5)
    assert value("pair_margin", sample) == pytest.approx((-2 - 8 - 2) / 3)
    # Alike to the chosen answer by 1, 0.5 and 0; the rejected one by 0: win, win, tie.
    assert value("win_rate", sample) == pytest.approx(2.5 / 3)
    assert value("json_valid", sample) == pytest.approx(1 / 3)
    assert Preferences(Context()).metrics(sample) == [
        "json_valid",
        "field_accuracy:a",
        "field_accuracy:b",
    ]


def test_a_ranking_counts_pair_by_pair_without_ties():
    rows = [Ranked(ASKED, ("a", "b", "c"), (1, 2, 2)), ROWS[0]]
    sample = Rewards(Context()).sample([[1.0, 0.0, 2.0], [0.5, 0.5]], rows)
    assert [part.tolist() for part in sample.apart] == [[1.0, -1.0], [0.0]]
    assert value("pair_accuracy", sample) == pytest.approx(1.5 / 3)
    assert value("pair_margin", sample) == pytest.approx(0.0)


def test_wanted_answers_are_set_against_unwanted_ones():
    rows = [Judged(ASKED, said("x"), is_good) for is_good in (True, False, True)]
    sample = Judgements(Context()).sample([-1.0, -4.0, -2.0], rows)
    assert value("separation", sample) == pytest.approx(-1.5 + 4.0)
    # Wanted answers alone are set against nothing.
    assert np.isnan(metric("separation").combine(np.array([[-1.0, 1.0, 0.0, 0.0]]), 1)).all()


@pytest.mark.parametrize(
    ("answer", "meant", "like"),
    [
        (CHOSEN, CHOSEN, 1.0),
        ('{"a": 1, "b": "y"}', CHOSEN, 0.5),
        (f"Sure! {CHOSEN}", CHOSEN, 0.0),
        ("the plain words", "plain words", 1.0),
        ("other", "plain words", 0.0),
    ],
)
def test_likeness_is_of_fields_where_json_is_wanted_and_of_words_elsewhere(
    answer: str, meant: str, like: float
):
    assert likeness(answer, meant) == pytest.approx(like)
