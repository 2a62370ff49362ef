"""Other tools' words, and what ours are."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def table() -> dict[str, str]:
    """Another tool's key to our key, with a word of explanation where it takes one.

    "method: word" is the name of a method elsewhere, "method.word" a key in that section.
    """
    path = Path(__file__).with_name("synonyms.json")
    return json.loads(path.read_text(encoding="utf-8"))


def answer(word: str, section: str = "") -> str:
    """What to write instead of another tool's key; empty where the word is not known.

    A word may mean another thing in one section: `type` in `adapter` is its `name`.
    """
    word = word.lower().replace("-", "_")
    ours = table().get(f"{section}.{word}") or table().get(word, "")
    if not ours:
        return ""
    if ours.startswith("nothing"):
        reason = ours.removeprefix("nothing: ")
        return f"Leave it out. {reason[:1].upper()}{reason[1:]}."
    return f"Here it is {ours}."


def named(name: str, section: str) -> str:
    """What to write instead of another tool's name of a part; empty where it is not known."""
    ours = table().get(f"{section}: {name.lower().replace('-', '_')}", "")
    return ours and f"Here it is {ours}."
