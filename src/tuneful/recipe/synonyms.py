"""Other tools' words, and what ours are."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def table() -> dict[str, str]:
    """Another tool's key to our key, with a word of explanation where it takes one."""
    path = Path(__file__).with_name("synonyms.json")
    return json.loads(path.read_text(encoding="utf-8"))


def answer(word: str) -> str:
    """What to write instead of another tool's key; empty where the word is not known."""
    ours = table().get(word.lower().replace("-", "_"), "")
    if not ours:
        return ""
    if ours.startswith("nothing"):
        return f"Leave it out. {ours.removeprefix('nothing: ').capitalize()}."
    return f"Here it is {ours}."
