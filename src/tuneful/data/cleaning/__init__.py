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
        "mask": "tuneful.data.cleaning.mask:Mask",
    },
)
"""Each is a `Mender` of texts, or a `Sieve` of rows."""
