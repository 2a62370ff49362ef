"""Checks of prepared rows, as findings.

To add a check: a file here with one function from Facts to findings, and a line in CHECKS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Check, Facts
    from tuneful.data.sharing.crew import Crew

LONGEST = ("doubtful", "quality", "private")
"""Begun first, so that none of them runs alone at the end."""
FEWEST_SHARED = 5_000
"""Rows whose checks are worth starting other processes for."""
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


def check_rows(facts: Facts, crew: Crew) -> list[Finding]:
    """Run every check, the crew some of them at once; the gravest findings come first."""
    names = sorted(CHECKS, key=lambda name: (name not in LONGEST, name))
    here = len(names) if facts.num_used < FEWEST_SHARED else 0
    # Others' machines do not see the rows' file; and an encoder is loaded once, in this process.
    if crew.is_remote or facts.recipe.data.doubtful.encoder:
        made = map(Checking(facts), names)
    else:
        made = crew.map(Checking(replace(facts, embed=None)), names, here=here)
    found = dict(zip(names, made, strict=True))
    findings = [finding for name in sorted(names) for finding in found[name]]
    return sorted(findings, key=lambda finding: -finding.level)


@dataclass(frozen=True)
class Checking:
    """One check after the other, by name."""

    facts: Facts

    def __call__(self, name: str) -> list[Finding]:
        """What the check finds."""
        return list(CHECKS[name](self.facts))
