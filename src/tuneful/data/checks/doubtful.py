"""Labels that are likely wrong, ranked for a person; and copies that are labelled differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.checks.base import MOST_SHOWN, rows_that
from tuneful.data.faults.dense_head import held_out_dense
from tuneful.data.faults.doubtful import doubted
from tuneful.data.faults.quick_head import (
    FEWEST_ROWS,
    MOST_CLASSES,
    features,
    fold_of,
    hash_words,
    held_out,
    is_learnable,
    skill,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.checks.base import Facts
    from tuneful.data.faults.doubtful import Doubted

GRAVE_SHARE = 0.03
BEGINNING = 200
"""Characters of a text that are listed."""
OF_TOKEN = 8
"""Characters of a text that are kept for each token that an encoder is to read."""


def check(facts: Facts) -> Iterator[Finding]:
    """Doubt labels by a quick classifier's held-out predictions (confident learning)."""
    if not facts.labels:
        return
    yield from _apart(facts)
    if facts.num_used < FEWEST_ROWS or not 1 < len(facts.labels) <= MOST_CLASSES:
        return
    import numpy as np

    row_T, texts, hashed = _sampled(facts)
    known, label_T = np.unique(facts.rows.label_N[row_T], return_inverse=True)
    if not is_learnable(label_T):
        return
    fold_T = fold_of(facts.copies.group_N[row_T])
    made = features(hashed, len(known))
    probability_TC = held_out(made, label_T, fold_T, len(known))
    if facts.recipe.data.doubtful.encoder:
        vector_TD = _vectors(facts, texts)
        dense_TC = held_out_dense(vector_TD, label_T, fold_T, len(known))
        probability_TC = ((probability_TC + dense_TC) / 2).astype(np.float32)
    right, is_skilled = skill(probability_TC, label_T)
    found = doubted(probability_TC, label_T)
    if found and is_skilled:
        names = {number: name for name, number in facts.labels.items()}
        lines = [_line(facts, row_T, names, known, label_T, one) for one in found]
        for line, one in zip(lines, found, strict=True):
            line["text"] = texts[one.row][:BEGINNING]
        yield _finding(facts, row_T, found, lines, right)


def _vectors(facts: Facts, texts: list[str]) -> NDArray[np.float32]:
    """What the encoder makes of the texts."""
    asked = facts.recipe.data.doubtful
    if facts.embed is None:
        raise DataError(
            "Nothing here can embed texts.",
            where=f"data.doubtful.encoder: {asked.encoder}",
            fix="Call tuneful.prepare, which can, or leave the encoder out.",
        )
    return facts.embed(asked.encoder, texts, asked.tokens)


def _sampled(facts: Facts) -> tuple[NDArray[np.int64], list[str], list[NDArray[np.uint32]]]:
    """Rows, evenly spaced: their numbers, beginnings and hashed words."""
    import numpy as np

    asked = facts.recipe.data.doubtful
    kept = OF_TOKEN * asked.tokens if asked.encoder else BEGINNING
    step, passed = -(-facts.num_used // asked.most_rows), 0
    numbers: list[NDArray[np.int64]] = []
    texts: list[str] = []
    hashed: list[NDArray[np.uint32]] = []
    for batch, number_N in facts.batches():
        chosen = np.arange(-passed % step, len(number_N), step)
        passed += len(number_N)
        keys = batch.column("key").take(chosen)
        numbers.append(number_N[chosen])
        texts += [key[:kept] for key in keys.to_pylist()]
        hashed += hash_words(keys) if len(keys) else []
    return np.concatenate(numbers), texts, hashed


def _line(
    facts: Facts,
    row_T: NDArray[np.int64],
    names: dict[int, str],
    known: NDArray[np.int32],
    label_T: NDArray[np.int64],
    one: Doubted,
) -> dict[str, Any]:
    label, likelier = names[int(known[label_T[one.row]])], names[int(known[one.other])]
    place = facts.place(int(row_T[one.row]))
    return place | {"label": label, "likelier": likelier, "margin": round(one.margin, 4)}


def _finding(
    facts: Facts,
    row_T: NDArray[np.int64],
    found: list[Doubted],
    lines: list[dict[str, Any]],
    right: float,
) -> Finding:
    listing = facts.write_list("doubtful-labels", lines)
    share = len(found) / len(row_T)
    shown = "; ".join(
        f"{facts.numbered(int(row_T[one.row]))} is {line['label']!r}, likelier {line['likelier']!r}"
        for one, line in zip(found[:MOST_SHOWN], lines, strict=False)
    )
    return Finding(
        Level.WARNING if share > GRAVE_SHARE else Level.NOTE,
        "doubtful-labels",
        f"The labels of {rows(len(found))} of {len(row_T):,} looked at are doubtful ({share:.1%}).",
        evidence=f"source rows, most doubtful first: {shown}. Held-out guesses of {_by(facts)}, "
        f"which agree with {right:.1%} of all labels; {listing} lists all, ranked",
        fix="Read the first of them; where labels are wrong, mend them in the source.",
        where="data.source",
    )


def _by(facts: Facts) -> str:
    asked = facts.recipe.data.doubtful
    if not asked.encoder:
        return "a quick classifier of words"
    return f"quick classifiers of words and of {asked.encoder} (first {asked.tokens} tokens)"


def _apart(facts: Facts) -> Iterator[Finding]:
    """Copies of a text that bear other labels than the first of them."""
    import numpy as np

    group_N, label_N = facts.copies.group_N, facts.rows.label_N
    is_apart_N = (label_N != label_N[group_N]) & (facts.split_N > 0)
    found = np.flatnonzero(is_apart_N)
    if not len(found):
        return
    names = {number: name for name, number in facts.labels.items()}
    listing = facts.write_list(
        "copies-with-other-labels",
        (
            facts.place(int(row))
            | {
                "label": names[int(label_N[row])],
                "copy_of": facts.numbered(int(group_N[row])),
                "labelled": names[int(label_N[group_N[row]])],
            }
            for row in found
        ),
    )
    pairs = "; ".join(
        f"{facts.numbered(int(row))} and {facts.numbered(int(group_N[row]))}" for row in found[:3]
    )
    yield Finding(
        Level.WARNING,
        "copies-with-other-labels",
        f"{rows_that(len(found), 'have')} a copy with another label.",
        evidence=f"source rows {pairs}; {listing} lists all",
        fix="Decide which label is right, and mend the other in the source.",
        where="data.source",
    )
