"""The analysis in words: what a person must not overlook, short first, and everything on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.report import Cell

    Facts = Mapping[str, Any]

MOST_TOLD = 3
"""Slices of a finding whose numbers are told."""
WORDS = {
    "weak": "weaker than elsewhere",
    "worse": "worse than its base",
    "both": "worse than its base, weaker than elsewhere",
    "few": "too few rows",
}


def number(value: float, score: Facts, *, sign: bool = False) -> str:
    """A score's value: "86.8 %", or three digits where it is no share."""
    plus = "+" if sign else ""
    return f"{value * 100:{plus}.1f} %" if score["is_share"] else f"{value:{plus}.3g}"


def span(part: Facts | None, score: Facts, *, sign: bool = False) -> str | None:
    """A value with its 95 % interval."""
    if part is None:
        return None
    scale, digits = (100, ".1f") if score["is_share"] else (1, ".3g")
    low, high = part["low"] * scale, part["high"] * scale
    return f"{number(part['value'], score, sign=sign)} [{low:{digits}}, {high:{digits}}]"


def named(one: Facts) -> str:
    """A slice: "length 12 to 30 words"."""
    return f"{one['facet']} {one['name']}"


def findings(facts: Facts) -> Iterator[Finding]:
    """Slices where the model is weaker or was made worse, and what people say of its errors."""
    for verdict, code in (("worse", "worse-slice"), ("weak", "weak-slice")):
        found = _ranked(facts, verdict)
        if found:
            yield _slice_finding(found, code, facts)
    if "people" in facts:
        yield _people_finding(facts["people"])


def _ranked(facts: Facts, verdict: str) -> list[Facts]:
    """Slices of a verdict, those with most to gain first: rows times distance."""

    def loss(one: Facts) -> float:
        other = one["elsewhere"] if verdict == "weak" else one["base"]["value"]
        return one["rows"] * abs(one["tuned"]["value"] - other)

    return sorted(
        (one for one in facts["slices"] if one["verdict"] in {verdict, "both"}),
        key=loss,
        reverse=True,
    )


def _slice_finding(found: Sequence[Facts], code: str, facts: Facts) -> Finding:
    """One finding for all slices of a verdict: the largest loss first, and its numbers."""
    first, more = found[0], len(found) - 1
    names = named(first) + (f" and {more} more slice{'s' * (more > 1)}" if more else "")
    told = "; ".join(_evidence(one, code, facts["score"]) for one in found[:MOST_TOLD])
    evidence = f"{facts['score']['title']}: {told} (among {facts['tests']} tests)"
    if code == "worse-slice":
        return Finding(
            Level.WARNING,
            code,
            f"Tuning made {names} worse.",
            evidence=evidence,
            fix="Add rows of this kind to the training rows, or keep the base for them.",
        )
    return Finding(
        Level.WARNING,
        code,
        f"The tuned model is weaker on {names} than elsewhere.",
        evidence=evidence,
        fix="Read its worst rows in report.html: mend labels that are wrong, and add rows of this "
        "kind to train on.",
    )


def _evidence(one: Facts, code: str, score: Facts) -> str:
    head, now = f"{named(one)}, {one['rows']:,} rows", span(one["tuned"], score)
    if code == "worse-slice":
        return f"{head}: {span(one['base'], score)} before, {now} after, " + _p(
            one["corrected_worse"]
        )
    elsewhere = number(one["elsewhere"], score)
    return f"{head}: {now}, {elsewhere} elsewhere, {_p(one['corrected_weak'])}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def p_told(value: float | None) -> str:
    """A corrected p for a table's cell."""
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _people_finding(people: Facts) -> Finding:
    apart = people["difference"]
    plain = {"is_share": False}
    said = (
        "nearer to the other people than one of them is"
        if apart["high"] < 0
        else "farther from the other people than one of them is"
        if apart["low"] > 0
        else "about as near to the other people as one of them is"
    )
    return Finding(
        Level.NOTE,
        "beside-people",
        f"The model's rating is {said}.",
        evidence=f"mean distance {span(people['model'], plain)} of the model, "
        f"{span(people['person'], plain)} of a person, difference "
        f"{span(apart, plain, sign=True)}, on {people['items']:,} rows with "
        f"{people['ratings']:,} ratings",
    )


def tables(facts: Facts) -> list[Table]:
    """The short form: where it is weaker or worse, what changed, and people."""
    found = _ranked(facts, "worse")
    found += [one for one in _ranked(facts, "weak") if one["verdict"] != "both"]
    shown = [_where(facts, found)]
    counts = facts["examples"]["counts"]
    if "mended" in counts:
        shown.append(_changed(facts, counts))
    if "people" in facts:
        shown.append(people_table(facts["people"]))
    return shown


def _where(facts: Facts, found: Sequence[Facts]) -> Table:
    names = list(dict.fromkeys(one["facet"] for one in facts["slices"]))
    small = sum(one["verdict"] == "few" for one in facts["slices"])
    few = f"; {small} with fewer than 20 rows were not tested" if small else ""
    note = (
        f"{len(facts['slices'])} slices by {', '.join(names)}; {facts['tests']} tests, corrected "
        f"by Holm's rule{few}. All of them: --long."
        if names
        else "The rows do not divide into slices."
    )
    if not found:
        return Table("Where it is weaker or worse: nothing was shown", [], [], note)
    score = facts["score"]
    rows: list[list[Cell]] = [
        [
            named(one),
            one["rows"],
            span(one["base"], score),
            span(one["tuned"], score),
            number(one["elsewhere"], score),
            WORDS[one["verdict"]],
        ]
        for one in found
    ]
    columns = ["slice", "rows", "base", "tuned", "elsewhere", "finding"]
    return Table(f"Where it is weaker or worse, by {score['title']}", columns, rows, note)


def _changed(facts: Facts, counts: Facts) -> Table:
    rows: list[list[Cell]] = [
        ["mended by tuning", counts["mended"]],
        ["broken by tuning", counts["broken"]],
    ]
    if "wrong" in counts:
        rows.append(["wrong after tuning", counts["wrong"]])
    title = f"Rows that changed, of {counts['rows']:,}, by {facts['score']['title']}"
    return Table(title, ["what", "rows"], rows)


def people_table(people: Facts) -> Table:
    """A person and the model, each against the other people."""
    plain = {"is_share": False}
    rounded = people["rounded"]
    rows: list[list[Cell]] = [
        ["a person", span(people["person"], plain), None],
        ["the model", span(people["model"], plain), span(people["difference"], plain, sign=True)],
        [
            "the model, whole numbers",
            span(rounded["model"], plain),
            span(rounded["difference"], plain, sign=True),
        ],
    ]
    alpha = people["alpha"]
    known = "" if alpha["value"] is None else f"; Krippendorff's alpha {span(alpha, plain)}"
    note = (
        f"Mean distance from the mean of all other people who rated the row: {people['items']:,} "
        f"rows, {people['ratings']:,} ratings{known}. A model may say 3.4 and a person may not, "
        "so it is also rounded."
    )
    columns = ["who", "distance from the others", "minus a person's"]
    return Table("Beside people", columns, rows, note)
