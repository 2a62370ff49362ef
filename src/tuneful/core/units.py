"""Numbers as a person reads them."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """A time: "8.2 s", "4 min 05 s", "2 h 03 min".

    Example:
        >>> duration(245)
        '4 min 05 s'
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(number: float) -> str:
    """A number of things: "1,234", "1.2 M", "135 M".

    Example:
        >>> count(1_200_000)
        '1.2 M'
    """
    if number < 1e6:
        return f"{number:,.0f}"
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f} {letter}" if scaled < 10 else f"{scaled:,.0f} {letter}"
    raise AssertionError


def rows(number: int) -> str:
    """A number of rows: "1 row", "1,234 rows".

    Example:
        >>> rows(1)
        '1 row'
    """
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def size(num_bytes: float) -> str:
    """An amount of memory or disk: "512 B", "12.3 MiB".

    Example:
        >>> size(12_900_000)
        '12.3 MiB'
    """
    if num_bytes < 1024:
        return f"{num_bytes:.0f} B"
    scaled = float(num_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        scaled /= 1024
        if round(scaled, 1) < 1024:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1024:,.1f} TiB"


def percent(share: float, digits: int = 1) -> str:
    """A share of one, in hundredths: "86.4 %".

    Example:
        >>> percent(0.864)
        '86.4 %'
    """
    return f"{share * 100:.{digits}f} %"


def number(value: float) -> str:
    """Four significant digits, without an exponent between 0.001 and a million.

    Example:
        >>> number(0.123456)
        '0.1235'
    """
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.4g}"
