"""Rows of every kind, as files that users have: what every method is tested on."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.world import review

Values = dict[str, Any]


def _asked(draw: random.Random, number: int) -> tuple[str, str, str]:
    """A question, its right answer and a wrong one."""
    is_good = number % 2 == 0
    right, wrong = ("good", "bad") if is_good else ("bad", "good")
    return review(draw, is_good=is_good)[:40], right, wrong


def _turns(text: str, answer: str) -> list[Values]:
    return [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]


def _text(draw: random.Random, number: int) -> Values:
    return {"text": _asked(draw, number)[0]}


def _labelled(draw: random.Random, number: int) -> Values:
    return {"text": review(draw, is_good=number % 2 == 0), "label": "ab"[number % 2]}


def _pair(draw: random.Random, number: int) -> Values:
    second = review(draw, is_good=number % 2 == 0)
    return {**_labelled(draw, number), "second": second, "label": "ab"[number % 2]}


def _multi_labelled(draw: random.Random, number: int) -> Values:
    return {"text": review(draw, is_good=number % 2 == 0), "labels": ["a", "b"][: number % 3]}


def _rated(draw: random.Random, number: int) -> Values:
    return {"text": review(draw, is_good=number % 2 == 0), "rating": 1 + number % 5}


def _tagged(draw: random.Random, number: int) -> Values:
    words = review(draw, is_good=number % 2 == 0).split()
    return {"words": words, "tags": ["B-X" if len(word) > 4 else "O" for word in words]}


def _chat(draw: random.Random, number: int) -> Values:
    text, right, _ = _asked(draw, number)
    return {"messages": _turns(text, right)}


def _preference(draw: random.Random, number: int) -> Values:
    text, right, wrong = _asked(draw, number)
    return {"prompt": text, "chosen": right, "rejected": wrong}


def _judged(draw: random.Random, number: int) -> Values:
    text, right, wrong = _asked(draw, number)
    is_good = number % 4 < 2
    return {"prompt": text, "completion": right if is_good else wrong, "label": is_good}


def _ranked(draw: random.Random, number: int) -> Values:
    text, right, wrong = _asked(draw, number)
    return {"prompt": text, "answers": [wrong, right, right + "!"], "ranks": [3, 1, 2]}


def _prompt(draw: random.Random, number: int) -> Values:
    text, right, _ = _asked(draw, number)
    return {"prompt": text, "reference": right}


MAKERS: Mapping[str, Callable[[random.Random, int], Values]] = {
    "text": _text,
    "labelled": _labelled,
    "pair": _pair,
    "multi_labelled": _multi_labelled,
    "rated": _rated,
    "tagged": _tagged,
    "chat": _chat,
    "preference": _preference,
    "judged": _judged,
    "ranked": _ranked,
    "prompt": _prompt,
}
"""A row of each kind (data.rows.ROWS) from its number."""


def source(kind: str, path: Path, count: int = 40) -> Path:
    """JSON lines of `count` rows of a kind."""
    draw = random.Random(0)
    rows = [MAKERS[kind](draw, number) for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
