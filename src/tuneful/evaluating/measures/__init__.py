"""Measures: how a model is compared with the truth. To add one: a file here, a line in MEASURES.

A method names its measure (`Method.measured`), a metric the measures whose samples it can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.evaluating.measures.base import Measure

MEASURES: Registry[type[Measure]] = Registry(
    "measure",
    {
        "answers": "tuneful.evaluating.measures.answers:Answers",
        "classes": "tuneful.evaluating.measures.classes:Classes",
        "graded": "tuneful.evaluating.measures.graded:Graded",
        "judgements": "tuneful.evaluating.measures.judgements:Judgements",
        "labels": "tuneful.evaluating.measures.labels:Labels",
        "preferences": "tuneful.evaluating.measures.preferences:Preferences",
        "ratings": "tuneful.evaluating.measures.ratings:Ratings",
        "rewards": "tuneful.evaluating.measures.rewards:Rewards",
        "tags": "tuneful.evaluating.measures.tags:Tags",
        "texts": "tuneful.evaluating.measures.texts:Texts",
    },
)
