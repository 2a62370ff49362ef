"""Metrics. To add one: a class in a file here and a line in METRICS.

A metric may take a part after a colon: "field_accuracy:sentiment".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Metric

METRICS: Registry[type[Metric]] = Registry(
    "metric",
    {
        "accuracy": "tuneful.evaluating.metrics.accuracy:Accuracy",
        "ece": "tuneful.evaluating.metrics.calibration_error:CalibrationError",
        "entity_f1": "tuneful.evaluating.metrics.entity_f1:EntityF1",
        "exact_match": "tuneful.evaluating.metrics.exact_match:ExactMatch",
        "field_accuracy": "tuneful.evaluating.metrics.json_answers:FieldAccuracy",
        "json_schema": "tuneful.evaluating.metrics.json_schema:JsonSchema",
        "json_valid": "tuneful.evaluating.metrics.json_answers:JsonValid",
        "macro_f1": "tuneful.evaluating.metrics.macro_f1:MacroF1",
        "mae": "tuneful.evaluating.metrics.ratings:MeanAbsoluteError",
        "micro_f1": "tuneful.evaluating.metrics.labels:MicroF1",
        "pair_accuracy": "tuneful.evaluating.metrics.pairs:PairAccuracy",
        "pair_margin": "tuneful.evaluating.metrics.pairs:PairMargin",
        "perplexity": "tuneful.evaluating.metrics.perplexity:Perplexity",
        "quadratic_kappa": "tuneful.evaluating.metrics.ratings:QuadraticKappa",
        "rating_accuracy": "tuneful.evaluating.metrics.ratings:RatingAccuracy",
        "reward": "tuneful.evaluating.metrics.reward:Reward",
        "rouge_l": "tuneful.evaluating.metrics.rouge_l:RougeL",
        "separation": "tuneful.evaluating.metrics.separation:Separation",
        "subset_accuracy": "tuneful.evaluating.metrics.labels:SubsetAccuracy",
        "tag_accuracy": "tuneful.evaluating.metrics.tag_accuracy:TagAccuracy",
        "token_f1": "tuneful.evaluating.metrics.token_f1:TokenF1",
        "tool_calls": "tuneful.evaluating.metrics.tool_calls:ToolCalls",
        "tool_calls_exact": "tuneful.evaluating.metrics.tool_calls:ExactToolCalls",
        "win_rate": "tuneful.evaluating.metrics.win_rate:WinRate",
    },
)


def metric(name: str) -> Metric:
    """A metric by its name, with the part after the colon if it has one.

    Raises:
        UnknownName: There is no such metric.
    """
    kind, _, part = name.partition(":")
    return METRICS[kind](part)
