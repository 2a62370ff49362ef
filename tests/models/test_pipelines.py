"""Pipelines of plain transformers say of a tuned folder what our predict says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.methods.test_every_method import recipe_of
from tuneful.core.store import Store
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.models.predict import load_predictor
from tuneful.recipe.change import with_changes
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL

pytestmark = pytest.mark.slow
TEXT = "the film was wonderful and warm ."


@dataclass(frozen=True)
class Tuned:
    """A tuned folder."""

    folder: Path
    ours: Any
    measure: Any

    def say(self, given: Any) -> dict[str, Any]:
        """What predict prints, in float32."""
        return self.measure.say(self.ours, [given])[0]

    def theirs(self, task: str, given: Any, **options: Any) -> Any:
        """What transformers alone makes of it."""
        from transformers import pipeline

        return pipeline(task, model=str(self.folder), device=-1, **options)(given)  # pyright: ignore


@pytest.fixture
def tuned(tmp_path: Path, store: Store):
    """From a method's name to its tuned folder."""

    def of(method: str, **changes: Any) -> Tuned:
        recipe = with_changes(recipe_of(method, tmp_path, max_steps=4), changes)
        model = train_recipe(recipe, store, gate=TRIAL).model
        measure = MEASURES[model.measured_as](Context.of(model, 8))
        return Tuned(model.path, load_predictor(model.path, store, precision="fp32"), measure)

    return of


def scores(found: list[Any]) -> dict[str, float]:
    """Of one text; transformers puts it into a list of its own where it was given alone."""
    listed = found[0] if isinstance(found[0], list) else found
    return {one["label"]: one["score"] for one in listed}


@pytest.mark.parametrize("method", ["classify", "classify_multi"])
def test_probabilities_of_classes(tuned, method: str):
    model = tuned(method)
    found = scores(model.theirs("text-classification", TEXT, top_k=None))
    assert found == pytest.approx(model.say(TEXT)["probabilities"], abs=1e-5)
    if method == "classify_multi":
        assert sum(found.values()) != pytest.approx(1.0, abs=1e-3)


def test_a_pair(tuned):
    model = tuned("pair")
    pair = {"text": TEXT, "second": "a dull plot"}
    given = {"text": TEXT, "text_pair": "a dull plot"}
    found = scores(model.theirs("text-classification", given, top_k=None))
    assert found == pytest.approx(model.say(pair)["probabilities"], abs=1e-5)
    assert found != pytest.approx(model.say({"text": TEXT, "second": "warm"})["probabilities"])


def test_ordinal_ratings_are_lowest_plus_the_probabilities(tuned):
    model = tuned("rate")
    found = scores(model.theirs("text-classification", TEXT, top_k=None))
    assert set(found) == {"above 1", "above 2", "above 3", "above 4"}
    assert model.say(TEXT)["rating"] == pytest.approx(1 + sum(found.values()), abs=1e-5)
    assert "plus the sum" in model.measure.plain_use()


def test_a_rating_by_regression_is_a_plain_score(tuned):
    model = tuned("rate", **{"method.loss": "regression"})
    (found,) = model.theirs("text-classification", TEXT)
    assert model.say(TEXT)["rating"] == pytest.approx(1 + (found["score"] + 1) / 2 * 4, abs=1e-5)
    assert "1 + (score + 1) / 2 * 4" in model.measure.plain_use()


def test_tags_word_by_word(tuned):
    model = tuned("tag")
    found = model.theirs("token-classification", TEXT, ignore_labels=[])
    said = model.say(TEXT)["tags"]
    assert [one["entity"] for one in found] == [one["tag"] for one in said]
    assert [float(one["score"]) for one in found] == pytest.approx(
        [one["confidence"] for one in said], abs=1e-5
    )
