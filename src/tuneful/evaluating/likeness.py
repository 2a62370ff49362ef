"""How like an answer is to the one that is wanted: what decides who wins where no grader does."""

from __future__ import annotations

from tuneful.evaluating.metrics.json_answers import object_of
from tuneful.evaluating.metrics.token_f1 import f1, words


def likeness(said: str, meant: str) -> float:
    """From 0 to 1.

    Where a JSON object is wanted, the share of its keys that the answer has with the same value; it
    must be one JSON object and nothing else. Elsewhere the F1 of the words.
    """
    wanted = object_of(meant)
    if wanted is None:
        return f1(words(said), words(meant))
    found = object_of(said)
    if not found or not wanted:
        return float(said.strip() == meant.strip())
    return sum(key in found and found[key] == value for key, value in wanted.items()) / len(wanted)
