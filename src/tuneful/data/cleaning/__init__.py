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
        "boilerplate": "tuneful.data.cleaning.boilerplate:Boilerplate",
        "encoding": "tuneful.data.cleaning.encoding:Encoding",
        "html": "tuneful.data.cleaning.html:Html",
        "language": "tuneful.data.cleaning.language:Language",
        "length": "tuneful.data.cleaning.length:Length",
        "mask": "tuneful.data.cleaning.mask:Mask",
        "quality": "tuneful.data.cleaning.quality:Quality",
        "whitespace": "tuneful.data.cleaning.whitespace:Whitespace",
    },
)
"""Each is a `Mender` of texts, or a `Sieve` of rows."""
