"""Our patterns and presidio's beside each other: planted private data, look-alikes, sound rows.

Rows, faults and look-alikes are those of `benchmarks.detectors`; a row counts as found where the
detector finds what was planted, anywhere in it, and as a false alarm where it finds that kind in a
row that holds none. Presidio's patterns run over a pipeline that only cuts words, at the score that
`mask` takes by default; its search for email addresses asks the network for a list of domains and
goes on without it.
"""

from __future__ import annotations

import argparse
import random
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import faults
from benchmarks.detectors import DETECTORS, Measured
from tuneful.data.faults.presidio import by_presidio
from tuneful.data.faults.private import find_private

if TYPE_CHECKING:
    from collections.abc import Callable

ALSO = {
    "card": "CREDIT_CARD",
    "iban": "IBAN_CODE",
    "ip": "IP_ADDRESS",
    "phone": "PHONE_NUMBER",
}
"""Kinds that both look for, but for email addresses, and what presidio calls them."""
LEAST = 0.4


def measure(kind: str, find: Callable[[str], Any], seed: int) -> tuple[Measured, float]:
    """What a detector finds of one kind, and the seconds that it took."""
    plant = DETECTORS[kind][0]
    rows, bad = plant(random.Random(f"{kind} {seed}"))
    begin = perf_counter()
    found = {number for number, row in enumerate(rows, start=1) if find(row["text"])}
    took = perf_counter() - begin
    return Measured(len(bad), len(found & bad), len(found - bad), len(rows) - len(bad)), took


def main() -> None:
    """A table of both, kind by kind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pii")
    parser.add_argument("--seed", type=int, default=1, help="of rows and faults (default: 1)")
    seed = parser.parse_args().seed
    assert set(ALSO) <= set(faults.KINDS)
    print("| kind | detector | recall | false alarms | precision | ms a row |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for kind, entity in ALSO.items():
        theirs = by_presidio([entity], "", "en", LEAST)
        for name, find in (("ours", lambda text, k=kind: find_private(text, [k])),
                           ("presidio", theirs)):  # fmt: skip
            one, took = measure(kind, find, seed)
            alarms, count = f"{one.false_alarms} of {one.sound:,}", one.planted + one.sound
            print(f"| {kind} | {name} | {one.recall:.2f} | {alarms} | {one.precision:.2f} | "
                  f"{1000 * took / count:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
