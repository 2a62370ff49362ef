"""A known job without model, data or machine: what choices and predictions are tested with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded
from tuneful.models.adapters import ADAPTERS
from tuneful.models.catalog import ModelFacts
from tuneful.planning.known import Known, Place
from tuneful.planning.sample import Sample
from tuneful.recipe.schema import Recipe

MINILM = ModelFacts(
    family="bert",
    kind="encoder",
    layers=6,
    width=384,
    inner_width=1536,
    heads=12,
    key_value_heads=12,
    head_width=32,
    vocabulary=30522,
    max_length=512,
    parameters=22_713_216,
    embedding_parameters=11_918_592,
    is_gated=False,
    bytes_on_disk=90_868_376,
)
CPU = Place(device="cpu", memory_gib=16.0, threads=2, has_bf16=True)


def sample_of(lengths: list[int], num_rows: int, learned: float = 0.0) -> Sample:
    sequences = [
        Encoded([1] * n, [1.0] * round(n * learned) + [0.0] * (n - round(n * learned)))
        for n in lengths
    ]
    return Sample(sequences, list(range(len(lengths))), num_rows)


@pytest.fixture
def known() -> Callable[..., Known]:
    def make(
        train: dict[str, Any] | None = None,
        method: str = "classify",
        adapter: str = "full",
        **changes: Any,
    ) -> Known:
        recipe = Recipe(
            model="m", data={"source": "d.csv"}, method=method, adapter=adapter, train=train or {}
        )
        part = METHODS[method](recipe.method, DataFacts(("neg", "pos"), (50, 50)))
        base = Known(
            recipe=recipe,
            method=part,
            adapter=ADAPTERS[adapter](recipe.adapter),
            facts=MINILM,
            trainable=MINILM.parameters,
            sample=sample_of([100] * 95 + [300] * 5, 4000, 0.5 if method == "sft" else 0.0),
            num_validation=100,
            place=CPU,
        )
        return replace(base, **changes)

    return make
