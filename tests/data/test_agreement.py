from __future__ import annotations

import math

import pytest

from tuneful.core.errors import DataError
from tuneful.data.agreement import Scale, agreement

NAN = math.nan
FOUR = (  # Krippendorff 2011: four observers, twelve units, values missing
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN),
)
TWO = ("aabbdcccedda", "babbbccceddd")
BINARY = ("0100000010", "1110010000")


def test_alpha_is_what_krippendorff_computed_by_hand() -> None:
    units = list(zip(*FOUR, strict=True))
    known: dict[Scale, float] = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849}
    for scale, expected in known.items():
        found = agreement(units, scale, resamples=0)
        assert found.alpha == pytest.approx(expected, abs=5e-4), scale
        assert (found.num_items, found.num_ratings, found.low) == (11, 40, None)
    for table, expected in ((TWO, 0.692), (BINARY, 0.095)):
        found = agreement(list(zip(*table, strict=True)), "nominal", resamples=0)
        assert found.alpha == pytest.approx(expected, abs=5e-4)


def test_disagreement_of_items_is_what_alpha_lacks() -> None:
    # Distances 0, 1 and 4 of pairs within items; of all pairs 2·(6·13 - 7²) / 30 = 29 / 15.
    found = agreement([[1, 1], [0], [0, 1], [None, 1, 3]], "interval", resamples=0)
    assert found.disagreement[1] is None
    known = [one for one in found.disagreement if one is not None]
    assert known == pytest.approx([0, 1 * 15 / 29, 4 * 15 / 29])
    assert found.alpha == pytest.approx(1 - sum(known) / 3)
    far = agreement([[1e9 + 1, 1e9 + 1], [1e9, 1e9 + 1], [1e9 + 1, 1e9 + 3]], "interval")
    assert far.alpha == pytest.approx(found.alpha)


def test_interval_is_of_the_items_and_the_same_again() -> None:
    units = list(zip(*FOUR, strict=True)) * 5
    one, other = (agreement(units, "ordinal", seed=3) for _ in range(2))
    assert one == other
    assert one.alpha is not None
    assert one.low is not None
    assert one.high is not None
    assert 0.5 < one.low < one.alpha < one.high < 1
    assert agreement(units, "ordinal", seed=4).low != one.low
    assert agreement([[1, 1], [2, 2], [3, 3]] * 9, "ordinal").low == 1


def test_items_drawn_together_say_no_more_than_one() -> None:
    units = list(zip(*FOUR, strict=True)) * 5
    four = [unit for unit in units for _ in range(4)]
    groups = [number for number in range(len(units)) for _ in range(4)]
    once, alone = agreement(units, "ordinal"), agreement(four, "ordinal")
    drawn = agreement(four, "ordinal", together=groups)
    width = [(one.high or 0) - (one.low or 0) for one in (once, alone, drawn)]
    assert width[2] == pytest.approx(width[0], rel=0.1)
    assert width[1] < 0.6 * width[0]
    assert drawn.alpha == alone.alpha


def test_what_cannot_be_told_is_said() -> None:
    same = agreement([["x", "x"], ["x", "x"]], "nominal")
    assert (same.alpha, same.low, same.disagreement) == (None, None, (0, 0))
    with pytest.raises(DataError, match="None of 2 items has two ratings"):
        agreement([["x"], [None, "y"]], "nominal")
    with pytest.raises(DataError, match="'good' is no number"):
        agreement([[1, 2], [3, "good"]], "ordinal")
