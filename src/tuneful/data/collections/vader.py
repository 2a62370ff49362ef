"""The ratings that VADER was made from (Hutto & Gilbert 2014): texts one by one, or ranked."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.reading.records import BadRow, Meter, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    Line = tuple[str, float, str]
    """Id, mean rating and text."""

STARS = (-2.4, -0.8, 0.8, 2.4)
"""Where one star ends and the next begins: the scale from -4 to 4 in five equal parts."""
GROUP = 4
"""Texts that are ranked against each other."""
APART = 0.4
"""Ratings that are closer say little of which text is the better one: the mean of 20 people's has a
standard error of about 0.2."""
HELD_OUT = 26
"""Of 256 texts: those that a judge is held against people on; it learns from the others."""
NAMES = ("first", "second", "third", "fourth")
PANELS = 3
"""Parts of the people who rated a text. Who rated which is not told, so one person's verdict on
two texts cannot be had, but that of a third of all can; three have a majority."""
NOTES = (
    "rating: mean of 20 people, -4 to 4. sentiment: positive above 0, negative below; rows of "
    "exactly 0 have no sign and are left out. stars: the scale in five equal parts, 1 to 5. "
    "people: the stars of each person's own rating.",
)
RATED_NOTES = (
    "ratings: of each person who rated the text, -4 to 4, without a name; rating: their mean.",
)
RANKED_NOTES = (
    f"Rows are {GROUP} texts, one of each quarter of the ratings, ranked by the mean rating of 20 "
    f"people; one within {APART:g} of the best of a rank shares that rank. A text stands in one "
    "row. The prompt is Tuneful's own.",
)

TAUGHT_NOTES = (
    *RANKED_NOTES,
    f"{HELD_OUT} of 256 texts, by their hash, are left out: a judge is held against people on them "
    "(the tables ending in -pairs and -fours).",
)
HELD_OUT_NOTES = (
    f"Rows are random texts whose means of 20 people's ratings are {APART:g} or more apart, and "
    f"the ranks that each of {PANELS} panels gives them, by the mean rating of a third of the "
    "people. The table ending in -judge has none of these texts. The prompt is Tuneful's own.",
)


def read_vader(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """A text with the mean of people's ratings, its sign, its stars, and each person's stars."""
    (path,) = paths
    people = _people(path)
    for row, (key, rating, text) in enumerate(_lines(path, meter), start=1):
        if rating == 0:
            continue
        values: dict[str, Any] = {
            "id": key,
            "text": text,
            "rating": rating,
            "sentiment": "positive" if rating > 0 else "negative",
            "stars": stars_of(rating),
        }
        if key in people:
            values["people"] = people[key]
        yield Record(values, path.name, row)


def stars_of(rating: float) -> int:
    """A rating from -4 to 4 as stars.

    >>> stars_of(2.5)
    5
    """
    return 1 + sum(rating > edge for edge in STARS)


def _people(path: Path) -> dict[str, list[int]]:
    """Each person's stars of each text, by its id, where the file of single ratings is there."""
    beside = path.with_name(path.name.replace("GroundTruth", "anonDataRatings"))
    if beside == path or not beside.exists():
        return {}
    found: dict[str, list[int]] = {}
    for line in beside.read_text(encoding="utf-8-sig").splitlines():
        key, _, _, ratings = line.split("\t")
        found[key] = [stars_of(one) for one in cast("list[float]", json.loads(ratings))]
    return found


def read_ranked_vader(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """A few texts at a time with their ranks, as answers to a prompt that asks for praise."""
    (path,) = paths
    yield from _ranked(path, _lines(path, meter))


def read_taught_vader(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """The same of all texts but those that are held out."""
    (path,) = paths
    yield from _ranked(path, (line for line in _lines(path, meter) if not is_held_out(line[2])))


def _ranked(path: Path, lines: Iterable[Line]) -> Iterator[Record]:
    known = sorted(lines, key=lambda line: (-line[1], line[0]))
    size = len(known) // GROUP
    parts = [known[at * size : (at + 1) * size] for at in range(GROUP)]
    for part in parts:
        part.sort(key=lambda line: _draw(line[0]))
    for row, group in enumerate(zip(*parts, strict=True), start=1):
        values = {
            "prompt": _prompt(path),
            "answers": [text for _, _, text in group],
            "ranks": ranks_of([rating for _, rating, _ in group]),
        }
        yield Record(values, path.name, row)


def _prompt(path: Path) -> str:
    what = "film" if "movie" in path.name else "product"
    return f"Write a sentence of a {what} review that speaks well of the {what}."


def _draw(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def is_held_out(text: str) -> bool:
    """Whether no judge learns from a text; copies are on the same side."""
    return _draw(" ".join(text.casefold().split()))[0] < HELD_OUT


def read_held_out_pairs(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """Two held-out texts at a time, and which of them people find the better praise."""
    yield from _held_out(paths, meter, 2)


def read_held_out_fours(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """Four held-out texts at a time, and how people rank them."""
    yield from _held_out(paths, meter, 4)


def _held_out(paths: Sequence[Path], meter: Meter, size: int) -> Iterator[Record]:
    means, singles = paths
    ratings = _singles(singles)
    known = [line for line in _lines(means, meter) if is_held_out(line[2]) and line[0] in ratings]
    known.sort(key=lambda line: _draw(line[0]))
    row = 0
    for at in range(0, len(known) - size + 1, size):
        group = known[at : at + size]
        ordered = sorted(rating for _, rating, _ in group)
        if any(more - less < APART for less, more in pairwise(ordered)):
            continue
        row += 1
        values = {
            "prompt": _prompt(means),
            "answers": dict(zip(NAMES, (text for _, _, text in group), strict=False)),
            "ranks": _panels([ratings[key] for key, _, _ in group]),
        }
        yield Record(values, means.name, row)


def _panels(ratings: Sequence[Sequence[float]]) -> dict[str, dict[str, int]]:
    """The ranks that each panel gives to texts, 1 for the best."""
    found: dict[str, dict[str, int]] = {}
    for panel in range(PANELS):
        said = [fmean(of[panel::PANELS]) for of in ratings]
        ranks = [1 + sum(other > own for other in said) for own in said]
        found[f"panel {panel + 1}"] = dict(zip(NAMES, ranks, strict=False))
    return found


def _singles(path: Path) -> dict[str, list[float]]:
    """Every person's rating of each text, by its id."""
    with path.open(encoding="utf-8-sig") as file:
        return {key: json.loads(said) for key, _, _, said in map(_columns, file)}


def read_rated_vader(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """A text with every person's rating of it, in no order that tells who said what."""
    means, singles = paths
    lists = _singles(singles)
    for row, (key, rating, text) in enumerate(_lines(means, meter), start=1):
        values = {"id": key, "text": text, "rating": rating, "ratings": lists.get(key, [])}
        yield Record(values, means.name, row)


def _columns(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t")


def _lines(path: Path, meter: Meter) -> Iterator[Line]:
    """Lines of id, mean rating and text, with tabs between them."""
    meter.total = path.stat().st_size
    with path.open("rb") as raw:
        meter.begin(raw)
        for line in raw:
            key, number, text = line.decode("utf-8").strip("\r\n").split("\t")
            yield key, float(number), text
        meter.end(meter.total)


def ranks_of(ratings: Sequence[float]) -> list[int]:
    """Ranks of descending ratings, 1 for the best; one close to the best of a rank shares it."""
    found: list[int] = []
    best = 0
    for at, rating in enumerate(ratings):
        if ratings[best] - rating >= APART:
            best = at
        found.append(best + 1)
    return found
