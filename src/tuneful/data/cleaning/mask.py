"""Private data as placeholders: [EMAIL_1] stands for the same address in every row.

Numbers count from 1 in the order of the rows, for each kind by itself. Of what was seen only hashes
are kept, and only until the rows are written. Names of people and places stay.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import HIDES
from tuneful.data.faults.private import KINDS, find_private
from tuneful.recipe.parts import PartConfig

Kind = Literal["email", "phone", "ip", "card", "iban", "secret", "private_key"]


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


class Mask:
    """Replace private data with placeholders, the same for the same value."""

    Config: ClassVar[type[MaskConfig]] = MaskConfig
    order: ClassVar[int] = HIDES
    hides: ClassVar[bool] = True

    def __init__(self, config: MaskConfig) -> None:
        self._kinds = [kind for kind in KINDS if kind in config.kinds]
        self._numbers: dict[str, dict[bytes, int]] = {kind: {} for kind in self._kinds}

    def mend(self, text: str) -> str:
        """The text with placeholders."""
        parts: list[str] = []
        done = 0
        for found in find_private(text, self._kinds):
            parts += [text[done : found.begin], self._placeholder(found.kind, found.value)]
            done = found.end
        return "".join([*parts, text[done:]]) if done else text

    def _placeholder(self, kind: str, value: str) -> str:
        known = self._numbers[kind]
        key = hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=12).digest()
        return f"[{kind.upper()}_{known.setdefault(key, len(known) + 1)}]"
