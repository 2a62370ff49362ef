"""Ways to choose k rows of n: data-efficient fine-tuning.

To add one: a file here and a line in SELECTORS. A selector reads arrays that a higher floor has
computed (`tuneful.selecting`), so its test needs no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.data.selecting.base import Selector

SELECTORS: Registry[type[Selector]] = Registry(
    "selector",
    {
        "random": "tuneful.data.selecting.random:Random",
        "length": "tuneful.data.selecting.length:Length",
        "k_center": "tuneful.data.selecting.k_center:KCenter",
        "k_means_easy": "tuneful.data.selecting.k_means:KMeansEasy",
        "k_means_hard": "tuneful.data.selecting.k_means:KMeansHard",
        "el2n": "tuneful.data.selecting.el2n:El2n",
        "grand": "tuneful.data.selecting.grand:Grand",
        "forgetting": "tuneful.data.selecting.forgetting:Forgetting",
        "perplexity": "tuneful.data.selecting.perplexity:Perplexity",
        "ifd": "tuneful.data.selecting.ifd:Ifd",
        "less": "tuneful.data.selecting.less:Less",
    },
)
