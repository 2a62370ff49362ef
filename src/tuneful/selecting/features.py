"""What selectors ask to be known of rows: computed once, kept, and handed over as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tuneful.core.errors import DataError
from tuneful.core.machine import look
from tuneful.data.rows import Labelled, Pair, Row
from tuneful.data.selecting import SELECTORS
from tuneful.data.selecting.base import Features
from tuneful.methods import METHODS
from tuneful.models.embed import load_embedder
from tuneful.models.references import locate
from tuneful.selecting import head
from tuneful.selecting.kept import Kept
from tuneful.selecting.likelihood import Likelihood
from tuneful.selecting.projection import project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.selecting.base import Selector
    from tuneful.models.embed import Embedder
    from tuneful.models.references import Located
    from tuneful.recipe.schema import Recipe

    Floats = NDArray[np.float32]

VERSION = 1
MOST_TOKENS = 256
"""Of a text that is embedded: what MiniLM's own makers read of one."""
ROWS_AT_ONCE = 512
CHECKPOINTS = (0, 3, 6, 9)
"""Epochs of the quick head whose gradients are compared: as many checkpoints as LESS has."""


def refuse_unfit(name: str, kind: type[Selector], recipe: Recipe, row_type: str) -> None:
    """Refuse a selector that needs what rows and method do not have.

    Raises:
        DataError: It does.
    """
    reason = unfit(kind, recipe, row_type)
    if reason:
        fitting = [other for other in SELECTORS if not unfit(SELECTORS[other], recipe, row_type)]
        raise DataError(
            f"The selector {name} {reason}.",
            where="data.select",
            fix=f"Choose from: {', '.join(fitting)}.",
        )


def unfit(kind: type[Selector], recipe: Recipe, row_type: str) -> str:
    """Why a selector cannot choose among rows of this type, or ""."""
    writes = METHODS[recipe.method.name].head == "tokens"
    has_class, needs = row_type in {"labelled", "pair"}, kind.needs
    if "chances" in needs and not has_class:
        return f"needs rows with one class each; these are {row_type} rows"
    if "losses" in needs and not writes:
        return f"needs a model that writes; {recipe.method.name} trains none"
    if "lone_losses" in needs and row_type != "chat":
        return f"needs conversations; these are {row_type} rows"
    if "gradients" in needs and not (writes or has_class):
        return f"needs a model that writes, or rows with one class each; these are {row_type} rows"
    return ""


