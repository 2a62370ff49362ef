"""Answers are graded with the graders that the model was trained with."""

from typing import Any

import numpy as np
import pytest

from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.data.rows import Prompt
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.measures.graded import Graded, GradedSample
from tuneful.evaluating.metrics.reward import Reward
from tuneful.methods.base import DataFacts
from tuneful.methods.grpo import GRPO, GRPOConfig


class Parrot:
    """Says what the user said."""

    def answers(self, talks: list[Any], max_new_tokens: int, told: Any = None) -> list[str]:
        return [talk.messages[-1].content for talk in talks]


def test_answers_are_graded_one_by_one_and_together(store: Store):
    rewards = [{"name": "string_check", "weight": 2}, {"name": "numeric", "number": 3}]
    config = GRPOConfig.model_validate({"rewards": rewards})
    measure = Graded(Context(method=GRPO(config, DataFacts()), store=store))
    rows = [Prompt((Message("user", text),), reference="3") for text in ("3", "three", "3.0")]
    said = measure.ask(Parrot(), rows, lambda what: lambda done: None)  # type: ignore[arg-type]
    sample = measure.sample(said, rows)
    assert sample.answers == ("3", "three", "3.0")
    assert list(sample.rewards) == [3, 0, 1]
    assert measure.metrics(sample) == ["reward", "reward:string_check", "reward:numeric"]
    assert value(Reward(), sample) == pytest.approx(4 / 3)
    assert value(Reward("string_check"), sample) == pytest.approx(1 / 3)


def test_an_answer_without_a_score_is_not_a_zero():
    sample = GradedSample(("a", "b"), [{"x": 1.0}, {}], [1.0, None])
    assert value(Reward(), sample) == 1
    assert value(Reward("x"), sample) == 1


def value(metric: Reward, sample: GradedSample) -> float:
    sums = metric.statistics(sample).sum(axis=0, keepdims=True)
    return float(np.asarray(metric.combine(sums, len(sample.answers)))[0])
