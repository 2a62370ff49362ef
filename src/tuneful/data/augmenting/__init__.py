"""Ways to make more training rows of those there are, by rules or in the words of a model.

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
        "back_translate": "tuneful.data.augmenting.back_translate:BackTranslate",
        "balance": "tuneful.data.augmenting.balance:Balance",
        "case": "tuneful.data.augmenting.case:Case",
        "counterfactual": "tuneful.data.augmenting.counterfactual:Counterfactual",
        "delete_words": "tuneful.data.augmenting.delete_words:DeleteWords",
        "mix": "tuneful.data.augmenting.mix:Mix",
        "paraphrase": "tuneful.data.augmenting.paraphrase:Paraphrase",
        "swap_words": "tuneful.data.augmenting.swap_words:SwapWords",
        "synonyms": "tuneful.data.augmenting.synonyms:Synonyms",
        "typos": "tuneful.data.augmenting.typos:Typos",
    },
)
