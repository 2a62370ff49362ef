"""What findings may do: stop the work, be mended, or pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import Refused
from tuneful.core.report import Level

if TYPE_CHECKING:
    from tuneful.core.report import Finding, Report


@dataclass(frozen=True)
class Gate:
    """What the checks before training may do.

    Attributes:
        fail_on: Findings of this level or above stop the work; None lets everything pass.
        fix: Apply the changes that findings carry, then check again.
        inspects: Look at the model before it is trained, and time a pass of it; rows and settings
            are looked at always.
    """

    fail_on: Level | None = Level.ERROR
    fix: bool = False
    inspects: bool = True


CAREFUL = Gate()
TRIAL = Gate(fail_on=None, inspects=False)
"""Of one training of many that are compared: what preflight warns of may be what is looked for, so
only what cannot be trained fails a trial."""


def bad(report: Report, gate: Gate) -> list[Finding]:
    """Findings that stop the work."""
    if gate.fail_on is None:
        return []
    return [finding for finding in report.findings if finding.level >= gate.fail_on]


def mending(report: Report, gate: Gate, known: dict[str, Any]) -> dict[str, Any]:
    """Recipe changes to make now: those of findings that would stop the work."""
    if not gate.fix:
        return {}
    level = gate.fail_on or Level.ERROR
    wanted: dict[str, Any] = {}
    for finding in report.findings:
        if finding.level >= level:
            for key, value in finding.change.items():
                wanted[key] = _both(wanted.get(key), value)
    return {key: value for key, value in wanted.items() if known.get(key, ...) != value}


def refuse(report: Report, gate: Gate) -> None:
    """Stop the work where a finding does.

    Raises:
        Refused: One does; carries the report.
    """
    found = bad(report, gate)
    if not found or gate.fail_on is None:
        return
    can_mend = any(finding.change for finding in found)
    raise Refused(
        f"{len(found)} finding{'s' if len(found) > 1 else ''} of level {gate.fail_on.word} or "
        f"above: {', '.join(finding.code for finding in found)}",
        report=report,
        fix="Run it again with --fix to mend what a machine can, or change the recipe as each "
        "finding says."
        if can_mend
        else "Change the recipe or the data as each finding says.",
    )


def _both(one: Any, other: Any) -> Any:
    """What two findings ask of a key: of lists (data.clean) all that is in either."""
    if isinstance(one, list) and isinstance(other, list):
        known = cast("list[Any]", one)
        return known + [value for value in cast("list[Any]", other) if value not in known]
    return other
