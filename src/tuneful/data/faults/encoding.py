"""Mojibake: UTF-8 that was read as Windows-1252 or Latin-1, "CafÃ©" for "Café".

A run of signs whose bytes are the UTF-8 of one character is read again. One alone counts only where
that character is of the kind that such faults are made of (accents, quotes, dashes): "CAFÉ…" is no
fault though its last two signs would be U+0245. A control character from U+0080 to U+009F is a sign
of Windows-1252 that was read as Latin-1: U+0097 is a dash.
ftfy (Speer 2019) mends more kinds, by the same idea.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOST = "\ufffd"
"""What stands where a byte could not be read: it cannot be mended."""
MOST_ROUNDS = 3
"""A text may have been read wrongly more than once."""


def _sign(byte: int) -> str:
    """A byte as Windows-1252 has it; as Latin-1 where that has nothing."""
    return bytes([byte]).decode("cp1252", "replace").replace(LOST, chr(byte))


BYTE_OF = {_sign(byte): byte for byte in range(0x80, 0x100)} | {
    chr(byte): byte for byte in range(0x80, 0xA0)
}


def _class(first: int, last: int) -> str:
    return "[" + "".join(sign for sign, byte in BYTE_OF.items() if first <= byte <= last) + "]"


NEXT = _class(0x80, 0xBF)
CHARACTER = (
    f"(?:{_class(0xC2, 0xDF)}{NEXT}|{_class(0xE0, 0xEF)}{NEXT}{{2}}"
    f"|{_class(0xF0, 0xF4)}{NEXT}{{3}})"
)
RUN = re.compile(f"{CHARACTER}+")
MAY_BE_BROKEN = f"{CHARACTER}|{LOST}|[\u0080-\u009f]"
"""A text that does not match is whole. In RE2's words: Arrow searches by it."""
CONTROLS = {byte: _sign(byte) for byte in range(0x80, 0xA0) if _sign(byte) != chr(byte)}
USUAL = re.compile("[\u00a0-\u017f\u0192\u02c6\u02dc\u2010-\u203a\u20ac\u2122\ufeff]+")
"""Accented Latin letters, quotes, dashes, dots, euro and trade mark."""


def mend_encoding(text: str) -> str:
    """The text with its mojibake read again; a text without any is returned as it is."""
    for _ in range(MOST_ROUNDS):
        better = RUN.sub(_read_again, text)
        if better == text:
            break
        text = better
    return text.translate(CONTROLS)


def _read_again(match: re.Match[str]) -> str:
    run = match.group()
    try:
        read = bytes(BYTE_OF[sign] for sign in run).decode()
    except UnicodeDecodeError:
        return run
    return read if len(read) > 1 or USUAL.fullmatch(read) else run


def by_ftfy() -> Callable[[str], str]:
    """Ftfy's repair of encodings alone: quotes, spaces and entities stay.

    Raises:
        ImportError: It is not installed.
    """
    import ftfy  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

    return partial(ftfy.fix_encoding)  # pyright: ignore[reportUnknownArgumentType]
