"""Remedies against forgetting that an adapter or a model does not take."""

from dataclasses import replace

import pytest

from tuneful.planning.choose import choose
from tuneful.planning.judge import judge
from tuneful.planning.predict import Prediction, predict
from tuneful.planning.remember import rows_before
from tuneful.planning.speed import Timing
from tuneful.recipe.change import with_changes


@pytest.mark.parametrize(
    ("adapter", "method", "remember", "codes"),
    [
        ("lora", "sft", {"l2_sp": 1.0}, ["no-way-back"]),
        ("full", "classify", {"wise_ft": 0.5}, ["no-way-between"]),
        ({"name": "lora", "init": "pissa"}, "sft", {"wise_ft": 0.5}, ["no-way-between"]),
        ("lora", "sft", {"wise_ft": 0.5}, []),
        ("lora", "sft", {"ewc": 1.0}, ["no-way-back"]),
        ("full", "classify", {"ewc": 1.0}, ["no-fisher"]),
        ("full", "classify", {"kl": 0.1}, ["no-kl"]),
        ("full", "classify", {"replay": 0.1}, ["no-replay"]),
        ("full", "classify", {"replay": 0.1, "rows": "method"}, []),
        ("full", "sft", {"replay": 0.1, "kl": 0.1, "ewc": 1.0}, []),
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


def probe(settings: object) -> Timing:
    del settings
    return Timing(1e-6)


def test_a_share_of_the_rows_is_replayed_and_counted(known):
    """A quarter of a step's rows: 8 of its own and 8/3 general ones, 2, 3 and 3 in turn."""
    job = known({"batch_size": 8, "max_steps": 4}, method="sft")
    plain = predict(job, choose(job)[0], probe)
    job = replace(
        job,
        recipe=with_changes(job.recipe, {"remember.replay": 0.25}),
        general=replace(job.sample, num_rows=9),
    )
    settings, chosen = choose(job)
    assert [rows_before(step, settings) for step in range(5)] == [0, 2, 5, 8, 10]
    assert chosen["replay"].value == 10
    more = predict(job, settings, probe).tokens - plain.tokens
    assert more == 10 * 110  # the mean of the sample's lengths


def test_general_rows_take_what_reading_takes_and_ewc_asks_once(known):
    """100 tokens 95 times and 300 five times, in pieces of at most 200: 105 pieces of 11,000."""
    job = known({"batch_size": 8, "max_steps": 4, "max_length": 200}, method="sft")
    timing = Timing(1e-3, seconds_per_given_token=1e-4)

    def predicted(general_rows: int, timing: Timing, **remember: float) -> Prediction:
        changes = {f"remember.{key}": value for key, value in remember.items()}
        asked = replace(
            job,
            recipe=with_changes(job.recipe, changes),
            general=replace(job.sample, num_rows=general_rows),
        )
        return predict(asked, choose(asked)[0], lambda _: timing)

    plain = predicted(9, timing)
    assert plain.seconds_before == 0
    replayed = predicted(9, timing, replay=0.25)
    assert replayed.seconds - plain.seconds == pytest.approx(10 * 110 * 1e-4)
    held = predicted(9, timing, ewc=1.0)
    assert held.seconds == plain.seconds
    assert held.seconds_before == pytest.approx(9 * 110 * 1e-4)
    assert predicted(1000, timing, ewc=1.0).seconds_before == pytest.approx(13410 * 1e-4)
    assert predicted(9, replace(timing, is_ready=True), ewc=1.0).seconds_before == 0
