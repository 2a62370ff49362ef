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
        "answer_tokens": "tuneful.evaluating.metrics.cost:AnswerTokens",
        "auroc": "tuneful.evaluating.metrics.auroc:Auroc",
        "avoids": "tuneful.evaluating.metrics.style:Avoids",
        "balanced_accuracy": "tuneful.evaluating.metrics.balanced_accuracy:BalancedAccuracy",
        "bertscore": "tuneful.evaluating.metrics.bertscore:BertScore",
        "bits_per_byte": "tuneful.evaluating.metrics.perplexity:BitsPerByte",
        "bleu": "tuneful.evaluating.metrics.bleu:Bleu",
        "brier": "tuneful.evaluating.metrics.brier:Brier",
        "chrf": "tuneful.evaluating.metrics.chrf:Chrf",
        "ece": "tuneful.evaluating.metrics.calibration_error:CalibrationError",
        "entity_f1": "tuneful.evaluating.metrics.entity_f1:EntityF1",
        "exact_match": "tuneful.evaluating.metrics.exact_match:ExactMatch",
        "field_accuracy": "tuneful.evaluating.metrics.json_answers:FieldAccuracy",
        "json_schema": "tuneful.evaluating.metrics.json_schema:JsonSchema",
        "json_valid": "tuneful.evaluating.metrics.json_answers:JsonValid",
        "latency_s": "tuneful.evaluating.metrics.cost:Latency",
        "macro_f1": "tuneful.evaluating.metrics.macro_f1:MacroF1",
        "mae": "tuneful.evaluating.metrics.ratings:MeanAbsoluteError",
        "markdown_valid": "tuneful.evaluating.metrics.markup:MarkdownValid",
        "mcc": "tuneful.evaluating.metrics.mcc:MatthewsCorrelation",
        "micro_f1": "tuneful.evaluating.metrics.labels:MicroF1",
        "pair_accuracy": "tuneful.evaluating.metrics.pairs:PairAccuracy",
        "pair_margin": "tuneful.evaluating.metrics.pairs:PairMargin",
        "pass_at_k": "tuneful.evaluating.metrics.pass_at_k:PassAtK",
        "perplexity": "tuneful.evaluating.metrics.perplexity:Perplexity",
        "quadratic_kappa": "tuneful.evaluating.metrics.ratings:QuadraticKappa",
        "rating_accuracy": "tuneful.evaluating.metrics.ratings:RatingAccuracy",
        "reading_grade": "tuneful.evaluating.metrics.style:ReadingGrade",
        "regex": "tuneful.evaluating.metrics.style:Regex",
        "reward": "tuneful.evaluating.metrics.reward:Reward",
        "rmse": "tuneful.evaluating.metrics.ratings:RootMeanSquaredError",
        "rouge_1": "tuneful.evaluating.metrics.rouge:Rouge1",
        "rouge_2": "tuneful.evaluating.metrics.rouge:Rouge2",
        "rouge_l": "tuneful.evaluating.metrics.rouge:RougeL",
        "separation": "tuneful.evaluating.metrics.separation:Separation",
        "subset_accuracy": "tuneful.evaluating.metrics.labels:SubsetAccuracy",
        "tag_accuracy": "tuneful.evaluating.metrics.tag_accuracy:TagAccuracy",
        "token_f1": "tuneful.evaluating.metrics.token_f1:TokenF1",
        "tool_arguments": "tuneful.evaluating.metrics.tool_parts:ToolArguments",
        "tool_calls": "tuneful.evaluating.metrics.tool_calls:ToolCalls",
        "tool_calls_exact": "tuneful.evaluating.metrics.tool_calls:ExactToolCalls",
        "tool_irrelevance": "tuneful.evaluating.metrics.tool_parts:ToolIrrelevance",
        "tool_names": "tuneful.evaluating.metrics.tool_parts:ToolNames",
        "tool_parallel": "tuneful.evaluating.metrics.tool_parts:ToolParallel",
        "tool_relevance": "tuneful.evaluating.metrics.tool_parts:ToolRelevance",
        "tool_types": "tuneful.evaluating.metrics.tool_parts:ToolTypes",
        "uses": "tuneful.evaluating.metrics.style:Uses",
        "win_rate": "tuneful.evaluating.metrics.win_rate:WinRate",
        "words": "tuneful.evaluating.metrics.style:Words",
        "yaml_valid": "tuneful.evaluating.metrics.markup:YamlValid",
    },
)


def metric(name: str) -> Metric:
    """A metric by its name, with the part after the colon if it has one.

    Raises:
        UnknownName: There is no such metric.
    """
    kind, _, part = name.partition(":")
    return METRICS[kind](part)
