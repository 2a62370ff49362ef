"""Differential privacy: what a row can do is bounded, what is added is noise, what is said true."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests import tiny
from tests.world import chat_recipe, classify_recipe
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded
from tuneful.models.scoring import Scorer
from tuneful.planning.privacy import Budget, epsilon_spent, make_budget
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Privacy
from tuneful.training.batches import PoissonOrder
from tuneful.training.optimizer import Optimizer
from tuneful.training.privacy import Mechanism, add_clipped, add_noise, secret_of, seed_of
from tuneful.training.steps import Learner
from tuneful.workflow import Gate, run, train_recipe

BOUND = 0.5
SILENT = Mechanism(bound=BOUND, noise_multiplier=0.0, expected_rows=1.0, secret=1)
BUDGET = Budget(8.0, 1e-4, 1.0, 0.8, 0.05, "rdp", None)
ANYTHING = Gate(fail_on=None)


class Given:
    optimizer, weight_decay, max_grad_norm = {"name": "adamw"}, 0.0, 1.0
    privacy, l2_sp, ewc = BUDGET, 0.0, 0.0


def learner_of(dtype: torch.dtype = torch.float32) -> tuple[Learner, Optimizer]:
    kind = METHODS["classify"]
    method = kind(kind.Config.model_validate({"name": "classify"}), DataFacts(("a", "b", "c")))
    model = tiny.encoder("bert").to(dtype)
    learner = Learner(method, Scorer(model, pad_id=0, packed=True), 64)
    return learner, Optimizer(model, Given())  # type: ignore[arg-type]


def rows() -> list[list[Encoded]]:
    """Ordinary rows, and two whose gradients are enormous."""
    weights = (1.0, 1e8, 1.0, 1e-6, 1e6)
    pairs = zip(tiny.sequences((5, 17, 3, 9, 12)), weights, strict=True)
    return [[Encoded(t, label=n % 3, weight=w)] for n, (t, w) in enumerate(pairs)]


class Scaled:
    """The method, with each row's gradient as large as its weight says."""

    def __init__(self, method: Any) -> None:
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)

    def units(self, sequences: list[Encoded]) -> float:
        return float(len(sequences))


def gradient(some: list[list[Encoded]], dtype: torch.dtype, mechanism: Mechanism = SILENT):
    learner, optimizer = learner_of(dtype)
    learner = replace(learner, method=Scaled(learner.method))  # type: ignore[arg-type]
    learner.scorer.model.eval()
    measured = mechanism.learn(learner, optimizer, some, 3)
    return torch.cat([m.grad.flatten() for m in optimizer.masters if m.grad is not None]), measured


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_row_moves_the_sum_by_more_than_the_bound(dtype: torch.dtype):
    every = rows()
    whole, measured = gradient(every, dtype)
    moved: list[float] = []
    for left_out in range(len(every)):
        rest, _ = gradient(every[:left_out] + every[left_out + 1 :], dtype)
        moved.append(float((whole - rest).norm()))
    assert max(moved) <= BOUND * (1 + 1e-4)
    assert moved[1] == pytest.approx(BOUND, rel=1e-3) == moved[4]
    assert 0 < moved[3] < BOUND / 10
    assert measured.metrics["rows"] == 5
    assert 0.4 <= measured.metrics["clipped"] < 1


def test_a_gradient_that_is_not_finite_counts_as_nothing():
    sums = [torch.zeros(2)]
    for bad in (float("nan"), float("inf")):
        add_clipped(sums, [torch.tensor([bad, 1.0])], 1.0)
    assert torch.equal(sums[0], torch.zeros(2))


def test_clipping_by_hand():
    """Norm 5 over two tensors and a bound of 1: a fifth of each; a short one stays."""
    sums = [torch.zeros(1), torch.zeros(1), torch.zeros(1)]
    assert add_clipped(sums, [torch.tensor([3.0]), None, torch.tensor([4.0])], 1.0)
    assert not add_clipped(sums, [torch.tensor([0.3]), torch.tensor([0.1]), None], 1.0)
    found = torch.cat(sums)
    assert found == pytest.approx(torch.tensor([0.9, 0.1, 0.8]), abs=1e-5)


def test_noise_has_the_stated_deviation_and_follows_its_seed():
    def drawn(seed: int) -> Tensor:
        sums = [torch.zeros(300, 200), torch.zeros(7)]
        add_noise(sums, 2.5, seed)
        return torch.cat([s.flatten() for s in sums])

    noise = drawn(seed_of(5, 0))
    assert float(noise.std()) == pytest.approx(2.5, rel=0.01)
    assert abs(float(noise.mean())) < 0.04
    assert torch.equal(noise, drawn(seed_of(5, 0)))
    others = [drawn(seed_of(5, 1)), drawn(seed_of(6, 0))]
    correlations = [float(torch.corrcoef(torch.stack([noise, one]))[0, 1]) for one in others]
    assert max(map(abs, correlations)) < 0.02


def test_a_step_adds_noise_of_multiplier_times_bound_even_without_rows():
    noisy = replace(SILENT, noise_multiplier=3.0, expected_rows=10.0)
    found, measured = gradient([], torch.float32, noisy)
    assert float(found.std()) == pytest.approx(3.0 * BOUND / 10.0, rel=0.02)
    assert measured.metrics == {"rows": 0.0, "clipped": 0.0}


