"""What auto becomes."""

from dataclasses import replace

import pytest

from tests.planning.conftest import CPU, MINILM, sample_of
from tuneful.planning.choose import automatic_batch_size, choose, count_steps


def test_a_stated_value_is_kept_and_said_to_be_the_recipes(known):
    settings, choices = choose(known({"batch_size": 8, "learning_rate": 3e-5}))
    assert (settings.batch_size, settings.learning_rate) == (8, 3e-5)
    assert choices["batch_size"].reason == "as the recipe says"


def test_every_choice_has_a_reason(known):
    _, choices = choose(known())
    assert all(choice.reason for choice in choices.values())
    assert {"batch_size", "learning_rate", "max_length", "precision", "threads"} <= set(choices)


@pytest.mark.parametrize(
    ("rows", "size"), [(100_000, 32), (3200, 32), (1600, 16), (799, 4), (10, 4)]
)
def test_batches_shrink_until_a_hundred_steps_remain(rows, size):
    assert automatic_batch_size(rows) == size


def test_the_tutorials_run_has_375_steps():
    assert count_steps(1000, 3, 8, None) == 375


def test_the_last_step_may_be_short_and_max_steps_caps():
    assert count_steps(10, 1, 4, None) == 3
    assert count_steps(10, 1, 4, 2) == 2
    assert count_steps(3, 0.1, 4, None) == 1


def test_the_learning_rate_is_the_methods_for_the_adapter(known):
    full, _ = choose(known())
    lora, _ = choose(known(adapter="lora"))
    assert lora.learning_rate == known().method.learning_rates["lora"][1] > full.learning_rate


def test_classes_are_cut_where_99_percent_fit_and_answers_never(known):
    rows = sample_of([100] * 199 + [400], 200, 0.5)
    assert choose(known(sample=rows))[0].max_length == 128
    assert choose(known(method="sft", sample=rows))[0].max_length == 416


def test_no_sequence_is_longer_than_the_model(known):
    settings, choices = choose(known(sample=sample_of([2000] * 10, 10)))
    assert settings.max_length == 512
    assert "100% of the rows are cut" in choices["max_length"].reason


def test_learned_tokens_before_a_sequence_take_positions_from_it(known):
    job = known(method="sft", adapter="prefix_tuning", sample=sample_of([2000] * 10, 10, 0.5))
    settings, choices = choose(job)
    assert settings.max_length == 512 - 20
    assert "less 20 learned tokens" in choices["max_length"].reason


def test_precision_follows_the_processor(known):
    assert choose(known())[0].precision == "bf16"
    assert choose(known(place=replace(CPU, has_bf16=False)))[0].precision == "fp32"


def test_unknown_heads_are_padded(known):
    settings, choices = choose(known(facts=replace(MINILM, family="roberta")))
    assert not settings.packed
    assert "roberta" in choices["packing"].reason
    assert choose(known())[0].packed


def test_less_memory_gives_smaller_passes_but_never_less_than_a_row(known):
    plenty, little = choose(known()), choose(known(place=replace(CPU, memory_gib=1.3)))
    assert little[0].tokens_per_pass < plenty[0].tokens_per_pass
    tiny = choose(known(place=replace(CPU, memory_gib=0.5)))[0]
    assert tiny.tokens_per_pass == tiny.max_length


def test_warm_up_is_a_share_unless_steps_are_stated(known):
    assert choose(known())[0].warmup_steps == round(0.06 * 125)
    assert choose(known({"warmup_steps": 500}))[0].warmup_steps == 500


def test_the_same_job_is_settled_the_same_way_twice(known):
    assert choose(known()) == choose(known())


def test_the_models_own_dropout_is_left_alone_when_asked(known):
    assert choose(known({"attention_dropout": "model"}))[0].attention_dropout is None
    assert choose(known())[0].attention_dropout == 0.0
