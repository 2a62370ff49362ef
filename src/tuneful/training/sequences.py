"""Rows as token sequences: encoded once, kept on disk, read a few at a time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.events import Event
from tuneful.data.arrow import pyarrow
from tuneful.methods.base import Encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Method
    from tuneful.models.tokenizer import Tokenizer

VERSION = 4
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Sequences:
    """The encoded rows of one split, memory-mapped.

    Attributes:
        path: An Arrow file; one record a row, whose lists hold the row's sequences.
    """

    path: Path

    @cached_property
    def _table(self) -> Any:
        pa = pyarrow()
        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def take(self, rows: Iterable[int]) -> list[list[Encoded]]:
        """The sequences of some rows, in the order asked for."""
        return [_decode(record) for record in self._table.take(list(rows)).to_pylist()]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row, all its sequences together."""
        return self._sums["length"]

    @property
    def num_learned(self) -> list[int]:
        """Tokens with weight > 0 of each row; 0 for classes, where rows are learned whole."""
        return self._sums["num_learned"]

    @property
    def num_cut(self) -> list[int]:
        """Tokens each row lost to max_length."""
        return self._sums["num_cut"]

    @cached_property
    def _sums(self) -> dict[str, list[int]]:
        """Each row's counts, summed over its sequences."""
        names = ("length", "num_learned", "num_cut")
        return {name: [sum(row) for row in self._table[name].to_pylist()] for name in names}


@dataclass(frozen=True)
class Encoding:
    """Everything that decides what a row's tokens are.

    Attributes:
        facts_from: Hash of the data set whose facts (labels) the method was made with, where it is
            another than that of the rows.
    """

    method: Method[Any]
    tokenizer: Tokenizer
    max_length: int
    facts_from: str = ""

    def digest(self, data: Dataset, split: str) -> str:
        """Hash of the encoded split."""
        config = self.method.config.model_dump()
        tokenizer = self.tokenizer.hf.backend_tokenizer.to_str()
        asked = [VERSION, data.hash, split, config, tokenizer, self.tokenizer.template]
        return digest([*asked, self.max_length, *([self.facts_from] if self.facts_from else [])])


def encode_split(
    data: Dataset, split: str, encoding: Encoding, store: Store, listener: Listener
) -> Sequences:
    """Encode a split, or find it as an earlier run encoded it.

    Raises:
        DataError: A row does not fit the method or the chat template.
    """
    key = encoding.digest(data, split)
    final = store.home / "tokens" / f"{data.name}-{split}-{key[:8]}"
    if not (final / MANIFEST).exists():
        manifest: dict[str, Any] = {"kind": "tokens", "name": f"{data.name}-{split}", "hash": key}
        with building(final, manifest) as draft:
            _write(draft / "rows.arrow", data, split, encoding, listener)
    return Sequences(final / "rows.arrow")


def _write(path: Path, data: Dataset, split: str, encoding: Encoding, listener: Listener) -> None:
    pa = pyarrow()
    done, total = 0, data.num_rows(split)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, _schema()) as writer:
        for rows in data.batches(split, ROWS_AT_ONCE):
            encoded = encoding.method.encode(rows, encoding.tokenizer, encoding.max_length)
            writer.write_batch(as_batch(encoded))
            done += len(rows)
            facts = {
                "stage": "train",
                "done": done,
                "total": total,
                "unit": f"{split} rows encoded",
            }
            listener(Event("progress", facts))


def _schema() -> Any:
    pa = pyarrow()
    lists = {"label": pa.int32(), "weight": pa.float64(), "num_cut": pa.int32()}
    lists["second"] = pa.int32()
    lists["is_aside"] = pa.bool_()
    lists["targets"] = pa.list_(pa.float32())
    counts = {"length": pa.int32(), "num_learned": pa.int32()}
    return pa.schema(
        [("tokens", pa.list_(pa.list_(pa.int32()))), ("weights", pa.list_(pa.list_(pa.float32())))]
        + [(name, pa.list_(kind)) for name, kind in {**lists, **counts}.items()]
    )


def as_batch(rows: Sequence[Sequence[Encoded]]) -> Any:
    """Rows' sequences as a record batch; the numbers go into arrays whole, not one by one."""
    pa = pyarrow()
    every = [sequence for row in rows for sequence in row]
    begin_R = _begins(map(len, rows))

    tokens, length_S = _joined("i", (sequence.tokens for sequence in every))
    weights, _ = _joined("d", (sequence.weights for sequence in every))
    targets, _ = _joined("d", (sequence.targets for sequence in every))
    counts = {
        "label": [sequence.label for sequence in every],
        "weight": [sequence.weight for sequence in every],
        "num_cut": [sequence.num_cut for sequence in every],
        "second": [sequence.second for sequence in every],
        "is_aside": [sequence.is_aside for sequence in every],
        "length": length_S,
        "num_learned": _num_positive(weights),
    }
    lists = {"tokens": tokens, "weights": weights, "targets": targets}
    schema = _schema()
    columns: list[Any] = []
    for field in schema:
        kind = field.type.value_type
        known = lists.get(field.name)
        values = pa.array(counts[field.name], kind) if known is None else known.cast(kind)
        columns.append(pa.ListArray.from_arrays(begin_R, values))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _begins(sizes: Iterable[int]) -> Any:
    """Where each of some lists begins when they stand in a row, and the end."""
    return pyarrow().array(list(accumulate(sizes, initial=0)), pyarrow().int32())


def _joined(code: str, lists: Iterable[Sequence[float]]) -> tuple[Any, list[int]]:
    """Numbers of many lists as one array of lists, and the lists' lengths."""
    pa = pyarrow()
    flat = cast("Any", array(code))
    sizes: list[int] = []
    for numbers in lists:
        flat.fromlist(list(numbers))
        sizes.append(len(numbers))
    kind = pa.int32() if code == "i" else pa.float64()
    values = pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])
    return pa.ListArray.from_arrays(_begins(sizes), values), sizes


def _num_positive(lists: Any) -> Any:
    """How many numbers of each list are above 0: [S]."""
    import numpy as np

    before = np.concatenate([[0], np.cumsum(lists.values.to_numpy() > 0)])
    return np.diff(before[lists.offsets.to_numpy()])


def _decode(record: dict[str, list[Any]]) -> list[Encoded]:
    names = (
        *("tokens", "weights", "label", "weight", "num_cut", "targets", "second"),
        "is_aside",
    )
    return [Encoded(*values) for values in zip(*(record[name] for name in names), strict=True)]
