"""Checks of prepared rows, as findings.

To add a check: a file here with one function from Facts to findings, and a line in CHECKS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Check, Facts

CHECKS: Registry[Check] = Registry(
    "check",
    {
        "amounts": "tuneful.data.checks.amounts:check",
        "answers": "tuneful.data.checks.answers:check",
        "boilerplate": "tuneful.data.checks.boilerplate:check",
        "calls": "tuneful.data.checks.calls:check",
        "cleaned": "tuneful.data.checks.cleaned:check",
        "classes": "tuneful.data.checks.classes:check",
        "contamination": "tuneful.data.checks.contamination:check",
        "copies": "tuneful.data.checks.copies:check",
        "doubtful": "tuneful.data.checks.doubtful:check",
        "encoding": "tuneful.data.checks.encoding:check",
        "format": "tuneful.data.checks.format:check",
        "hidden": "tuneful.data.checks.hidden:check",
        "labels": "tuneful.data.checks.labels:check",
        "language": "tuneful.data.checks.language:check",
        "markup": "tuneful.data.checks.markup:check",
        "private": "tuneful.data.checks.private:check",
        "profanity": "tuneful.data.checks.profanity:check",
        "quality": "tuneful.data.checks.quality:check",
        "roles": "tuneful.data.checks.roles:check",
        "texts": "tuneful.data.checks.texts:check",
    },
)


def check_rows(facts: Facts) -> list[Finding]:
    """Run every check; the gravest findings come first."""
    findings = [finding for name in CHECKS for finding in CHECKS[name](facts)]
    return sorted(findings, key=lambda finding: -finding.level)