def test_the_mean_is_over_expected_rows_not_over_those_drawn():
    one, _ = gradient(rows()[:1], torch.float32)
    tenth, _ = gradient(rows()[:1], torch.float32, replace(SILENT, expected_rows=10.0))
    assert tenth == pytest.approx(one / 10, abs=1e-7)


def test_poisson_sampling_draws_each_row_alike_and_steps_apart():
    order = PoissonOrder(num_rows=400, sample_rate=0.1, secret=7)
    steps = [order.rows(step) for step in range(300)]
    sizes = [len(step) for step in steps]
    assert float(np.mean(sizes)) == pytest.approx(40, abs=1.5)
    assert float(np.var(sizes)) == pytest.approx(400 * 0.1 * 0.9, rel=0.25)  # binomial
    seen = np.bincount([row for step in steps for row in step], minlength=400)
    assert seen.min() > 10
    assert seen.max() < 55
    assert order.rows(3) == steps[3] != steps[4]


def test_the_runs_secret_is_drawn_once_and_for_the_owner_alone(tmp_path: Path):
    here, there = Run.new(tmp_path, "a", "1" * 8), Run.new(tmp_path, "b", "2" * 8)
    secret = secret_of(here, BUDGET)
    assert secret == secret_of(here, BUDGET) != secret_of(there, BUDGET)
    assert (here.path / "secret.json").stat().st_mode & 0o077 == 0
    assert secret_of(here, replace(BUDGET, seed=3)) == 3


def private(recipe: Any, **more: Any) -> Any:
    privacy = {"epsilon": 8.0, "accountant": "rdp", **more}
    return with_changes(recipe, {"privacy": privacy, "train.keep": "last"})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order is the")
def test_epsilon_is_opacus_own_number():
    from opacus.accountants import PRVAccountant, RDPAccountant

    for name, kind in (("rdp", RDPAccountant), ("prv", PRVAccountant)):
        budget = replace(BUDGET, accountant=name)
        theirs = kind()
        for _ in range(40):
            theirs.step(noise_multiplier=0.8, sample_rate=0.05)
        assert epsilon_spent(budget, 40) == pytest.approx(theirs.get_epsilon(1e-4))
        found = make_budget(Privacy(epsilon=3.0, delta=1e-4, accountant=name), 1000, 50, 40)
        assert 2.9 < epsilon_spent(found, 40) <= 3.0
    assert epsilon_spent(BUDGET, 0) == 0.0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order is the")
def test_without_sampling_epsilon_is_the_gaussian_mechanisms():
    """Every row in every step: Renyi divergence steps x a / (2 sigma^2), worked out by hand."""
    budget = replace(BUDGET, sample_rate=1.0, noise_multiplier=10.0, delta=1e-5)
    spent = epsilon_spent(budget, 20)
    orders = np.array([1 + x / 10.0 for x in range(1, 100)] + list(range(12, 64)))
    renyi = 20 * orders / (2 * 10.0**2)
    converted = renyi + np.log1p(-1 / orders) - np.log(1e-5 * orders) / (orders - 1)
    assert spent == pytest.approx(float(converted.min()), rel=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order is the")
@pytest.mark.parametrize("make", [classify_recipe, chat_recipe])
def test_a_private_run_trains_resumes_and_says_what_it_spent(tmp_path: Path, make: Any):
    recipe = private(make(tmp_path, max_steps=8, checkpoint_every=3), seed=5)
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=ANYTHING).model
    broken = Store(tmp_path / "broken")

    def crash(event: Any) -> None:
        if event.kind == "step" and event.data["step"] == 5:
            raise KeyError

    with pytest.raises(KeyError):
        train_recipe(recipe, broken, crash, gate=ANYTHING)
    resumed = train_recipe(recipe, broken, gate=ANYTHING).model
    (one,), (other,) = (list(m.path.glob("*.safetensors")) for m in (whole, resumed))
    assert one.read_bytes() == other.read_bytes()
    facts = whole.manifest["privacy"]
    assert 7 < facts["epsilon_spent"] <= 8
    assert facts["seed"] == "in the recipe"
    assert facts["steps"] == 8


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order is the")
def test_adapter_weights_move_and_the_card_states_epsilon(tmp_path: Path, store: Store):
    import safetensors.torch

    recipe = private(chat_recipe(tmp_path, epochs=1), max_grad_norm=0.1)
    outcome = run(recipe, store=store, gate=ANYTHING)
    model = outcome.trained.model
    tensors = safetensors.torch.load_file(next(iter(model.path.glob("adapter*.safetensors"))))
    assert all(float(t.abs().max()) > 0 for name, t in tensors.items() if "lora_B" in name)
    assert all(bool(t.isfinite().all()) for t in tensors.values())
    card = (model.path / "README.md").read_text(encoding="utf-8")
    assert f"epsilon {model.manifest['privacy']['epsilon_spent']:.2f} at delta" in card
    (folder,) = store.list_runs()
    secret = str(json.loads((folder / "secret.json").read_text(encoding="utf-8"))["secret"])
    for path in model.path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_every_trained_weight_gets_noise():
    noisy = replace(SILENT, noise_multiplier=1.0)
    learner, optimizer = learner_of()
    assert isinstance(learner.scorer.model, nn.Module)
    noisy.learn(learner, optimizer, rows()[:1], 0)
    assert all(m.grad is not None and float(m.grad.std()) > 0 for m in optimizer.masters)
