"""The reference's log-probabilities of all rows, computed once before training and kept on disk.

A second copy of the weights is then never in memory while training, and further epochs cost
nothing. What is kept belongs to (rows, base model, precision) and serves every later run of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.events import Event
from tuneful.data.arrow import pyarrow
from tuneful.models.packing import cut_into_passes
from tuneful.models.reference import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.methods.base import Encoded
    from tuneful.models.scoring import Scorer
    from tuneful.training.loop import Rows
    from tuneful.training.sequences import Sequences

VERSION = 1
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class WithReference:
    """Encoded rows that bring the reference's log p of their learned tokens."""

    rows: Rows
    path: Path

    @cached_property
    def _table(self) -> Any:
        pa = pyarrow()
        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Iterable[int]) -> list[list[Encoded]]:
        """The sequences of some rows, in the order asked for."""
        numbers = list(rows)
        known = self._table.take(numbers)["logp"].to_pylist()
        return _beside(self.rows.take(numbers), known)

    def beside(self, rows: Rows) -> WithReference:
        """The same log p beside the same rows that know more."""
        return replace(self, rows=rows)


@dataclass(frozen=True)
class Base:
    """The untrained model that rows are scored with.

    Attributes:
        scorer: Of its weights, which must not have moved yet.
        key: What decides its log-probabilities: folder, precision.
        tokens_per_pass: How many tokens fit into a pass.
    """

    scorer: Scorer
    key: tuple[str, ...]
    tokens_per_pass: int


def with_reference(rows: Sequences, base: Base, store: Store, listener: Listener) -> WithReference:
    """Score every row under the base model, or find that done."""
    key = digest([VERSION, rows.path.parent.name, list(base.key)])
    final = store.home / "reference" / f"{rows.path.parent.name}-{key[:8]}"
    if not (final / MANIFEST).exists():
        manifest: dict[str, Any] = {"kind": "reference", "name": final.name, "hash": key}
        with building(final, manifest) as draft:
            _write(draft / "logp.arrow", rows, base, listener)
    return WithReference(rows, final / "logp.arrow")


def score_now(rows: list[list[Encoded]], base: Base | None) -> list[list[Encoded]]:
    """A few rows with the reference beside them; as they are where they need none beforehand."""
    return rows if base is None else _beside(rows, _scores(rows, base))


def _beside(rows: list[list[Encoded]], known: list[list[list[float]]]) -> list[list[Encoded]]:
    return [
        [replace(s, facts={**s.facts, REFERENCE: logp}) for s, logp in zip(row, found, strict=True)]
        for row, found in zip(rows, known, strict=True)
    ]


def _write(path: Path, rows: Sequences, base: Base, listener: Listener) -> None:
    pa = pyarrow()
    schema = pa.schema([("logp", pa.list_(pa.list_(pa.float32())))])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows.take(range(start, min(start + ROWS_AT_ONCE, len(rows))))
            values = _scores(some, base)
            writer.write_batch(pa.RecordBatch.from_pydict({"logp": values}, schema=schema))
            done = {"done": start + len(some), "total": len(rows), "unit": "rows of the reference"}
            listener(Event("progress", {"stage": "train", **done}))


def _scores(rows: list[list[Encoded]], base: Base) -> list[list[list[float]]]:
    """Log p of every token of some rows; 0 where it is not learned."""
    base.scorer.model.eval()
    found: list[list[list[float]]] = [[] for _ in rows]
    lengths = [sum(len(s.tokens) for s in row) for row in rows]
    for members in cut_into_passes(lengths, base.tokens_per_pass):
        sequences = [(number, s) for number in members for s in rows[number]]
        tokens = [s.tokens for _, s in sequences]
        with torch.no_grad():
            logp_N = base.scorer.token_logp(tokens, [s.weights for _, s in sequences])[0]
        logp = cast("list[float]", logp_N.tolist())
        at = 0
        for number, sequence in sequences:
            values = [0.0] * len(sequence.tokens)
            for place, weight in enumerate(sequence.weights):
                if weight > 0:
                    values[place] = logp[at]
                    at += 1
            found[number].append(values)
    return found
