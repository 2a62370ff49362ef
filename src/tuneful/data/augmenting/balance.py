"""Repeat rows of rare classes until classes are as large as wished.

Source: Chawla et al. 2002 (SMOTE), arXiv:1106.1813, on over-sampling with replacement; here every
        row of a class is repeated once before any is repeated again.
Limits: copies are learned by heart sooner than new rows; `method.class_weights: balanced` does the
        same to the loss without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import AugmentConfig, Try
from tuneful.data.rows import Labelled, Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Material


class BalanceConfig(AugmentConfig):
    """Settings of balancing."""

    name: Literal["balance"] = Field(default="balance", description="Rare classes repeated.")
    to: float = Field(
        default=1.0, gt=0, le=1, description="Rows of every class, as a share of the largest one's."
    )


class Balance:
    """Repeat rows of rare classes."""

    Config: ClassVar[type[BalanceConfig]] = BalanceConfig
    kinds: ClassVar[tuple[str, ...]] = ("labelled", "pair")
    paper: ClassVar[str] = "Chawla et al. 2002, arXiv:1106.1813"
    changes: ClassVar[str] = "nothing"

    def __init__(self, config: BalanceConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Copies of rows, class by class."""
        groups: dict[str, list[int]] = {}
        for number in range(len(material.rows)):
            row = material.rows[number]
            assert isinstance(row, Labelled | Pair), row
            groups.setdefault(row.label, []).append(number)
        wanted = round(self.config.to * max(map(len, groups.values())))
        for label in sorted(groups):
            own, order = groups[label], list[int]()
            while len(order) < wanted - len(own):
                order += [own[at] for at in draw.permutation(len(own)).tolist()]
            for number in order[: max(0, wanted - len(own))]:
                yield Try(material.rows[number], (number,), f"a copy, for {label}")
