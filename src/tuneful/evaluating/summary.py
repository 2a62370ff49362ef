"""What was measured, as tables and judgements for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.analysing import shown
from tuneful.evaluating.corrections import about_corrections, corrections_table
from tuneful.evaluating.elsewhere import about_elsewhere, elsewhere_table
from tuneful.evaluating.few import FEW, about_few, made_by
from tuneful.evaluating.on_tasks import about_tasks, tasks_table
from tuneful.evaluating.paired import tests_of
from tuneful.evaluating.sandbox_open import about_sandbox
from tuneful.evaluating.speed import speed_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuneful.core.report import Cell

MOST_CLASSES_SHOWN = 12
MUCH_FORGOTTEN = 0.1
"""Rise of perplexity on general text, as a share, that is more than a note."""


def summarize(facts: Mapping[str, Any]) -> Report:
    """The evaluation's report."""
    tables = [_metrics(facts)]
    tables += [_rivals_table(facts)] if _rivals(facts) else []
    tables += [speed_table(facts["speed"])] if "speed" in facts else []
    if facts.get("elsewhere"):
        tables.append(elsewhere_table(facts["elsewhere"]))
    if "analysis" in facts:
        tables += shown.tables(facts["analysis"])
    if "forgetting" in facts:
        tables.append(forgetting_table(facts["forgetting"]))
    if "tasks" in facts:
        tables.append(tasks_table(facts["tasks"], interval))
    if "corrections" in facts and facts["corrections"]["missed"]:
        tables.append(corrections_table(facts["corrections"]))
    labels = facts.get("labels", [])
    if 0 < len(labels) <= MOST_CLASSES_SHOWN:
        rows: list[list[Cell]] = [
            [label, *counts] for label, counts in zip(labels, facts["confusion"], strict=True)
        ]
        note = "Test rows of the tuned model; lines are true, columns chosen classes."
        tables.append(Table("Confusion", ["class", *labels], rows, note))
    return Report("Evaluation", list(_findings(facts)), tables, facts)


def bare_interval(part: Mapping[str, float], *, is_share: bool, sign: bool = False) -> str:
    """A value with its 95 % interval, shares in percent without the sign: "86.8 [84.9, 88.6]"."""
    digits = ".1f" if is_share else ".3g"
    value, low, high = (part[key] * (100 if is_share else 1) for key in ("value", "low", "high"))
    return f"{value:{'+' if sign else ''}{digits}} [{low:{digits}}, {high:{digits}}]"


def interval(part: Mapping[str, float], *, is_share: bool, sign: bool = False) -> str:
    """A value with its 95 % interval: "86.8 % [84.9, 88.6]"."""
    text = bare_interval(part, is_share=is_share, sign=sign)
    return text.replace(" [", " % [") if is_share else text


