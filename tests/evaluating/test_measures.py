"""Every method is measured the whole way: base and tuned, card, and what predict prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.methods.test_every_method import EVERY_METHOD, recipe_of
from tuneful.cli.main import main
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.rows import Labelled, MultiLabelled, Rated, Tagged
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.recipe.parts import config_of
from tuneful.workflow import run
from tuneful.workflow.gate import TRIAL

INPUTS = {
    "pair": '{"text": "the film was warm", "second": "a dull plot"}',
    "reward": '{"prompt": "the film was", "answer": "warm"}',
}
SAYS: dict[str, set[str]] = {
    "answers": {"answer"},
    "classes": {"label", "confidence", "probabilities"},
    "labels": {"labels", "probabilities"},
    "judgements": {"answer"},
    "preferences": {"answer"},
    "ratings": {"rating", "level"},
    "rewards": {"score"},
    "tags": {"tags"},
    "texts": {"continuation"},
}
"""What predict prints beside the input, where the measure is one of ours."""


@EVERY_METHOD
def test_a_method_names_a_measure_that_its_metrics_read(method: str):
    kind = METHODS[method]
    assert kind.measured in MEASURES
    from tuneful.evaluating.metrics import metric

    assert all(kind.measured in metric(name).measures for name in kind.metrics)


@pytest.mark.slow
@EVERY_METHOD
def test_a_model_is_measured_beside_its_base_and_can_be_asked(
    tmp_path: Path, store: Store, method: str, capsys: pytest.CaptureFixture[str]
):
    outcome = run(recipe_of(method, tmp_path, max_steps=4), store=store, gate=TRIAL)
    facts = outcome.report.facts
    for name in METHODS[method].metrics:
        known = facts["metrics"][name]
        for who in ("tuned", "base", "difference"):
            numbers = [value for value in known[who].values() if not isinstance(value, str)]
            assert np.isfinite(numbers).all(), name
    folder = outcome.trained.model.path
    assert known["title"] in (folder / "README.md").read_text(encoding="utf-8")
    given = INPUTS.get(method, "the film was warm .")
    assert main(["predict", str(folder), given, "--max-new-tokens", "4"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert SAYS.get(METHODS[method].measured, set()) <= json.loads(line).keys()


def of(method: str, labels: tuple[str, ...] = (), **settings: Any) -> Any:
    """The measure of a method with these settings."""
    config = config_of("method", method).model_validate({"name": method, **settings})
    known = METHODS[method](config, DataFacts(labels))
    return MEASURES[known.measured](Context(known.outputs, known))


def test_a_rating_is_the_expected_level():
    measure = of("rate", lowest=1, highest=3)
    # P(above 1) = 0.9 and P(above 2) = 0.2: 1 + 1.1; the levels are whole, so it counts as 2.
    logits = [[np.log(9.0), np.log(0.25)]]
    sample = measure.sample(logits, [Rated("a", 2.0)])
    assert sample.rating_N == pytest.approx([2.1])
    assert sample.level_N.tolist() == [2.0]


def test_ratings_between_levels_are_not_rounded():
    measure = of("rate", loss="regression", lowest=0, highest=100)
    sample = measure.sample([[0.5], [7.0]], [Rated("a", 62.5), Rated("b", 90.0)])
    assert sample.rating_N.tolist() == [75.0, 100.0]
    assert sample.level_N.tolist() == [75.0, 100.0]


def test_half_a_level_goes_up():
    measure = of("rate", loss="regression", lowest=1, highest=5)
    sample = measure.sample([[-0.25], [0.25]], [Rated("a", 2.0), Rated("b", 4.0)])
    assert sample.rating_N.tolist() == [2.5, 3.5]
    assert sample.level_N.tolist() == [3.0, 4.0]


def test_always_saying_the_median_is_what_a_rating_must_beat():
    measure = of("rate")
    rows = [Rated("a", value) for value in (1.0, 4.0, 5.0)]
    sample = measure.sample(np.zeros((3, 4)).tolist(), rows)
    # The median is 4; the distances are 3, 0 and 1.
    assert measure.facts(sample)["trivial"]["mae"][0] == pytest.approx(4 / 3)


def test_a_class_with_more_than_even_odds_is_chosen():
    measure = of("classify_multi", labels=("a", "b", "c"))
    sample = measure.sample([[1.0, -1.0, 0.0]], [MultiLabelled("x", ("a", "c"))])
    assert sample.chose_NC.tolist() == [[1.0, 0.0, 0.0]]
    assert sample.is_NC.tolist() == [[1.0, 0.0, 1.0]]
    with pytest.raises(
        DataError, match="1 of 1 rows have a class that the model does not know: 'd'"
    ):
        measure.sample([[0.0] * 3], [MultiLabelled("x", ("d",))])


def test_ratings_outside_the_scale_are_counted_and_refused():
    rows = [Rated("a", 3.0), Rated("b", 7.0), Rated("c", 99.0)]
    with pytest.raises(DataError, match=r"2 of 3 rows have a rating outside .* 1 to 5: 7"):
        of("rate").sample(np.zeros((3, 4)).tolist(), rows)


def test_a_class_or_a_tag_that_the_model_does_not_know_is_counted_and_refused():
    rows = [Labelled("x", "a"), Labelled("y", "c")]
    with pytest.raises(DataError, match=r"1 of 2 rows .*: 'c'"):
        of("classify", labels=("a", "b")).sample([[0.0, 1.0]] * 2, rows)
    with pytest.raises(DataError, match=r"1 of 1 rows .*: 'B-X'"):
        of("tag", labels=("O", "B-Y")).sample([["O"]], [Tagged(("z",), ("B-X",))])
