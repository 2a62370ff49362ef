"""Which language a text is in, offline: py3langid (Lui and Baldwin 2012), the extra "clean".

Short texts are not judged: a sentence of less than about ten words is often mistaken.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from tuneful.core.errors import DataError

FEWEST_LETTERS = 40
LEAST_PROBABILITY = 0.9
BEGINNING = 1000
"""Characters that are looked at."""


@cache
def _identifier() -> Any:
    from py3langid.langid import (  # pyright: ignore[reportMissingTypeStubs]
        MODEL_FILE,
        LanguageIdentifier,
    )

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def is_installed() -> bool:
    """Whether languages can be told here."""
    from importlib.util import find_spec

    return find_spec("py3langid") is not None


def require() -> None:
    """Refuse to go on where languages cannot be told.

    Raises:
        DataError: The library is missing.
    """
    if not is_installed():
        raise DataError(
            "Languages cannot be told: the library py3langid is missing.",
            where="data.clean",
            fix='pip install "tuneful[clean]", or leave the step language out.',
        )


def language_of(text: str) -> str:
    """A text's language (ISO 639-1: en, de, zh); "" where it is too short or in doubt."""
    begin = text[:BEGINNING]
    num_letters = sum(map(str.isalpha, begin))
    # Signs beyond Latin's say more each: ten of Chinese are a sentence.
    if num_letters < (FEWEST_LETTERS if begin.isascii() else FEWEST_LETTERS // 4):
        return ""
    code, probability = _identifier().classify(begin)
    return str(code) if float(probability) >= LEAST_PROBABILITY else ""