def _metrics(facts: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = []
    names = _rivals(facts)
    for known in facts["metrics"].values():
        share = known["is_share"]
        told = [known["rivals"][name]["value"] for name in names]
        base, apart = known["base"], known["difference"]
        parts = [base, *told, known["tuned"]]
        rows.append(
            [
                known["title"],
                *(interval(part, is_share=share) if part else None for part in parts),
                interval(apart, is_share=share, sign=True) if apart else None,
                p_text(apart.get("p_corrected", apart["p"])) if apart else None,
            ]
        )
    counted = "1 test row" if facts["rows"] == 1 else f"{facts['rows']:,} test rows"
    note = f"{counted}; 95 % intervals {made_by(facts)}{_tests(facts)}."
    columns = ["metric", "base", *names, "tuned", "difference", "p"]
    return Table("Base and tuned", columns, rows, note)


def _rivals(facts: Mapping[str, Any]) -> list[str]:
    """What the untuned model was told: "prompted", "3-shot"."""
    for known in facts["metrics"].values():
        return list(known.get("rivals", {}))
    return []


def differences(facts: Mapping[str, Any]) -> list[list[Cell]]:
    """A line for each metric and rival: title, rival, difference with its interval, p."""
    rows: list[list[Cell]] = []
    for known in facts["metrics"].values():
        for name, part in known["rivals"].items():
            apart = part["difference"]
            if apart:
                shown = interval(apart, is_share=known["is_share"], sign=True)
                rows.append([known["title"], name, shown, p_text(apart["p_corrected"])])
    return rows


def _rivals_table(facts: Mapping[str, Any]) -> Table:
    """Tuned minus the untuned model that was told more."""
    rows = differences(facts)
    note = "Of the same rows; the untuned model was told by evaluate.system and evaluate.few_shot."
    return Table("Tuned minus base that is told", ["metric", "base", "difference", "p"], rows, note)


def _tests(facts: Mapping[str, Any]) -> str:
    """Which tests p is of, for how many metrics it was corrected, and what they can show."""
    apart = [known["difference"] for known in facts["metrics"].values() if known["difference"]]
    if not apart:
        return ""
    num = len(apart) * (1 + len(_rivals(facts)))
    corrected = f", corrected for {num} tests (Holm)" if num > 1 else ""
    first = next(iter(facts["metrics"].values()))
    shown = _detectable(first)
    can = f"; of {first['title']} they show differences from {shown} on" if shown else ""
    return f"{can}; p of {tests_of(facts)}{corrected}"


def _detectable(known: Mapping[str, Any]) -> str:
    """The smallest difference that is found four times of five; "" where none was measured."""
    apart: Mapping[str, float] = known["difference"] or {}
    size = apart.get("detectable", 0.0)
    if not size or (known["is_share"] and size > 1):  # shares do not differ by more than 1
        return ""
    return f"{size * 100:.1f} points" if known["is_share"] else f"{size:.3g}"


def forgetting_table(known: Mapping[str, Any]) -> Table:
    """What a general text is to both models."""
    base, apart = known["base"], known["difference"]
    cells: list[Cell] = [interval(part, is_share=False) for part in (base, known["tuned"])]
    cells += [interval(apart, is_share=False, sign=True), p_text(apart["p"])]
    note = f"{known['rows']:,} passages that the model was not tuned for: {known['text']}."
    columns = ["metric", "base", "tuned", "difference", "p"]
    return Table("General text", columns, [["perplexity", *cells]], note)


def about_forgetting(known: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether general text has become less likely, and by how much."""
    base, apart = known["base"], known["difference"]
    if apart["low"] <= 0:
        return
    share = apart["value"] / base["value"]
    yield Finding(
        Level.WARNING if share > MUCH_FORGOTTEN else Level.NOTE,
        "forgot",
        f"General text has become less likely to the model: its perplexity is {share:.0%} higher.",
        evidence=f"{interval(base, is_share=False)} before, "
        f"{interval(known['tuned'], is_share=False)} after, on {known['text']}",
        fix="Lower train.learning_rate, use adapter: lora, or set remember.wise_ft (0.5 goes half "
        "the way back), replay or kl.",
        where="remember",
    )


def p_text(p: float) -> str:
    """How a value of p is shown."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _findings(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """What a person must not overlook."""
    name, first = next(iter(facts["metrics"].items()), ("", None))
    if first and first["difference"]:
        yield from _about_gain(name, first)
        yield from _about_rivals(name, first)
    yield from _about_undefined(facts)
    yield from _about_classes(facts)
    yield from _about_trivial(facts)
    yield from about_elsewhere(facts)
    if "analysis" in facts:
        yield from shown.findings(facts["analysis"])
    if "forgetting" in facts:
        yield from about_forgetting(facts["forgetting"])
    if "tasks" in facts:
        yield from about_tasks(facts["tasks"])
    if "corrections" in facts:
        yield from about_corrections(facts["corrections"])
    yield from about_sandbox(facts)
    if facts["rows"] < FEW:
        yield about_few(facts)
    if "calibration" in facts and not facts["calibration"]:
        yield Finding(
            Level.NOTE,
            "not-calibrated",
            "Confidences are as the model gives them: too few validation rows to calibrate on.",
            fix="Set data.split.validation or data.take.validation to 50 rows or more.",
            where="data.split.validation",
        )


def _about_rivals(name: str, known: Mapping[str, Any]) -> Iterator[Finding]:
    """Where telling the untuned model is as good as tuning it."""
    for rival, part in known.get("rivals", {}).items():
        apart = part["difference"]
        if not apart:
            continue
        low = apart["low"] if known["better"] == "higher" else -apart["high"]
        if low > 0:
            continue
        shown = interval(apart, is_share=known["is_share"], sign=True)
        yield Finding(
            Level.WARNING,
            "no-gain-over-prompt",
            f"By {known['title']} the tuned model is not shown to be better than its base when "
            f"that is told ({rival}).",
            evidence=f"difference {shown}",
            fix="Use the base with that prompt, or train longer or on more rows; tuning still "
            "saves the prompt's tokens.",
            where=f"evaluate.metrics: {name}",
        )


def _about_undefined(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Metrics that mean nothing for these rows, of one of the models or of both."""
    for name, known in facts.get("undefined", {}).items():
        yield Finding(
            Level.WARNING,
            "undefined-metric",
            f"{known['title']} is not defined for these test rows: {known['why']}.",
            fix="Test on rows that have what it measures, or leave it out of evaluate.metrics.",
            where=f"evaluate.metrics: {name}",
        )


def _about_classes(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Test rows of a single class, where the model knows several."""
    labels, confusion = facts.get("labels", []), facts.get("confusion", [])
    there = [label for label, row in zip(labels, confusion, strict=False) if any(row)]
    if len(labels) > 1 and len(there) == 1:
        yield Finding(
            Level.WARNING,
            "one-class",
            f"All test rows are of one class, {there[0]!r}: mistakes in others are not seen.",
            fix="Test on rows of every class: data.take.order: random, or another source.",
            where="data.take.order",
        )


def _about_trivial(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Metrics by which something that reads no text may do as well."""
    for name, (value, what) in facts.get("trivial", {}).items():
        known = facts["metrics"].get(name)
        if known is None:
            continue
        tuned, share = known["tuned"], known["is_share"]
        is_up = known["better"] == "higher"
        if (tuned["low"] > value) if is_up else (tuned["high"] < value):
            continue
        shown = f"{value * 100:.1f} %" if share else f"{value:.3g}"
        yield Finding(
            Level.WARNING,
            "below-trivial",
            f"The tuned model may be no better than {what}.",
            evidence=f"{known['title']} {interval(tuned, is_share=share)}; {what}: {shown}",
            fix="Train longer, on more rows, or with another learning rate.",
        )


def _about_gain(name: str, known: Mapping[str, Any]) -> Iterator[Finding]:
    apart, share = known["difference"], known["is_share"]
    is_up = known["better"] == "higher"
    gain_low = apart["low"] if is_up else -apart["high"]
    gain_high = apart["high"] if is_up else -apart["low"]
    if gain_low > 0:
        return
    is_worse, shown = gain_high < 0, _detectable(known)
    yield Finding(
        Level.ERROR if is_worse else Level.WARNING,
        "worse" if is_worse else "no-gain",
        f"By {known['title']} the tuned model is "
        + ("worse than its base." if is_worse else "not shown to be better than its base."),
        evidence=f"difference {interval(apart, is_share=share, sign=True)}"
        + (f"; these rows show one of {shown} four times of five" if shown else ""),
        fix="Do not use it in the base's place."
        if is_worse
        else "Test on more rows for a narrower interval, or train longer or on more rows.",
        where=f"evaluate.metrics: {name}",
    )
