"""Steps of data.clean: what mends a row, or leaves it out.

To add a step: a file here with one class, and a line in CLEANERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from typing import Any

CLEANERS: Registry[Any] = Registry(
    "cleaner",
    {
        "benchmarks": "tuneful.data.cleaning.benchmarks:Benchmarks",
        "boilerplate": "tuneful.data.cleaning.boilerplate:Boilerplate",
        "calls": "tuneful.data.cleaning.calls:Calls",
        "encoding": "tuneful.data.cleaning.encoding:Encoding",
        "html": "tuneful.data.cleaning.html:Html",
        "json": "tuneful.data.cleaning.json:Json",
        "language": "tuneful.data.cleaning.language:Language",
        "length": "tuneful.data.cleaning.length:Length",
        "mask": "tuneful.data.cleaning.mask:Mask",
        "quality": "tuneful.data.cleaning.quality:Quality",
        "roles": "tuneful.data.cleaning.roles:Roles",
        "whitespace": "tuneful.data.cleaning.whitespace:Whitespace",
    },
)
"""Each is a `Mender` of texts, a `Sieve` of rows, or both a `RowMender` and a `Sieve`."""
