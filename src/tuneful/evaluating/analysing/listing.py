"""Every slice and the examples as tables, for who asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Table
from tuneful.evaluating.analysing.shown import WORDS, span
from tuneful.evaluating.analysing.slices import ALPHA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.core.report import Cell

    Facts = Mapping[str, Any]

LONGEST = 160
"""Characters of a text in a terminal."""
KINDS = {
    "broken": "Broken by tuning",
    "worst": "The worst of the tuned model",
    "mended": "Mended by tuning",
}


def long_tables(facts: Facts) -> list[Table]:
    """Every slice and the examples."""
    score = facts["score"]
    shown: list[Table] = []
    for facet in dict.fromkeys(one["facet"] for one in facts["slices"]):
        members = [one for one in facts["slices"] if one["facet"] == facet]
        rows = [slice_cells(one, score) for one in members]
        shown.append(Table(f"By {facet}: {score['title']}", SLICE_COLUMNS, rows))
    if shown:
        shown[-1] = Table(shown[-1].title, SLICE_COLUMNS, shown[-1].rows, CORRECTED)
    for kind, title in KINDS.items():
        known = facts["examples"].get(kind, [])
        if known:
            cells: list[list[Cell]] = [
                [
                    one["row"],
                    _cut(one["text"]),
                    *map(_cut, (one["wanted"], one["base"] or "", one["tuned"])),
                ]
                for one in known
            ]
            shown.append(Table(title, ["row", "text", "wanted", "base", "tuned"], cells))
    return shown


SLICE_COLUMNS = ("slice", "rows", "base", "tuned", "difference", "p weaker", "p changed", "finding")
CORRECTED = (
    "p is corrected for all tests (Holm). weaker: against all other rows; changed: tuned against "
    "base on the same rows."
)


def slice_cells(one: Facts, score: Facts) -> list[Cell]:
    """A slice as a line. Of few rows no share is given, but what they could show."""
    if one["verdict"] == "few":
        return [
            one["name"],
            one["rows"],
            None,
            few_told(one, score),
            None,
            None,
            None,
            few_shows(one, score),
        ]
    return [
        one["name"],
        one["rows"],
        span(one["base"], score),
        span(one["tuned"], score),
        span(one["difference"], score, sign=True),
        one["corrected_weak"],
        one["corrected_worse"],
        verdict_told(one, score),
    ]


def verdict_told(one: Facts, score: Facts) -> str:
    """What was found of a slice; that it is better than elsewhere is no alarm."""
    if one["verdict"]:
        return WORDS[one["verdict"]]
    p = one["corrected_weak"]
    if p is None or p > ALPHA:
        return ""
    is_more = one["tuned"]["value"] > one["elsewhere"]
    return "better than elsewhere" if is_more == score["is_up"] else ""


def few_told(one: Facts, score: Facts) -> str:
    """What came of a few rows, without a share: "2 of 3"."""
    if not score["is_binary"]:
        return ""
    return f"{round(one['tuned']['value'] * one['rows'])} of {one['rows']} right"


def few_shows(one: Facts, score: Facts) -> str:
    """What a few rows could show at all."""
    least = one["detectable"]
    if least is None:
        return WORDS["few"]
    is_alike = least == 0  # rows that are all alike do not say how far others lie
    if is_alike or (score["is_share"] and least >= 1):
        return "too few rows to show anything"
    least_text = f"{least * 100:.0f} points" if score["is_share"] else f"{least:.2g}"
    return f"too few rows: only {least_text} or more would show"


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
