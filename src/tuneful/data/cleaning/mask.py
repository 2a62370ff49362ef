"""Private data as placeholders: [EMAIL_1] stands for the same address in every row.

Numbers count from 1 in the order of the rows, for each kind by itself. Of what was seen only hashes
are kept, and only until the rows are written. Names of people and places stay, unless presidio (the
extra pii) is asked to find them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import HIDES
from tuneful.data.faults.presidio import by_presidio
from tuneful.data.faults.private import KINDS, find_private
from tuneful.recipe.closed import Closed
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.faults.private import Private

Kind = Literal["email", "phone", "ip", "card", "iban", "secret", "private_key"]


class Presidio(Closed):
    """What Microsoft's presidio finds beside our kinds (the extra pii)."""

    entities: list[str] = Field(
        default=["PERSON", "LOCATION"],
        min_length=1,
        description="In presidio's words. PERSON, LOCATION, NRP and ORGANIZATION need a pipeline; "
        "US_SSN, US_ITIN, UK_NHS, CRYPTO, MAC_ADDRESS … do not.",
    )
    model: str = Field(
        default="",
        description="A spaCy pipeline that is installed (en_core_web_sm), or its folder; it is "
        "never fetched. Left out, presidio's patterns alone are used.",
    )
    language: str = Field(default="en", description="Of the texts (ISO 639-1).")
    least: float = Field(
        default=0.4,
        gt=0,
        le=1,
        description="Lowest score of a find: presidio gives patterns that fit nearly any number "
        "0.01 to 0.3.",
    )


class MaskConfig(PartConfig):
    """Settings of mask."""

    name: Literal["mask"] = Field(default="mask", description="Which step.")
    kinds: list[Kind] = Field(
        default=["email", "phone", "ip", "card", "iban", "secret", "private_key"],
        min_length=1,
        description="What is masked. card: payment cards whose check digit is right; iban: bank "
        "accounts likewise; secret: keys of well-known services, and what follows api_key= or "
        "password=.",
    )
    presidio: Presidio | None = Field(
        default=None, description="Find names and more by presidio as well; slower by far."
    )


class Mask:
    """Replace private data with placeholders, the same for the same value."""

    Config: ClassVar[type[MaskConfig]] = MaskConfig
    order: ClassVar[int] = HIDES
    hides: ClassVar[bool] = True

    def __init__(self, config: MaskConfig) -> None:
        self._kinds = [kind for kind in KINDS if kind in config.kinds]
        self._numbers: dict[str, dict[bytes, int]] = {}
        more = config.presidio
        self._more = (
            by_presidio(more.entities, more.model, more.language, more.least) if more else None
        )

    def mend(self, text: str) -> str:
        """The text with placeholders."""
        parts: list[str] = []
        done = 0
        for found in self._found(text):
            parts += [text[done : found.begin], self._placeholder(found.kind, found.value)]
            done = found.end
        return "".join([*parts, text[done:]]) if done else text

    def would_mend(self, text: str) -> bool:
        """Whether it holds private data; the numbers depend on the rows before."""
        return bool(self._found(text))

    def _found(self, text: str) -> list[Private]:
        """In order; of two that overlap ours stands, for its check digits were looked at."""
        ours = find_private(text, self._kinds)
        if self._more is None:
            return ours
        theirs = [
            one
            for one in self._more(text)
            if all(one.end <= other.begin or other.end <= one.begin for other in ours)
        ]
        return sorted([*ours, *theirs], key=lambda one: one.begin)

    def _placeholder(self, kind: str, value: str) -> str:
        known = self._numbers.setdefault(kind, {})
        key = hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=12).digest()
        return f"[{kind.upper()}_{known.setdefault(key, len(known) + 1)}]"
