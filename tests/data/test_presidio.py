"""Presidio beside our own patterns: what it finds, what it needs, what it says where that lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tuneful.core.errors import DataError
from tuneful.data.cleaning.mask import Mask, MaskConfig

pytestmark = pytest.mark.slow  # spaCy takes seconds to import


def mask(**presidio: Any) -> Mask:
    return Mask(MaskConfig.model_validate({"name": "mask", "presidio": presidio}))


def test_national_numbers_become_placeholders_and_ours_stand_where_both_find():
    step = mask(entities=["US_SSN", "CRYPTO", "CREDIT_CARD", "PHONE_NUMBER"])
    text = "SSN 536-90-4399, 4111 1111 1111 1111, call (212) 555-0187, again 536-90-4399."
    assert step.mend(text) == "SSN [US_SSN_1], [CARD_1], call [PHONE_1], again [US_SSN_1]."
    wallet = "send 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"
    assert step.mend(wallet) == "send [CRYPTO_1]"
    assert step.mend("Nothing here, in 1994, of 300,000,000.") == (
        "Nothing here, in 1994, of 300,000,000."
    )


def test_names_come_from_a_pipeline(tmp_path: Path):
    import spacy

    pipeline = spacy.blank("en")
    ruler: Any = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([
        {"label": "PERSON", "pattern": "Ada Lovelace"},
        {"label": "GPE", "pattern": "London"},
    ])  # fmt: skip
    pipeline.to_disk(tmp_path / "names")
    step = mask(model=str(tmp_path / "names"))
    said = "Ada Lovelace left London; write to Ada Lovelace at ada@example.org."
    assert step.mend(said) == ("[PERSON_1] left [LOCATION_1]; write to [PERSON_1] at [EMAIL_1].")


@pytest.mark.parametrize(
    ("presidio", "problem", "fix"),
    [
        ({}, "without a spaCy pipeline", "spacy download"),
        ({"model": "xx_no_such"}, "spaCy has no pipeline 'xx_no_such'", "download xx_no_such"),
        ({"entities": ["US_SSX"]}, "no US_SSX", "US_SSN"),
        ({"entities": ["EMAIL_ADDRESS"]}, "no EMAIL_ADDRESS", "our own kinds"),
        ({"entities": ["US_SSN"], "language": "q9"}, "spaCy has no language 'q9'", "download"),
    ],
)
def test_what_lacks_is_said_with_what_to_install(presidio: Any, problem: str, fix: str):
    with pytest.raises(DataError) as caught:
        mask(**presidio)
    assert problem in caught.value.message
    assert fix in caught.value.fix
