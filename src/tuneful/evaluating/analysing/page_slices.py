"""The part of an evaluation's page that says for whom the model is better."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.analysing.drawings import Axis, axis_ends, intervals
from tuneful.evaluating.analysing.listing import few_shows, few_told, verdict_told
from tuneful.evaluating.analysing.shown import WORDS, number, p_told, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Facts = Mapping[str, Any]


def slice_parts(facts: Facts) -> Iterator[str]:
    """A table with drawings for each way to divide the rows."""
    known, whole = facts["slices"], facts["whole"]
    yield '<h2 id="slices">For whom is it better?</h2>'
    if not known:
        yield "<p>The rows do not divide into slices.</p>"
        return
    score = facts["score"]
    yield f"<p>{_told(facts)}</p>"
    yield (
        '<ul class="key"><li><span class="dot" style="background:var(--base)"></span>base</li><li>'
        '<span class="dot" style="background:var(--tuned)"></span>tuned</li>'
        f"<li>dashed: the tuned model on all rows, {number(whole, score)}</li>"
        f"<li>{'more' if score['is_up'] else 'less'} is better</li></ul>"
    )
    drawn = [part for one in known if one["verdict"] != "few" for part in _parts(one)]
    axis = Axis.of(drawn, is_share=score["is_share"])
    for facet in dict.fromkeys(one["facet"] for one in known):
        members = [one for one in known if one["facet"] == facet]
        yield from _table(facet, members, facts, axis, whole)
    yield (
        '<p class="aside">p under a difference: of tuned and base being equal on these rows; under '
        "a finding: of these rows being like all others. Both are corrected for all tests (Holm)."
        "</p>"
    )


def _told(facts: Facts) -> str:
    """What came of all slices, in a sentence."""
    known, score = facts["slices"], facts["score"]
    found = {word: sum(one["verdict"] == word for one in known) for word in WORDS}
    told = f"{len(known)} slices by {html.escape(score['title'])}. "
    if not found["weak"] + found["worse"] + found["both"]:
        told += "None was shown to be weaker than the others, or worse than before tuning. "
    else:
        told += (
            f"Beyond chance: {found['weak'] + found['both']} weaker than the other rows, "
            f"{found['worse'] + found['both']} worse than before tuning. "
        )
    if found["few"]:
        told += f"{found['few']} have too few rows for a claim."
    return told


def _parts(one: Facts) -> list[Facts]:
    return [part for part in (one["base"], one["tuned"]) if part is not None]


def _table(
    facet: str, members: Sequence[Facts], facts: Facts, axis: Axis, whole: float
) -> Iterator[str]:
    score, name = facts["score"], html.escape(facet)
    has_base = any(one["base"] for one in members)
    percent = ", %" if score["is_share"] else ""
    heads = ["slice", "rows", axis_ends(axis, is_share=score["is_share"])]
    heads += [f"base{percent}"] if has_base else []
    heads += [f"tuned{percent}"]
    heads += [f"difference{percent}"] if has_base else []
    yield f'<h3>By {name}</h3><div class="card scroll" tabindex="0" role="region" '
    yield f'aria-label="Slices by {name}"><table class="slices"><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads[:3])
    yield "".join(f'<th scope="col" class="number">{head}</th>' for head in heads[3:])
    yield '<th scope="col">finding</th></tr>'
    for one in members:
        yield _line(one, score, axis, whole, has_base=has_base)
    yield "</table></div>"


def _line(one: Facts, score: Facts, axis: Axis, whole: float, *, has_base: bool) -> str:
    is_few, name = one["verdict"] == "few", html.escape(one["name"])
    drawing = ""
    if not is_few:
        title = f"{one['facet']} {one['name']}: tuned {span(one['tuned'], score)}"
        drawing = intervals(one["base"], one["tuned"], axis, whole, title)
    numbers = [few_told(one, score) if is_few else _bare(one["tuned"], score)]
    if has_base:
        apart = "" if is_few else _bare(one["difference"], score, sign=True)
        apart += _small(one["corrected_worse"])
        numbers = ["" if is_few else _bare(one["base"], score), *numbers, apart]
    told = few_shows(one, score) if is_few else verdict_told(one, score)
    cells = "".join(f'<td class="number">{text}</td>' for text in numbers)
    return (
        f'<tr><td>{name}</td><td class="number">{one["rows"]:,}</td><td>{drawing}</td>{cells}'
        f'<td class="{one["verdict"]}">{told}{_small(one["corrected_weak"])}</td></tr>'
    )


def _bare(part: Facts | None, score: Facts, *, sign: bool = False) -> str:
    """A value with its interval; the head of the column says that it is in percent."""
    return (span(part, score, sign=sign) or "").replace(" %", "")


def _small(p: float | None) -> str:
    return f"<small>p {p_told(p)}</small>" if p is not None else ""
