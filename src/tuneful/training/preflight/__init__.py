"""Preflight: what can be known to go wrong before the first step, as findings.

To add a check: a file here with one function from an Inspection to findings, and a line in
PREFLIGHT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry
from tuneful.core.report import Report

if TYPE_CHECKING:
    from tuneful.training.preflight.base import Check, Inspection

PREFLIGHT: Registry[Check] = Registry(
    "preflight",
    {
        "answers": "tuneful.training.preflight.answers:check",
        "earlier": "tuneful.training.preflight.earlier:check",
        "ending": "tuneful.training.preflight.ending:check",
        "learned": "tuneful.training.preflight.learned:check",
        "learning_rate": "tuneful.training.preflight.learning_rate:check",
        "metric": "tuneful.training.preflight.metric:check",
        "overfit": "tuneful.training.preflight.overfit:check",
        "rewards": "tuneful.training.preflight.rewards:check",
        "steps": "tuneful.training.preflight.steps:check",
        "truncation": "tuneful.training.preflight.truncation:check",
        "warmup": "tuneful.training.preflight.warmup:check",
    },
)


def preflight(inspection: Inspection) -> Report:
    """Run every check that has what it needs; the gravest findings come first.

    Call it once with recipe and rows alone, before a model is fetched, and again with the model at
    hand: a check that lacks something says nothing.
    """
    findings = [finding for name in PREFLIGHT for finding in PREFLIGHT[name](inspection)]
    findings.sort(key=lambda finding: -finding.level)
    return Report(title="Preflight", findings=findings)
