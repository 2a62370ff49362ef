"""What holds for every method, those of other packages too: run on rows of its kind.

A method with settings that it cannot do without has them in SETTINGS; TEACHER stands for a model
with the student's vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import rows as row_files
from tests import world
from tuneful.core.store import Store
from tuneful.data.rows import ROWS, kind_of
from tuneful.methods import METHODS
from tuneful.methods.base import Encoded
from tuneful.models.generate import Sampling, generate
from tuneful.models.reference import REFERENCE
from tuneful.recipe.schema import Recipe
from tuneful.training.answers import pretended
from tuneful.training.sequences import encode_split
from tuneful.training.setup import Setup, set_up_run
from tuneful.training.steps import Learner, Measured
from tuneful.workflow import Gate, prepare, train_recipe

TEACHER = "a model like the student"
ANSWERS = {
    "rewards": [{"name": "length", "unit": "characters", "at_most": 4, "falloff": 8}],
    "num_answers": 3,
    "max_new_tokens": 6,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "distill": {"teacher": TEACHER, "on_policy": 0.5, "max_new_tokens": 6},
    "distill_classes": {"teacher": TEACHER},
    "grpo": {**ANSWERS, "beta": 0.1, "updates_per_rollout": 2},
    "rloo": ANSWERS,
    "ppo": {**ANSWERS, "updates_per_rollout": 2, "control": "adaptive"},
}
NUM_ROWS = 6
HELD_TO_BASE = [
    name
    for name, kind in ((name, METHODS[name]) for name in METHODS.table)
    # Rollouts have a beta of their own; distill on its own answers has its base in memory as a
    # copy, which tests/training/test_distill.py looks at.
    if kind.head == "tokens" and kind.measured != "graded" and name != "distill"
]
EVERY_METHOD = pytest.mark.parametrize("method", list(METHODS.table))


def recipe_of(method: str, folder: Path, **train: Any) -> Recipe:
    """The method on 40 rows of its kind and a small model, in float32 and without dropout."""
    kind, is_chat = kind_of(METHODS[method].rows), METHODS[method].head == "tokens"
    model = world.chat_model(folder / "model") if is_chat else world.encoder(folder / "model", 0.0)
    wanted = dict(SETTINGS.get(method, {}))
    if wanted.get("teacher") == TEACHER:
        there = folder / "teacher"
        teacher = world.chat_model(there, seed=2) if is_chat else world.tuned_classifier(there)
        wanted["teacher"] = str(teacher)
    settings = {"batch_size": 8, "learning_rate": 5e-3, "precision": "fp32", "threads": 1}
    return Recipe.make(
        {
            "name": method,
            "model": str(model),
            "data": {"source": str(row_files.source(kind, folder / "rows.jsonl"))},
            "method": {"name": method, **wanted},
            "train": {**settings, **train},
            "evaluate": {"max_new_tokens": 8, "resamples": 100},
        }
    )


@dataclass(frozen=True)
class Bench:
    """A method set up, and a few rows as it encodes them."""

    setup: Setup
    rows: list[list[Encoded]]

    def learned(self, rows: list[list[Encoded]], **changes: Any) -> tuple[Measured, dict[str, Any]]:
        """The loss of rows and its gradient by parameter, with some settings changed."""
        settings = replace(self.setup.settings, **changes)
        learner = replace(self.setup, settings=settings).learner()
        model = learner.scorer.model
        model.zero_grad()
        torch.manual_seed(0)
        measured = learner.learn(rows)
        found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        return measured, {name: gradient.clone() for name, gradient in found.items()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory):
    """From a method's name to its bench; made once."""
    made: dict[str, Bench] = {}

    def of(method: str) -> Bench:
        if method not in made:
            folder = tmp_path_factory.mktemp(method)
            store = Store(folder / "home")
            recipe = recipe_of(method, folder)
            data = prepare(recipe, store=store)
            settings = world.settings_of(recipe, data, store)
            setup = set_up_run(recipe, data, settings, store, lambda event: None)
            encoded = encode_split(data, "train", setup.encoding, store, lambda event: None)
            few = encoded.take(range(NUM_ROWS))
            if setup.method.needs.rollouts is not None:
                made[method] = Bench(setup, answers_to([prompt for (prompt,) in few], setup))
            else:
                made[method] = Bench(setup, setup.ready(few))
        return made[method]

    return of


def answers_to(prompts: list[Encoded], setup: Setup) -> list[list[Encoded]]:
    """Answers of the untrained model, every second one of them rewarded."""
    sampling = Sampling(6, temperature=1.0, num_answers=3)
    said = generate(setup.scorer(), [p.tokens for p in prompts], sampling, setup.tokenizer.eos_id)
    return pretended(setup.learner(), prompts, said)


def assert_same(one: tuple[Measured, dict[str, Any]], other: tuple[Measured, dict[str, Any]]):
    assert other[0].loss == pytest.approx(one[0].loss, abs=1e-5)
    assert other[0].units == pytest.approx(one[0].units)
    assert one[1].keys() == other[1].keys()
    for name, gradient in one[1].items():
        torch.testing.assert_close(other[1][name], gradient, rtol=1e-3, atol=2e-6, msg=name)


