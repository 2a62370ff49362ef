"""Processor seconds that each metric takes: of a sample's rows, and of resampling them.

Samples are made up, of 1,000 rows unless said otherwise. Resampling is what `tuneful evaluate`
does: 10,000 times for one model; for two with their difference and its test. The least of three.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import RESULTS
from tuneful.core.artifact import write_json
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.labels import LabelSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.evaluating.measures.tags import TagSample
from tuneful.evaluating.metrics import METRICS, metric

if TYPE_CHECKING:
    from collections.abc import Callable

RESAMPLES, ROUNDS = 10_000, 3
WORDS = "the cat sat on a mat and it was warm but not too hot for us today".split()  # noqa: SIM905  (shorter)
TAGS = ["O", "B-A", "I-A", "B-B"]
ELSEWHERE = {"bertscore", "pass_at_k", "json_schema", "tool_calls", "tool_calls_exact"}
"""A model or programs run, or rows of another kind are needed: resampling is that of any mean."""
Draw = np.random.Generator


def classes(draw: Draw, rows: int, size: int) -> ClassSample:
    """Right more often than not."""
    truth = draw.integers(0, size, rows)
    score = draw.random((rows, size)) + 0.5 * np.eye(size)[truth]
    return ClassSample(truth, score / score.sum(axis=1, keepdims=True))


def labels(draw: Draw, rows: int) -> LabelSample:
    """Six classes, of which a text has two or so."""
    is_NC = (draw.random((rows, 6)) < 0.3).astype(np.float64)
    return LabelSample(is_NC, is_NC + draw.normal(size=(rows, 6)) - 0.5)


def ratings(draw: Draw, rows: int) -> RatingSample:
    """Five stars."""
    truth = draw.integers(1, 6, rows).astype(np.float64)
    rating = np.clip(truth + draw.normal(size=rows), 1, 5)
    return RatingSample(truth, rating, np.floor(rating + 0.5))


def tags(draw: Draw, rows: int) -> TagSample:
    """Twenty words a row."""
    rng = random.Random(int(draw.integers(1 << 30)))
    truth = tuple(tuple(rng.choices(TAGS, k=20)) for _ in range(rows))
    said = tuple(tuple(rng.choice([tag, tag, *TAGS]) for tag in row) for row in truth)
    return TagSample(truth, said)


def answers(draw: Draw, rows: int) -> AnswerSample:
    """Twenty words, most of them the reference's; 24 answers timed, as in an evaluation."""
    rng = random.Random(int(draw.integers(1 << 30)))
    meant = [rng.choices(WORDS, k=20) for _ in range(rows)]
    said = [[rng.choice([word, word, rng.choice(WORDS)]) for word in row] for row in meant]
    known = AnswerSample(
        references=tuple(map(" ".join, meant)),
        answers=tuple(map(" ".join, said)),
        logp_N=-20 * draw.random(rows),
        tokens_N=np.full(rows, 20),
    )
    alone_N = np.where(np.arange(rows) < 24, draw.random(rows), np.nan)
    return replace(known, bytes_N=np.full(rows, 80), said_N=draw.random(rows), alone_N=alone_N)


SAMPLES: dict[str, Callable[[Draw, int], Any]] = {
    "classes, 2": lambda draw, rows: classes(draw, rows, 2),
    "classes, 6": lambda draw, rows: classes(draw, rows, 6),
    "labels, 6": labels,
    "ratings": ratings,
    "tags": tags,
    "answers": answers,
}
PARTS = {"regex": "a", "words": "5-60", "uses": "cat", "avoids": "cat", "reading_grade": "8"}


def seconds(work: Callable[[], object]) -> float:
    """Of the processor, the least of some rounds."""
    found: list[float] = []
    for _ in range(ROUNDS):
        began = process_time()
        work()
        found.append(process_time() - began)
    return min(found)


def measure(kind: str, name: str, rows: int) -> dict[str, Any]:
    """A metric's seconds on samples of a kind."""
    draw = np.random.default_rng(0)
    one, other = SAMPLES[kind](draw, rows), SAMPLES[kind](draw, rows)
    known = metric(f"{name}:{PARTS[name]}" if name in PARTS else name)
    tuned, base = known.statistics(one), known.statistics(other)
    return {
        "sample": kind,
        "metric": name,
        "rows": seconds(lambda: known.statistics(one)),
        "one_model": seconds(lambda: compare(known, tuned, None, RESAMPLES)),
        "two_and_test": seconds(lambda: compare(known, tuned, base, RESAMPLES)),
    }


def main() -> None:
    """Print a table and write results/metrics.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--only", default="", help="metrics, with commas")
    asked = parser.parse_args()
    only = set(asked.only.split(",")) if asked.only else set(METRICS) - ELSEWHERE
    found: list[dict[str, Any]] = []
    for kind in SAMPLES:
        measured = kind.partition(",")[0]
        for name in METRICS:
            skipped = name.startswith("tool_") or name == "field_accuracy"
            if name in only and measured in METRICS[name].measures and not skipped:
                known = measure(kind, name, asked.rows)
                found.append(known)
                numbers = (known[part] for part in ("rows", "one_model", "two_and_test"))
                print(f"{kind:12} {name:18}", *(f"{number:6.2f}" for number in numbers), flush=True)
    if not asked.only:
        write_json(RESULTS / "metrics.json", {"num_rows": asked.rows, "metrics": found})


if __name__ == "__main__":
    main()
