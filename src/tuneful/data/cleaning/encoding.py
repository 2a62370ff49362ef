"""Broken encodings mended: text that was UTF-8 and was read as Windows-1252 or Latin-1."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import DataError
from tuneful.data.cleaning.base import MENDS_SIGNS
from tuneful.data.faults.encoding import by_ftfy, mend_encoding
from tuneful.recipe.parts import PartConfig


class EncodingConfig(PartConfig):
    """Settings of encoding."""

    name: Literal["encoding"] = Field(default="encoding", description="Which step.")
    ftfy: bool = Field(
        default=False,
        description="Leave it to the library ftfy (extra clean), which knows more encodings and "
        "lossy faults; ours knows Windows-1252 and Latin-1, read wrongly up to three times.",
    )


class Encoding:
    """Read mojibake again: "CafÃ©" becomes "Café"."""

    Config: ClassVar[type[EncodingConfig]] = EncodingConfig
    order: ClassVar[int] = MENDS_SIGNS
    hides: ClassVar[bool] = False

    def __init__(self, config: EncodingConfig) -> None:
        self._mend = mend_encoding
        if config.ftfy:
            try:
                self._mend = by_ftfy()
            except ImportError:
                raise DataError(
                    "The library ftfy is missing.",
                    where="data.clean: {name: encoding, ftfy: true}",
                    fix='pip install "tuneful[clean]", or leave ftfy out.',
                ) from None

    def mend(self, text: str) -> str:
        """The text as it was written."""
        return text if text.isascii() else self._mend(text)