@dataclass(frozen=True)
class Known:
    """Computes what is asked of a data set's training rows.

    Attributes:
        recipe: Names the model, and how much of a text is read (train.max_length).
        data: The rows.
        kept: Where what takes long is kept.
    """

    recipe: Recipe
    data: Dataset
    kept: Kept

    @classmethod
    def of(cls, recipe: Recipe, data: Dataset, store: Store, listener: Listener) -> Known:
        """Of a data set's rows, kept in a store."""
        return cls(recipe, data, Kept(store, data.name, listener))

    def features(self, needs: Sequence[str]) -> Features:
        """Lengths and classes, and what else is needed."""
        found = Features(self._lengths, self.label_N("train"))
        more: dict[str, Any] = {}
        if "embedding" in needs:
            more["embedding_ND"] = self.embedding_ND("train")
        if "chances" in needs:
            more |= {"input_ND": self._inputs("train"), "chance_NRTC": self._chances}
        if "losses" in needs:
            more["loss_N"] = self._losses(alone=False)
        if "lone_losses" in needs:
            more["lone_N"] = self._losses(alone=True)
        if "gradients" in needs:
            more |= self._gradients()
        return replace(found, **more)

    @cached_property
    def _lengths(self) -> NDArray[np.int64]:
        return np.array([len(text_of(row)) for row in self.data.rows("train")], np.int64)

    def label_N(self, split: str) -> NDArray[np.int64] | None:
        """Number of each row's class, or None where rows have none."""
        if self.data.row_type not in {"labelled", "pair"}:
            return None
        number = {label: at for at, label in enumerate(self.data.labels)}
        labels = [row.label for row in self.data.rows(split) if isinstance(row, Labelled | Pair)]
        return np.array([number[label] for label in labels], np.int64)

    @cached_property
    def max_length(self) -> int:
        """Tokens of a text that are read: as many as in training, at most MOST_TOKENS."""
        asked = self.recipe.train.max_length
        return MOST_TOKENS if asked == "auto" else min(asked, MOST_TOKENS)

    @cached_property
    def _located(self) -> Located:
        select = self.recipe.data.select
        reference = getattr(select, "encoder", "") or self.recipe.model
        return locate(reference, self.kept.store, self.kept.listener)

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(self._located, self.max_length)

    def embedding_ND(self, split: str) -> Floats:
        """Embeddings of a split's rows, as they come."""
        asked = [str(self._located.folder.resolve()), self.max_length, look().has_bf16]
        texts = [text_of(row) for row in self.data.rows(split)]
        return self._rows("embedding", split, asked, lambda some: self._embed(texts, some))

    def _embed(self, texts: list[str], some: range) -> Floats:
        return self._embedder.embed(texts[some.start : some.stop])

    def _rows(
        self, what: str, split: str, asked: object, compute: Callable[[range], Floats]
    ) -> Floats:
        folder = self.kept.folder(f"{split}-{what}", [VERSION, self.data.hash, asked])
        return self.kept.rows(folder, self.data.num_rows(split), ROWS_AT_ONCE, compute)

    @cached_property
    def _scaled(self) -> head.Scaled:
        return head.Scaled.of(self.embedding_ND("train"))

    def _inputs(self, split: str) -> Floats:
        return self._scaled.inputs(self.embedding_ND(split))

    @cached_property
    def _weights(self) -> Floats:
        label_N = self.label_N("train")
        assert label_N is not None
        return head.train_heads(self._inputs("train"), label_N, len(self.data.labels))

    @property
    def _chances(self) -> Floats:
        return head.all_chances(self._inputs("train"), self._weights)

    def _losses(self, *, alone: bool) -> Floats:
        recipe = self.recipe
        place = locate(recipe.model, self.kept.store, self.kept.listener).folder
        asked = [str(place.resolve()), self.max_length, recipe.method.model_dump(mode="json")]
        rows = list(self.data.rows("train"))

        def compute(some: range) -> Floats:
            return self._likelihood.losses(rows[some.start : some.stop], alone=alone)

        return self._rows("lone-losses" if alone else "losses", "train", asked, compute)

    @cached_property
    def _likelihood(self) -> Likelihood:
        return Likelihood(self.recipe, self.max_length, self.kept.store, self.kept.listener)

    def _gradients(self) -> dict[str, Any]:
        """Of training rows, and means of the validation rows' by class."""
        if not self.data.num_rows("validation"):
            raise DataError(
                "There are no validation rows for training rows to be compared with.",
                where="data.split.validation",
                fix="Set data.split.validation (0.1 is usual).",
            )
        label_N, target_M = self.label_N("train"), self.label_N("validation")
        if label_N is None or target_M is None:
            from tuneful.selecting.gradients import lora_gradients

            return lora_gradients(self.recipe, self.data, self.kept)
        own = self._head_gradients("train", label_N)
        other = self._head_gradients("validation", target_M)
        groups = [other[target_M == label].mean(axis=0) for label in np.unique(target_M)]
        rates = np.full(len(CHECKPOINTS), head.RATE, np.float32)
        return {"gradient_NTP": own, "target_GTP": np.array(groups), "rate_T": rates}

    def _head_gradients(self, split: str, label_N: NDArray[np.int64]) -> Floats:
        weight_TEC = self._weights[0, list(CHECKPOINTS)]
        found = head.gradients(self._inputs(split), label_N, weight_TEC)
        return np.stack([project(gradient_NQ) for gradient_NQ in found], axis=1)


def text_of(row: Row) -> str:
    """What a model reads of a row, without its class: a text, both of a pair, all turns."""
    parts: list[str] = []
    for name, column in row.columns.items():
        value = getattr(row, name)
        if column == "text" and name not in {"label", "reference"}:
            parts.append(value)
        elif column == "texts" and name in {"words", "answers"}:
            parts.append(" ".join(value))
        elif column == "turns" and name != "rejected":
            parts += [turn.content for turn in value]
    return "\n".join(parts)
