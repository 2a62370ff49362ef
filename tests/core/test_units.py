"""Numbers read as a person would write them."""

from __future__ import annotations

import doctest
import math

import pytest

from tuneful.core import units


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(units)
    assert result.attempted >= 5
    assert result.failed == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (8.2, "8.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.7, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7384, "2 h 03 min"),
    ],
)
def test_a_duration_never_shows_sixty_of_a_unit(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("things", "text"),
    [(0, "0"), (1234, "1,234"), (1_200_000, "1.2 M"), (135e6, "135 M"), (7.2e9, "7.2 G")],
)
def test_a_count_is_exact_below_a_million_and_short_above(things: float, text: str) -> None:
    assert units.count(things) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (12_900_000, "12.3 MiB"),
        (80 * 1024**3, "80.0 GiB"),
        (3 * 1024**4, "3.0 TiB"),
    ],
)
def test_a_size_is_in_powers_of_1024(num_bytes: int, text: str) -> None:
    assert units.size(num_bytes) == text


@pytest.mark.parametrize("value", [0.00123456, 0.5, 12.3456, 1234.56, 999_999.4])
def test_a_number_has_no_exponent_between_a_thousandth_and_a_million(value: float) -> None:
    text = units.number(value)
    assert "e" not in text
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=5e-4)


def test_a_number_keeps_four_significant_digits() -> None:
    assert units.number(0.123456) == "0.1235"
    assert units.number(-12.3456) == "-12.35"


def test_a_number_that_is_no_number_is_still_shown() -> None:
    assert [units.number(value) for value in (math.nan, math.inf, -math.inf)] == [
        "nan",
        "inf",
        "-inf",
    ]


def test_a_percentage_has_as_many_digits_as_asked() -> None:
    assert units.percent(0.864) == "86.4 %"
    assert units.percent(0.864, digits=0) == "86 %"
