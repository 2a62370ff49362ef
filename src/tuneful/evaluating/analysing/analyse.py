"""The whole analysis of an evaluation's rows, as JSON values.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import TunefulError
from tuneful.data.rows import Pair
from tuneful.evaluating.analysing.columns import Values, dividing, is_about, source_values
from tuneful.evaluating.analysing.examples import examples
from tuneful.evaluating.analysing.facets import Facet, facets, truth_of_rows
from tuneful.evaluating.analysing.people import beside_people
from tuneful.evaluating.analysing.scores import row_scores
from tuneful.evaluating.analysing.slices import slices
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.models.attributions import Question, attribute
from tuneful.models.predict import load_predictor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.evaluating.analysing.scores import Scores
    from tuneful.evaluating.metrics.base import Array
    from tuneful.models.classifier import Classifier
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

MOST_ROWS = 20_000
"""Of more, as many are drawn for slices."""
EXPLAINED = ("worst", "mended")
"""Kinds of examples whose words are weighed, in turn."""
TOKENS_OF_ALL = 14_000
"""Passes through the model, in tokens, for all explanations together: some seconds of MiniLM."""


@dataclass(frozen=True)
class Case:
    """What is analysed.

    Attributes:
        model: The tuned model.
        recipe: Of the evaluation.
        data: Whose test rows were asked.
        rows: These rows.
        metrics: Names of the metrics that were measured, in their order.
        tuned: What the tuned model said, beside the truth.
        base: The same of its base; None where it was not asked.
        store: Where models are.
        more: Further ways to divide the rows, by name.
    """

    model: Model
    recipe: Recipe
    data: Dataset
    rows: Sequence[Row]
    metrics: Sequence[str]
    tuned: Any
    base: Any | None
    store: Store
    more: dict[str, tuple[str, ...]]


def analyse(case: Case, scores: Scores) -> dict[str, Any]:
    """Slices, examples, calibration and people, whatever the rows allow."""
    values, problem = _source(case)
    found = _facets(case, values)
    used_N = _used(len(case.rows), case.recipe.seed)
    some, parts = _subset(scores, found, used_N)
    fresh = case.model.head != "tokens"
    sliced = slices(some, parts, case.recipe.seed, base_is_fresh=fresh)
    facts: dict[str, Any] = {
        "score": {
            "title": scores.title,
            "is_up": scores.is_up,
            "is_share": scores.is_share,
            "is_binary": scores.is_binary,
        },
        "rows": len(some.tuned_N),
        "whole": float(some.tuned_N.mean()),
        "base_is_fresh": fresh,
        "slices": [one.to_json() for one in sliced],
        "tests": sum((one.p_weak is not None) + (one.p_worse is not None) for one in sliced),
        "columns_problem": problem,
        "examples": examples(scores, case.tuned, case.base, case.rows, case.model.labels),
    }
    if isinstance(case.tuned, ClassSample):
        facts["explained"] = _explain(case, case.tuned, facts["examples"])
    people = _people(case, values)
    if people is not None:
        facts["people"] = people
    return facts


def scores_of(case: Case) -> Scores | None:
    """One number a row of what was measured; None where the measure has none."""
    return row_scores(case.metrics, case.model.measured_as, case.tuned, case.base)


def _source(case: Case) -> tuple[list[Values], str]:
    """The rows as their source has them; or why they were not found."""
    try:
        values = source_values(case.recipe.data, case.data, case.rows)
    except TunefulError as error:  # it was read once: what is gone now costs these slices alone
        return [], error.message
    return values, "" if values else "The rows were not found in their source again."


def _facets(case: Case, values: Sequence[Values]) -> list[Facet]:
    sample = case.tuned
    sure_N: Array | None = None
    if isinstance(sample, ClassSample):
        sure_N = sample.probability_NC.max(axis=1)
    truth = truth_of_rows(case.rows)
    columns = {**dividing(values, truth), **case.more}
    found = facets(case.rows, sample, columns, sure_N, case.recipe.seed)
    return [
        replace(facet, is_truth=facet.is_truth or is_about(facet.slice_N, truth)) for facet in found
    ]


def _used(num_rows: int, seed: int) -> Any:
    import numpy as np

    if num_rows <= MOST_ROWS:
        return np.arange(num_rows)
    draw = np.random.default_rng([seed, 0x5A3E])
    return np.sort(draw.choice(num_rows, MOST_ROWS, replace=False))


def _subset(scores: Scores, found: Sequence[Facet], used_N: Any) -> tuple[Scores, list[Facet]]:
    if len(used_N) == len(scores.tuned_N):
        return scores, list(found)
    base_N = None if scores.base_N is None else scores.base_N[used_N]
    some = replace(scores, tuned_N=scores.tuned_N[used_N], base_N=base_N)
    numbers: list[int] = used_N.tolist()
    return some, [
        replace(facet, slice_N=tuple(facet.slice_N[at] for at in numbers)) for facet in found
    ]


def _people(case: Case, values: Sequence[Values]) -> dict[str, Any] | None:
    """The model's ratings beside each person's, where the source has them."""
    import numpy as np

    name = case.recipe.evaluate.people
    if not name or not isinstance(case.tuned, RatingSample) or not values:
        return None
    ratings = [[float(one) for one in row.get(name) or ()] for row in values]
    asked = case.recipe.evaluate.resamples, case.recipe.seed
    tuned = beside_people(case.tuned.rating_N, ratings, *asked)
    level = beside_people(np.round(case.tuned.rating_N), ratings, *asked)
    if tuned is None or level is None:
        return None
    return {"column": name, **tuned.to_json(), "rounded": level.to_json()}


def _explain(case: Case, sample: ClassSample, found: dict[str, Any]) -> int:
    """Weigh the words of a few examples, in place; how many were explained."""
    asked = list(_asked(case, sample, found))
    if not asked or case.model.head != "classes":
        return 0
    loaded = load_predictor(case.model.path, case.store, precision="fp32")
    model = cast("Classifier", loaded)
    if model.scorer.num_before:  # learned tokens stand before the text: it has no embeddings alone
        return 0
    labels = case.model.labels
    made = attribute(model, [question for _, question in asked], TOKENS_OF_ALL)
    for (example, question), why in zip(asked, made, strict=True):
        if why is None:
            continue
        example["why"] = {
            "chosen": labels[question.chosen],
            "other": labels[question.other],
            "words": list(why.words),
            "values": list(why.values),
            "score": why.score,
            "at_padding": why.at_padding,
            "gap": why.gap,
        }
    return sum(why is not None for why in made)


def _asked(
    case: Case, sample: ClassSample, found: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], Question]]:
    kinds = [found.get(kind, []) for kind in EXPLAINED]
    for place in range(max(map(len, kinds), default=0)):
        for example in [known[place] for known in kinds if place < len(known)]:
            at = int(example["row"])
            row = case.rows[at]
            if isinstance(row, Pair):
                continue
            chosen, truth = int(sample.chosen_N[at]), int(sample.truth_N[at])
            order = sample.probability_NC[at].argsort()[::-1].tolist()
            other = truth if chosen != truth else int(order[1])
            yield example, Question(str(getattr(row, "text", "")), chosen, other)
