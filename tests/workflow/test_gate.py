"""What findings ask for, brought together."""

from typing import Any

from tuneful.core.report import Finding, Level, Report
from tuneful.workflow.gate import Gate, mending


def asking(level: Level, **change: Any) -> Finding:
    return Finding(level, "c", "t", change={"data.clean": change["clean"]})


def test_steps_that_several_findings_ask_for_are_all_taken():
    one, other = {"name": "mask"}, {"name": "html"}
    report = Report("", [asking(Level.ERROR, clean=[one]), asking(Level.ERROR, clean=[other, one])])
    assert mending(report, Gate(fix=True), {}) == {"data.clean": [one, other]}


def test_what_is_below_the_level_is_not_mended():
    report = Report("", [asking(Level.WARNING, clean=[{"name": "mask"}])])
    assert mending(report, Gate(fix=True), {}) == {}
    gate = Gate(fail_on=Level.WARNING, fix=True)
    assert mending(report, gate, {}) == {"data.clean": [{"name": "mask"}]}
    assert mending(report, gate, {"data.clean": [{"name": "mask"}]}) == {}
