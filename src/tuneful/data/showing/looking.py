"""Rows of a prepared data set for a person to page through, by filters."""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.arrow import row_of
from tuneful.data.dataset import FOUND
from tuneful.data.rows import classes_of, texts_of, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row

ORDERS = ("first", "longest", "shortest", "random")


@dataclass(frozen=True)
class Wanted:
    """Which rows to show.

    Attributes:
        split: Of this split alone; "" for all.
        label: Of this class, or with it among others; "" for any.
        contains: With this in one of its texts, whatever the case.
        found: Listed by this finding (found/CODE.jsonl).
        rows: With these numbers in the source.
        order: first: as they stand, or as the finding lists them; longest or shortest first;
            random: drawn, always the same.
        skip: Leave out so many of them.
        most: Then show so many.
    """

    split: str = ""
    label: str = ""
    contains: str = ""
    found: str = ""
    rows: tuple[int, ...] = ()
    order: str = "first"
    skip: int = 0
    most: int = 10


@dataclass(frozen=True)
class Looked:
    """A row, and where it stands.

    Attributes:
        split: Its split.
        index: Its number in the split, from 0.
        source_row: Its number in the source, from 1.
        values: The row as its usual JSON.
        what: What a finding says of it, where one was asked for.
    """

    split: str
    index: int
    source_row: int
    values: dict[str, Any]
    what: str = ""


def choose(data: Dataset, wanted: Wanted) -> list[Looked]:
    """The rows that are wanted, in their order; few of them are in memory at a time.

    Raises:
        DataError: There is no such split, class or list.
    """
    _check(data, wanted)
    found, end = _fitting(data, wanted), wanted.skip + wanted.most
    if wanted.order == "first" and wanted.found:  # as the finding ranks them
        rank = {place: number for number, place in enumerate(_listed(data, wanted.found))}
        by_rank = heapq.nsmallest(end, found, key=lambda one: rank[one.split, one.source_row])
        return by_rank[wanted.skip :]
    if wanted.order == "first":
        return list(islice(found, wanted.skip, end))
    draw = random.Random(0)
    if wanted.order == "random":
        return heapq.nsmallest(end, found, key=lambda _: draw.random())[wanted.skip :]
    sign = -1 if wanted.order == "longest" else 1
    return heapq.nsmallest(end, found, key=lambda one: sign * _length(one))[wanted.skip :]


def parts_of(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a row in its usual JSON by their names: turns by who speaks."""
    for name, value in values.items():
        turns = cast("Sequence[Any]", value) if isinstance(value, list) else ()
        if turns and isinstance(turns[0], dict) and "role" in turns[0]:
            for turn in cast("Sequence[dict[str, Any]]", turns):
                where = "" if name in {"messages", "prompt"} else f"{name}, "
                calls = [call["function"] for call in turn.get("tool_calls", ())]
                said = [f"{call['name']}({call['arguments']})" for call in calls]
                yield f"{where}{turn['role']}", "\n".join(filter(None, [turn["content"], *said]))
        else:
            yield name, value if isinstance(value, str) else str(cast("object", value))


def _fitting(data: Dataset, wanted: Wanted) -> Iterator[Looked]:
    listed = _listed(data, wanted.found) if wanted.found else None
    for split in data.splits:
        if wanted.split not in {"", split}:
            continue
        for index, values in enumerate(data.records(split)):
            number = int(values["source_row"])
            if (wanted.rows and number not in wanted.rows) or (
                listed is not None and (split, number) not in listed
            ):
                continue
            row = row_of(values, data.row_type)
            if _fits(row, wanted):
                what = listed[split, number] if listed else ""
                yield Looked(split, index, number, to_json(row), what)


def _fits(row: Row, wanted: Wanted) -> bool:
    if wanted.label and wanted.label not in classes_of(row):
        return False
    part = wanted.contains.lower()
    return not part or any(part in text.lower() for text in texts_of(row))


def _listed(data: Dataset, code: str) -> dict[tuple[str, int], str]:
    """Rows of a finding's list, and what it says of each."""
    path = data.path / FOUND / f"{code}.jsonl"
    known: dict[tuple[str, int], str] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            values = json.loads(line)
            place = (str(values.pop("split")), int(values.pop("row")))
            values.pop("text", None)
            known.setdefault(place, ", ".join(f"{key}: {value}" for key, value in values.items()))
    return known


def _check(data: Dataset, wanted: Wanted) -> None:
    known = {
        "split": (wanted.split, list(data.splits)),
        "label": (wanted.label, list(data.labels)),
        "found": (wanted.found, sorted(path.stem for path in (data.path / FOUND).glob("*.jsonl"))),
    }
    for name, (value, choices) in known.items():
        if value and value not in choices:
            raise DataError(
                f"There is no {name} {value!r}.",
                where=f"--{name}, {data.path}",
                fix=f"There are {', '.join(choices)}." if choices else "There are none.",
            )


def _length(one: Looked) -> int:
    return len(json.dumps(one.values, ensure_ascii=False))
