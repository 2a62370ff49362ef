"""Numbers as a person reads them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time: "8.2 s", "4 min 05 s", "2 h 03 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(number: float) -> str:
    """A number of things: "1,234", "1.2 M", "135 M"."""
    if number < 1e6:
        return f"{number:,.0f}"
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f} {letter}" if scaled < 10 else f"{scaled:,.0f} {letter}"
    raise AssertionError


def number(value: float) -> str:
    """Four significant digits, without an exponent between 0.001 and a million."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.4g}"
