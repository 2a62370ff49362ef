"""Signs that nobody sees: controls, zero widths, marks of direction, and spaces of many kinds."""

from __future__ import annotations

import re

UNSEEN = (
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x81\\x8d\\x8f\\x90\\x9d"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
"""Of U+0080 to U+009F those that Windows-1252 has no sign for: the others are mended as mojibake.
Joiners (U+200C, U+200D) are left: Persian and emoji are written with them."""
HIDDEN = re.compile(UNSEEN)
SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")
LINE_END = re.compile("\r\n?|\u0085|\u2028|\u2029")
TRAILING = re.compile(r"[ \t]+(?=\n|\Z)")
MANY_LINES = re.compile(r"\n{3,}")
MANY_SPACES = re.compile(r"[ \t]{2,}")


def tidy(text: str, *, collapse: bool) -> str:
    """The text without hidden signs, with plain spaces, no spaces before ends of lines.

    Args:
        text: Any.
        collapse: Make runs of spaces one, also where they set in lines of code or tables.
    """
    if not text.isascii():
        text = SPACE.sub(" ", LINE_END.sub("\n", text))
    text = HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = MANY_LINES.sub("\n\n", TRAILING.sub("", text)).strip("\n")
    return MANY_SPACES.sub(" ", text).strip() if collapse else text
