"""Remedies against forgetting that an adapter or a model does not take."""

from dataclasses import replace

import pytest

from tuneful.planning.choose import choose
from tuneful.planning.judge import judge
from tuneful.planning.predict import Prediction
from tuneful.recipe.change import with_changes


@pytest.mark.parametrize(
    ("adapter", "method", "remember", "codes"),
    [
        ("lora", "sft", {"l2_sp": 1.0}, ["no-way-back"]),
        ("full", "classify", {"wise_ft": 0.5}, ["no-way-between"]),
        ({"name": "lora", "init": "pissa"}, "sft", {"wise_ft": 0.5}, ["no-way-between"]),
        ("lora", "sft", {"wise_ft": 0.5}, []),
        ("full", "sft", {"l2_sp": 1.0, "wise_ft": 0.5}, []),
    ],
)
def test_what_an_adapter_does_not_take_is_refused(known, adapter, method, remember, codes):
    job = known(method=method, adapter="full" if adapter == "full" else "lora")
    job = replace(job, recipe=with_changes(job.recipe, {"remember": remember, "adapter": adapter}))
    settings = choose(job)[0]
    assert settings.l2_sp == remember.get("l2_sp", 0.0)
    found = judge(job, settings, Prediction(1, 1.0, {}, 1.0))
    assert [f.code for f in found] == codes
