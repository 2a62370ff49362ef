"""Ways to divide test rows: by length, class, language, columns of the source, confidence, topic.

A facet gives each row the name of its slice, "" for none. None of them looks at whether the model
was right.

Shapes: N rows.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.columns.cells import asked
from tuneful.data.faults.language import is_installed, language_of
from tuneful.data.rows import Chat, Labelled, Pair, Preference, Prompt, Rated, texts_of
from tuneful.evaluating.analysing.topics import topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.rows import Row
    from tuneful.evaluating.metrics.base import Array

NUMBER = re.compile(r"-?\d+(\.\d+)?")
LENGTHS = 4
"""Equal parts by length."""
EDGES = (0.6, 0.8, 0.9, 0.95)
"""Of confidence: where one part ends and the next begins."""
MOST_VALUES = 12
"""A column or field of more values divides rows too finely."""


@dataclass(frozen=True)
class Facet:
    """A way to divide rows.

    Attributes:
        name: length, class …
        slice_N: The name of each row's slice; "" for none.
        is_truth: Whether it is what the model should say: a base that leans to one class is good
            there by its leaning.
        is_doubt: Whether it is the model's own doubt: it is meant to be wrong there.
    """

    name: str
    slice_N: tuple[str, ...]
    is_truth: bool = False
    is_doubt: bool = False

    def slices(self) -> list[str]:
        """Names of the slices in their order: parts by number, others by their rows."""
        seen = Counter(name for name in self.slice_N if name)
        if self.name in {"length", "confidence"}:
            return sorted(seen, key=lambda name: float(name.split()[0]))
        if all(NUMBER.fullmatch(name) for name in seen):
            return sorted(seen, key=float)
        return [name for name, _ in seen.most_common()]


def facets(
    rows: Sequence[Row],
    sample: Any,
    columns: Mapping[str, Sequence[str]],
    confidence_N: Array | None,
    seed: int,
) -> list[Facet]:
    """Every facet that divides these rows in two or more.

    Args:
        rows: The test rows.
        sample: What the tuned model said of them, beside the truth.
        columns: More ways, by name: of each row, the value of a column.
        confidence_N: The tuned model's in its choice.
        seed: Of the topics.
    """
    texts = [text_of(row) for row in rows]
    found = [Facet("length", _lengths(texts))]
    truth = truth_of_rows(rows)
    if 1 < len(set(truth)) <= MOST_VALUES:
        found.append(Facet("class", truth, is_truth=True))
    found += _fields(getattr(sample, "references", ()))
    if is_installed():
        found.append(Facet("language", tuple(language_of(text) for text in texts)))
    found += [Facet(name, tuple(values)) for name, values in columns.items()]
    if confidence_N is not None:
        found.append(Facet("confidence", _confidence(confidence_N), is_doubt=True))
    found.append(Facet("topic", tuple(topics(texts, seed))))
    return [facet for facet in found if len(facet.slices()) > 1]


def text_of(row: Row) -> str:
    """What the model is given: a text, two of them, or what the user says."""
    if isinstance(row, Chat | Preference | Prompt):
        return asked(row.prompt)
    if isinstance(row, Pair):
        return f"{row.text}\n{row.second}"
    if isinstance(row, Labelled | Rated):
        return row.text
    words = getattr(row, "words", None)
    return " ".join(words) if words else next(iter(texts_of(row)), "")


def truth_of_rows(rows: Sequence[Row]) -> tuple[str, ...]:
    """Each row's class or rating as a name; nothing where rows have neither."""
    if all(isinstance(row, Labelled | Pair) for row in rows):
        return tuple(cast("Labelled", row).label for row in rows)
    if all(isinstance(row, Rated) for row in rows):
        return tuple(f"{cast('Rated', row).rating:g}" for row in rows)
    return ()


def _lengths(texts: Sequence[str]) -> tuple[str, ...]:
    """Parts of about as many rows each, by words."""
    import numpy as np

    count_N = np.array([len(text.split()) for text in texts])
    edges = np.unique(np.quantile(count_N, np.arange(1, LENGTHS) / LENGTHS, method="lower"))
    part_N = np.searchsorted(edges, count_N, side="left")
    names: dict[int, str] = {}
    for part in set(part_N.tolist()):
        low, high = int(count_N[part_N == part].min()), int(count_N[part_N == part].max())
        alone = f"{low} word{'s' * (low != 1)}"
        names[part] = alone if low == high else f"{low} to {high} words"
    return tuple(names[part] for part in part_N.tolist())


def _confidence(confidence_N: Array) -> tuple[str, ...]:
    import numpy as np

    lows = (0, *(round(100 * edge) for edge in EDGES))
    highs = (*lows[1:], 100)
    names = [f"{low} to {high} %" for low, high in zip(lows, highs, strict=True)]
    part_N = np.searchsorted(EDGES, confidence_N, side="right")
    return tuple(names[at] for at in cast("list[int]", part_N.tolist()))


def _fields(references: Sequence[str]) -> Iterator[Facet]:
    """Fields of JSON answers that have few values."""
    objects = [_object(text) for text in references]
    if not objects or not all(objects):
        return
    for key in dict.fromkeys(key for one in objects for key in one):
        values = [one.get(key) for one in objects]
        if any(isinstance(value, dict | list) for value in values):
            continue
        names = tuple("" if value is None else str(value) for value in values)
        if 1 < len(set(names)) <= MOST_VALUES:
            yield Facet(f"wanted {key}", names, is_truth=True)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