@pytest.mark.parametrize("method", HELD_TO_BASE)
def test_moving_from_the_base_costs_the_mean_of_half_its_square(method: str, bench):
    """Each token is e times as likely as to the base: (1)^2 / 2, weighed by 0.5."""
    held = bench(method)
    setup = replace(held.setup, settings=replace(held.setup.settings, kl=0.5))
    rows = [
        [replace(s, facts={**s.facts, REFERENCE: [v - 1 for v in s.facts[REFERENCE]]}) for s in row]
        for row in setup.ready(held.rows)
    ]
    free, free_gradient = held.learned(rows)
    found, gradient = held.learned(rows, kl=0.5)
    assert found.loss - free.loss == pytest.approx(0.25, abs=1e-5)
    assert found.metrics["kl_penalty"] == pytest.approx(0.25, abs=1e-5)
    assert any(not torch.equal(gradient[name], free_gradient[name]) for name in gradient)
    in_passes, _ = held.learned(rows, kl=0.5, tokens_per_pass=1)
    assert in_passes.loss == pytest.approx(found.loss, rel=1e-5)


@EVERY_METHOD
def test_order_passes_and_packing_change_nothing(bench, method: str):
    known: Bench = bench(method)
    whole = known.learned(known.rows, tokens_per_pass=1 << 20, packed=True)
    assert any(gradient.abs().max() > 0 for gradient in whole[1].values())
    assert_same(whole, known.learned(known.rows[::-1], tokens_per_pass=1 << 20, packed=True))
    assert_same(whole, known.learned(known.rows, tokens_per_pass=1, packed=True))
    assert_same(whole, known.learned(known.rows, tokens_per_pass=1 << 20, packed=False))


@EVERY_METHOD
def test_a_row_of_weight_0_pulls_on_nothing(bench, method: str):
    known: Bench = bench(method)
    ignored = [replace(sequence, weight=0.0) for sequence in known.rows[0]]
    alone, gradient = known.learned(known.rows[1:])
    beside, other = known.learned([ignored, *known.rows[1:]])
    for name, value in gradient.items():
        pulled = other[name] * beside.units
        torch.testing.assert_close(pulled, value * alone.units, rtol=1e-3, atol=1e-5, msg=name)


@EVERY_METHOD
def test_it_says_what_it_is(method: str):
    kind = METHODS[method]
    assert kind.rows in ROWS.values()
    assert kind.metrics
    assert "arXiv" in kind.paper or any(year in kind.paper for year in ("19", "20"))
    for low, best, high in kind.learning_rates.values():
        assert low < best < high
    assert all(field.description for field in kind.Config.model_fields.values())


class Crash(Exception):  # noqa: N818  (reads as what happened)
    """The power went out."""


@pytest.mark.slow
@EVERY_METHOD
@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_a_crashed_run_goes_on_to_the_same_bits_and_plain_libraries_load_it(
    tmp_path: Path, method: str, adapter: str
):
    def crash(event: Any) -> None:
        if event.kind == "step" and event.data["step"] == 4:
            raise Crash

    recipe = recipe_of(method, tmp_path, max_steps=6, checkpoint_every=2, keep="last")
    recipe = Recipe.make({**recipe.model_dump(mode="json"), "adapter": adapter})
    gate = Gate(fail_on=None)
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=gate).model
    with pytest.raises(Crash):
        train_recipe(recipe, Store(tmp_path / "broken"), crash, gate=gate)
    resumed = train_recipe(recipe, Store(tmp_path / "broken"), gate=gate).model
    (one,), (other,) = (m.path.glob("*.safetensors") for m in (whole, resumed))
    assert one.read_bytes() == other.read_bytes()
    assert_plain_libraries_agree(resumed, method)


def assert_plain_libraries_agree(model: Any, method: str) -> None:
    """The folder gives the same logits here and in transformers and peft alone."""
    import peft
    import transformers

    from tuneful.models.load import AUTO_CLASSES
    from tuneful.models.predict import load_predictor

    ours: Any = load_predictor(model.path, Store.default(), precision="fp32").scorer.model
    auto: Any = getattr(transformers, AUTO_CLASSES[METHODS[method].head])
    labels = {"num_labels": len(model.labels)} if model.labels else {}
    folder = model.manifest["base_folder"] if model.is_adapter else str(model.path)
    plain = auto.from_pretrained(folder, **labels)
    if model.is_adapter:
        plain = peft.PeftModel.from_pretrained(plain, str(model.path))
    tokens = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.no_grad():
        expected = plain.eval()(input_ids=tokens).logits
        torch.testing.assert_close(
            ours.eval()(input_ids=tokens).logits, expected, rtol=0, atol=1e-5
        )


def test_a_learner_without_a_reference_is_what_most_methods_need(bench):
    learner: Learner = bench("sft").setup.learner()
    assert learner.reference is None
    assert learner.teacher is None
