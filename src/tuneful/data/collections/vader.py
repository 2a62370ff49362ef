"""The ratings that VADER was made from (Hutto & Gilbert 2014): texts one by one, or ranked."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.reading.records import BadRow, Meter, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STARS = (-2.4, -0.8, 0.8, 2.4)
"""Where one star ends and the next begins: the scale from -4 to 4 in five equal parts."""
GROUP = 4
"""Texts that are ranked against each other."""
APART = 0.4
"""Ratings that are closer say little of which text is the better one: the mean of 20 people's has a
standard error of about 0.2."""
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
    what = "film" if "movie" in path.name else "product"
    prompt = f"Write a sentence of a {what} review that speaks well of the {what}."
    known = sorted(_lines(path, meter), key=lambda line: (-line[1], line[0]))
    size = len(known) // GROUP
    parts = [known[at * size : (at + 1) * size] for at in range(GROUP)]
    for part in parts:
        part.sort(key=lambda line: hashlib.sha256(line[0].encode()).digest())
    for row, group in enumerate(zip(*parts, strict=True), start=1):
        values = {
            "prompt": prompt,
            "answers": [text for _, _, text in group],
            "ranks": ranks_of([rating for _, rating, _ in group]),
        }
        yield Record(values, path.name, row)


def read_rated_vader(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """A text with every person's rating of it, in no order that tells who said what."""
    means, singles = paths
    with singles.open(encoding="utf-8-sig") as file:
        lists = {key: json.loads(said) for key, _, _, said in map(_columns, file)}
    for row, (key, rating, text) in enumerate(_lines(means, meter), start=1):
        values = {"id": key, "text": text, "rating": rating, "ratings": lists.get(key, [])}
        yield Record(values, means.name, row)


def _columns(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t")


def _lines(path: Path, meter: Meter) -> Iterator[tuple[str, float, str]]:
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
