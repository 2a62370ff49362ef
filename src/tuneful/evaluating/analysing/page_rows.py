"""The parts of an evaluation's page that show rows: what changed, examples, confusion."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.analysing.drawings import parts_bar
from tuneful.evaluating.analysing.listing import KINDS
from tuneful.evaluating.analysing.shown import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Facts = Mapping[str, Any]

WORDS_TOLD = 5
NOTES = {
    "mended": "Wrong before, right or better now.",
    "broken": "Right or better before, wrong now: what tuning cost.",
    "worst": "Where the model is surest and wrong, or farthest off. A wrong label often stands "
    "among these: read them before you add rows.",
}
LONG = 200
"""Characters: an answer of more is shown below the others, not beside them."""


def changed(facts: Facts) -> Iterator[str]:
    """How many rows tuning mended and broke."""
    counts = facts["examples"]["counts"]
    yield '<h2 id="changed">What did tuning change?</h2>'
    if "mended" not in counts:
        yield "<p>The base was not asked.</p>"
        return
    rest = counts["rows"] - counts["mended"] - counts["broken"]
    parts = [
        ("better than before", counts["mended"], "var(--good)"),
        ("worse than before", counts["broken"], "var(--bad)"),
    ]
    if "wrong" in counts and facts["score"]["is_binary"]:
        stayed_wrong = counts["wrong"] - counts["broken"]
        parts.insert(0, ("right before and after", rest - stayed_wrong, "#8886"))
        parts.append(("wrong before and after", stayed_wrong, "#8883"))
    else:
        parts.append(("as before", rest, "#8886"))
    yield parts_bar(parts)
    if facts["base_is_fresh"]:
        yield (
            '<p class="aside">The base has an untrained head, so what it gets right it gets right '
            "by chance; the rows that tuning broke are wrong rows like any others.</p>"
        )


def examples(facts: Facts) -> Iterator[str]:
    """The rows to read, each with what was wanted and said."""
    yield '<h2 id="rows">Rows to read</h2>'
    order = ("worst", "mended") if facts["base_is_fresh"] else tuple(KINDS)
    for kind in order:
        known = facts["examples"].get(kind, [])
        if known:
            yield f"<h3>{KINDS[kind]}</h3><p>{NOTES[kind]}</p>"
            for place, one in enumerate(known):
                yield _example(one, facts["score"], is_open=place == 0)
    answers = facts["examples"].get("answers", [])
    if answers:
        yield f"<h3>Answers, row by row</h3><p>The first {len(answers)} test rows.</p>"
        yield from (_example(one, facts["score"], is_open=False) for one in answers)


def _example(one: Facts, score: Facts, *, is_open: bool) -> str:
    head = html.escape(" ".join(one["text"].split())[:90])
    said = [("wanted", one["wanted"], ""), ("base", one["base"], ""), ("tuned", one["tuned"], "")]
    known = [(name, text, kind) for name, text, kind in said if text]
    scores = f"tuned {number(one['tuned_score'], score)}"
    if one["base_score"] is not None:
        scores = f"base {number(one['base_score'], score)}, {scores}"
    if score["is_binary"]:
        marks = {0.0: "wrong", 1.0: "right"}
        known = [(name, text, _mark(name, one, marks)) for name, text, _ in known]
        scores = ""
    answers = "".join(
        f'<span>{name}</span><pre class="{kind}">{html.escape(text)}</pre>'
        for name, text, kind in known
    )
    why = _why(one["why"]) if "why" in one else ""
    text = _colored(one["why"]) if "why" in one else html.escape(one["text"])
    rest = " …" if one["is_cut"] and "why" not in one else ""
    return (
        f'<details class="card"{" open" * is_open}>'
        f"<summary><b>row {one['row']}</b> {head}…</summary><div>"
        f'<div class="answers">{answers}</div>'
        f'<p class="text">{text}{rest}</p>{why}<p class="aside">{scores}</p></div></details>'
    )


def _mark(name: str, one: Facts, marks: Mapping[float, str]) -> str:
    if name == "wanted":
        return ""
    return f"said {marks.get(one['tuned_score' if name == 'tuned' else 'base_score'], '')}"


def _colored(why: Facts) -> str:
    """The text, each word as strongly coloured as it moved the score."""
    most = max((abs(value) for value in why["values"]), default=0.0) or 1.0
    parts: list[str] = []
    for word, value in zip(why["words"], why["values"], strict=True):
        share = round(60 * abs(value) / most)
        inner = html.escape(word)
        if share < 5:
            parts.append(inner)
            continue
        name = "tuned" if value > 0 else "base"
        color = f"color-mix(in srgb, var(--{name}) {share}%, transparent)"
        parts.append(f'<span style="background:{color}" title="{value:+.2f}">{inner}</span>')
    return "".join(parts)


def _why(why: Facts) -> str:
    """The same in words, for who sees no colours."""
    pairs = sorted(zip(why["values"], why["words"], strict=True), key=lambda pair: pair[0])
    low = [(v, w) for v, w in pairs[:WORDS_TOLD] if v < 0]
    high = [(v, w) for v, w in pairs[::-1][:WORDS_TOLD] if v > 0]

    def told(known: Sequence[tuple[float, str]]) -> str:
        return ", ".join(f"{html.escape(word.strip())} ({v:+.2f})" for v, word in known) or "none"

    chosen, other = html.escape(why["chosen"]), html.escape(why["other"])
    return (
        '<p class="aside"><span class="dot" style="background:var(--tuned)"></span>towards '
        f"{chosen}: {told(high)}<br>"
        '<span class="dot" style="background:var(--base)"></span>towards '
        f"{other}: {told(low)}<br>All words together miss the score's rise of "
        f"{why['score'] - why['at_padding']:+.2f} by {why['gap']:+.2f}.</p>"
    )


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Iterator[str]:
    """True classes by chosen ones; a cell is the darker, the larger its share of its line."""
    yield '<h3>True class by chosen class</h3><div class="card scroll" tabindex="0" role="region" '
    yield 'aria-label="Confusion matrix"><table class="heat"><tr><th scope="col">true</th>'
    yield "".join(f'<th scope="col">{html.escape(label)}</th>' for label in labels) + "</tr>"
    for at, (label, row) in enumerate(zip(labels, counts, strict=True)):
        total = sum(row) or 1
        cells = "".join(
            f'<td class="count" style="background:color-mix(in srgb, var(--'
            f'{"tuned" if at == place else "base"}) {round(55 * count / total)}%, transparent)" '
            f'title="{count / total:.1%} of {html.escape(label)}">{count:,}</td>'
            for place, count in enumerate(row)
        )
        yield f'<tr><th scope="row">{html.escape(label)}</th>{cells}</tr>'
    yield "</table></div>"
