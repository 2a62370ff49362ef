"""Ways to make more training rows of those there are, without a model that writes.

To add one: a file here and a line in AUGMENTERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.data.augmenting.base import Augmenter

AUGMENTERS: Registry[type[Augmenter]] = Registry(
    "augmenter",
    {
        "balance": "tuneful.data.augmenting.balance:Balance",
        "case": "tuneful.data.augmenting.case:Case",
        "counterfactual": "tuneful.data.augmenting.counterfactual:Counterfactual",
        "delete_words": "tuneful.data.augmenting.delete_words:DeleteWords",
        "mix": "tuneful.data.augmenting.mix:Mix",
        "swap_words": "tuneful.data.augmenting.swap_words:SwapWords",
        "synonyms": "tuneful.data.augmenting.synonyms:Synonyms",
        "typos": "tuneful.data.augmenting.typos:Typos",
    },
)
