"""Arithmetic of plans, worked by hand."""

from dataclasses import replace

import pytest

from tests.planning.conftest import CPU, MINILM, sample_of
from tuneful.planning import predict as predicting
from tuneful.planning.choose import choose
from tuneful.planning.judge import judge
from tuneful.planning.memory import Load, bytes_per_token, estimate_memory, tokens_that_fit
from tuneful.planning.optimizer import OptimizerConfig
from tuneful.planning.predict import predict
from tuneful.planning.speed import SHARE_OF_PEAK, Timing, Work, flops_per_token

ADAMW = OptimizerConfig(name="adamw")
GIB = 2**30
WORK = Work(MINILM, span=100, learned_share=0.0, trains_base=True)


def test_forward_and_backward_take_six_operations_a_weight():
    plain = replace(WORK, span=0)
    blocks = MINILM.parameters - MINILM.embedding_parameters
    assert flops_per_token(plain) == pytest.approx(6 * blocks, rel=1e-6)


def test_attention_costs_four_widths_for_each_token_met():
    more = flops_per_token(WORK) - flops_per_token(replace(WORK, span=0))
    assert more == 3 * 6 * 4 * 384 * 100


def test_an_adapter_saves_the_weights_gradients():
    plain = replace(WORK, span=0)
    assert flops_per_token(replace(plain, trains_base=False)) == flops_per_token(plain) * 2 / 3


def test_frozen_layers_cost_only_their_forward_pass():
    assert flops_per_token(WORK, freeze_layers=6) == flops_per_token(WORK) / 3


def test_the_vocabulary_costs_only_where_tokens_are_learned():
    half = flops_per_token(replace(WORK, learned_share=0.5)) - flops_per_token(WORK)
    assert half == 3 * 2 * 30522 * 384 * 0.5


def test_a_trained_weight_takes_18_bytes_in_bf16_and_16_in_fp32(known):
    settings = choose(known())[0]
    load = Load(MINILM, MINILM.parameters, 0.0, ADAMW)
    for precision, size in (("bf16", 18), ("fp32", 16)):
        memory = estimate_memory(load, replace(settings, precision=precision))
        kept = memory.weights + memory.gradients + memory.optimizer
        assert kept == pytest.approx(MINILM.parameters * size / GIB)


def test_a_frozen_base_takes_two_bytes_a_weight_in_bf16(known):
    settings = choose(known())[0]
    memory = estimate_memory(Load(MINILM, 0, 0.0, ADAMW), settings)
    assert memory.weights == pytest.approx(MINILM.parameters * 2 / GIB)
    assert memory.optimizer == 0


def test_what_fits_is_the_inverse_of_the_estimate(known):
    settings = choose(known())[0]
    load = Load(MINILM, MINILM.parameters, 0.0, ADAMW)
    tokens = tokens_that_fit(load, settings, 3.0)
    full = estimate_memory(load, replace(settings, tokens_per_pass=tokens))
    assert full.total_gib == pytest.approx(3.0, abs=bytes_per_token(MINILM, settings) / GIB)


def test_tokens_are_rows_times_their_cut_length(known):
    job = known({"epochs": 2, "max_length": 100})
    predicted = predict(job, choose(job)[0], lambda _: Timing(1e-3))
    assert predicted.tokens == 2 * 4000 * 100


def test_seconds_add_a_third_for_validated_tokens(known):
    job = known({"max_length": 100, "batch_size": 40, "validate_every": 50})
    predicted = predict(job, choose(job)[0], lambda _: Timing(1e-3))
    assert predicted.seconds == pytest.approx(400 + 2 * 100 * 100 / 3 * 1e-3)


def test_without_a_probe_seconds_rest_on_the_machines_matrix_speed(known, monkeypatch):
    monkeypatch.setattr(predicting, "matrix_speed", lambda *_: 1e12)
    job = known(num_validation=0)
    predicted = predict(job, choose(job)[0], None)
    assert predicted.seconds == pytest.approx(predicted.flops / (1e12 * SHARE_OF_PEAK["encoder"]))


def test_a_measured_peak_replaces_the_formulas(known):
    job = known()
    predicted = predict(job, choose(job)[0], lambda _: Timing(1e-3, memory_gib=5.0))
    assert predicted.memory_gib == pytest.approx(5.0)


def findings_of(job):
    settings = choose(job)[0]
    return judge(job, settings, predict(job, settings, lambda _: Timing(1e-6)))


def test_a_plan_that_fits_says_nothing(known):
    assert findings_of(known()) == []


def test_too_large_passes_are_refused_with_auto_as_the_mend(known):
    (finding,) = findings_of(
        known({"tokens_per_pass": 1_000_000}, place=replace(CPU, memory_gib=4.0))
    )
    assert (finding.code, finding.change) == ("memory-short", {"train.tokens_per_pass": "auto"})


def test_a_model_that_never_fits_is_mended_by_an_adapter(known):
    big = replace(MINILM, parameters=10**10, embedding_parameters=10**8)
    (finding,) = findings_of(known(facts=big, trainable=10**10))
    assert finding.change["adapter"] == "lora"


def test_sequences_longer_than_the_positions_are_refused(known):
    (finding,) = findings_of(known({"max_length": 1024}))
    assert (finding.code, finding.change) == ("longer-than-model", {"train.max_length": 512})


def test_tokens_before_what_is_written_are_refused_where_classes_are_given(known):
    (finding,) = findings_of(known(adapter="prompt_tuning"))
    assert (finding.code, finding.change) == ("nothing-to-precede", {"adapter": "lora"})


def test_freezing_more_layers_than_there_are_is_refused(known):
    assert [f.code for f in findings_of(known({"freeze_layers": 7}))] == ["freezes-too-much"]


def test_packing_that_cannot_be_had_is_said(known):
    job = known({"packing": "packed"}, facts=replace(MINILM, family="roberta"))
    assert [f.code for f in findings_of(job)] == ["not-packed"]


def test_a_run_of_many_hours_is_warned_of(known):
    job = known(sample=sample_of([500] * 10, 50_000_000))
    settings = choose(job)[0]
    found = judge(job, settings, predict(job, settings, lambda _: Timing(1e-4)))
    assert [f.code for f in found] == ["long-run"]
