"""Every optimizer: a first step worked by hand, the same steps as its reference, exact state."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tuneful.planning.optimizer import OptimizerConfig
from tuneful.training.optimizer import Optimizer
from tuneful.training.optimizers import OPTIMIZERS, apollo
from tuneful.training.optimizers.base import Averaging, State, Weight

EVERY = pytest.mark.parametrize("name", list(OPTIMIZERS))
RATE = 0.01


def weight(value: Any, *, decay: float = 0.0, hidden: bool = True) -> Weight:
    return Weight("layers.0.w", torch.tensor(value, dtype=torch.float32), decay, hidden)


def rule(name: str, **settings: Any):
    kind = OPTIMIZERS[name]
    return kind(kind.Config.model_validate({"name": name, **settings}))


def problem(shape: tuple[int, ...], steps: int, seed: int = 0) -> list[Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=draw) for _ in range(steps)]


def walk(name: str, shape: tuple[int, ...], *, decay: float = 0.0, **settings: Any) -> Tensor:
    """Where 20 steps lead, from a fixed start along fixed gradients."""
    (start,) = problem(shape, 1, seed=1)
    moved, state = Weight("layers.0.w", start, decay, is_hidden=True), State()
    the_rule = rule(name, **settings)
    for gradient in problem(shape, 20):
        before = gradient.clone()
        the_rule.update(moved, gradient, state, RATE)
        assert torch.equal(gradient, before), "the gradient's memory is not the rule's"
    return the_rule.average(moved, state) if isinstance(the_rule, Averaging) else moved.master


def reference_walk(optimizer: torch.optim.Optimizer, parameter: nn.Parameter) -> Tensor:
    for gradient in problem(tuple(parameter.shape), 20):
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach()


def start_of(shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(problem(shape, 1, seed=1)[0])


# -- one step by hand ------------------------------------------------------------------------------


def test_first_steps_of_signs_by_hand():
    """Adam's first step is the sign of the gradient; Lion's is exactly that."""
    for name in ("adamw", "lion"):
        moved = weight([[1.0, -2.0]], decay=0.1)
        rule(name).update(moved, torch.tensor([[4.0, -0.5]]), State(), RATE)
        expected = [[1.0 * 0.999 - 0.01, -2.0 * 0.999 + 0.01]]
        assert moved.master == pytest.approx(torch.tensor(expected), abs=1e-7)


def test_adafactors_first_step_by_hand():
    """Rows' means of squares 5 and 5, columns' 1 and 9: g / sqrt(row column / mean) = 1."""
    moved = weight([[1.0, 1.0], [1.0, 1.0]])
    rule("adafactor").update(moved, torch.tensor([[1.0, 3.0], [-1.0, 3.0]]), State(), RATE)
    assert moved.master == pytest.approx(torch.tensor([[0.99, 0.99], [1.01, 0.99]]), abs=1e-6)


def test_adafactor_clips_a_step_that_is_too_large():
    moved, state = weight([0.0]), State()
    for gradient in (1.0, 10.0):  # the second one's square weighs 2^-0.8 = 0.574 in the mean
        before = moved.master.clone()
        rule("adafactor").update(moved, torch.tensor([gradient]), state, RATE)
    assert float(before - moved.master) == pytest.approx(RATE, rel=1e-6)  # 1.32 without the clip


def test_galores_first_step_by_hand():
    """The gradient's one direction is the first side; Adam's step there is 1, times 0.25."""
    moved = weight([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    gradient = torch.tensor([[5.0, -5.0, 5.0], [0.0, 0.0, 0.0]])
    rule("galore", rank=1).update(moved, gradient, State(), RATE)
    expected = [[-0.0025, 0.0025, -0.0025], [0.0, 0.0, 0.0]]
    assert moved.master == pytest.approx(torch.tensor(expected), abs=1e-6)


def test_apollos_first_step_by_hand(monkeypatch: pytest.MonkeyPatch):
    """Projected to the first row, column j is g_j; Adam's step is 1, the factor is 1 / |g_j|."""
    monkeypatch.setattr(apollo, "projection", lambda *_: torch.tensor([[1.0], [0.0]]))
    moved = weight([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    gradient = torch.tensor([[2.0, -4.0, 1.0], [1.0, 1.0, 3.0]])
    rule("apollo", rank=1).update(moved, gradient, State(), RATE)
    expected = [[-0.01, 0.01, -0.01], [-0.005, -0.0025, -0.03]]
    assert moved.master == pytest.approx(torch.tensor(expected), rel=1e-4)


def test_muons_first_step_by_hand():
    """A multiple of an orthogonal matrix stays one: all singular values are equal."""
    moved = weight([[0.0, 0.0], [0.0, 0.0]])
    rule("muon").update(moved, torch.tensor([[0.0, 7.0], [-7.0, 0.0]]), State(), RATE)
    size = RATE * 0.2 * 2**0.5
    assert float(moved.master[0, 0]) == 0.0 == float(moved.master[1, 1])
    assert float(moved.master[1, 0]) == -float(moved.master[0, 1])
    assert float(moved.master[1, 0]) == pytest.approx(size, rel=0.35)  # singular value 0.7 to 1.2


def test_schedule_frees_first_two_steps_by_hand():
    """z: 0, -1, -2 (times the rate); x after them: -1, -1.5; y = 0.1 z + 0.9 x."""
    free, moved, state = rule("schedule_free"), weight([0.0]), State()
    for fast, average in ((-1.0, -1.0), (-2.0, -1.5)):
        free.update(moved, torch.tensor([3.0]), state, RATE)
        assert isinstance(free, Averaging)
        assert float(state["fast"]) == pytest.approx(fast * RATE, rel=1e-5)
        assert float(free.average(moved, state)) == pytest.approx(average * RATE, rel=1e-5)
        assert float(moved.master) == pytest.approx((0.1 * fast + 0.9 * average) * RATE, rel=1e-5)


# -- twenty steps against the reference -----------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 4), (5,)])
def test_adamw_equals_torch(shape: tuple[int, ...]):
    parameter = start_of(shape)
    reference = torch.optim.AdamW([parameter], lr=RATE, weight_decay=0.1, fused=True)
    assert torch.equal(walk("adamw", shape, decay=0.1), reference_walk(reference, parameter))


@pytest.mark.slow  # the import of transformers' takes a second
@pytest.mark.parametrize("shape", [(6, 4), (3, 9), (5,)])
def test_adafactor_equals_transformers(shape: tuple[int, ...]):
    from transformers.optimization import Adafactor

    parameter = start_of(shape)
    reference = Adafactor(
        [parameter], lr=RATE, scale_parameter=False, relative_step=False, weight_decay=0.1
    )
    expected = reference_walk(reference, parameter)
    assert walk("adafactor", shape, decay=0.1) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(6, 4), (3, 9)])
def test_muon_equals_torch(shape: tuple[int, ...]):
    parameter = start_of(shape)
    reference = torch.optim.Muon(
        [parameter], lr=RATE, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
    )
    expected = reference_walk(reference, parameter)
    assert walk("muon", shape, decay=0.1) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(6, 4), (5,)])
def test_schedule_free_equals_its_authors_code(shape: tuple[int, ...]):
    import schedulefree

    parameter = start_of(shape)
    reference = schedulefree.AdamWScheduleFree(
        [parameter], lr=RATE, weight_decay=0.1, foreach=False
    )
    reference.train()
    reference_walk(reference, parameter)
    reference.eval()
    ours = walk("schedule_free", shape, decay=0.1)
    assert ours == pytest.approx(parameter.detach(), abs=1e-6)


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_galore_equals_its_authors_code(shape: tuple[int, ...]):
    import galore_torch

    parameter = start_of(shape)
    group = {"params": [parameter], "rank": 2, "update_proj_gap": 8, "scale": 0.25}
    reference = galore_torch.GaLoreAdamW(
        [{**group, "proj_type": "std"}], lr=RATE, eps=1e-8, no_deprecation_warning=True
    )
    expected = reference_walk(reference, parameter)
    assert walk("galore", shape, rank=2, every=8) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
@pytest.mark.parametrize("by", ["channel", "tensor"])
def test_apollo_equals_its_authors_code(
    shape: tuple[int, ...], by: str, monkeypatch: pytest.MonkeyPatch
):
    import apollo_torch

    parameter = start_of(shape)
    group = {"params": [parameter], "rank": 2, "proj": "random", "scale_type": by, "scale": 4.0}
    group |= {"update_proj_gap": 8, "proj_type": "std"}
    reference = apollo_torch.APOLLOAdamW([group], lr=RATE, eps=1e-8)
    expected = reference_walk(reference, parameter)

    def theirs(name: str, period: int, side: int, rank: int) -> Tensor:
        from apollo_torch.random_projector import next_seed

        seed = 1
        for _ in range(period):
            seed = next_seed(seed)
        draw = torch.Generator().manual_seed(seed)
        is_tall = shape[0] >= shape[1]
        drawn = torch.randn((rank, side) if is_tall else (side, rank), generator=draw) / rank**0.5
        return drawn.T if is_tall else drawn

    monkeypatch.setattr(apollo, "projection", theirs)
    ours = walk("apollo", shape, rank=2, every=8, by=by, scale=4.0)
    assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("name", "theirs"), [("lion", "Lion"), ("adam8bit", "AdamW8bit")])
@pytest.mark.parametrize("shape", [(6, 4), (80, 60)])  # 8 bits from 4,096 numbers on
def test_lion_and_adam8bit_equal_bitsandbytes(name: str, theirs: str, shape: tuple[int, ...]):
    import bitsandbytes

    parameter = start_of(shape)
    kind = getattr(bitsandbytes.optim, theirs)
    reference = kind([parameter], lr=RATE, weight_decay=0.1)
    expected = reference_walk(reference, parameter)
    assert walk(name, shape, decay=0.1) == pytest.approx(expected, abs=1e-6)


# -- what all of them keep -------------------------------------------------------------------------


class Two(nn.Module):
    """A matrix of a block and a vector."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.ModuleList([nn.Linear(80, 60, dtype=dtype)])
        self.head = nn.Linear(60, 2, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.layers[0](x)))


class Given:
    weight_decay, max_grad_norm, privacy, l2_sp, ewc = 0.01, 1.0, None, 0.0, 0.0

    def __init__(self, name: str) -> None:
        self.optimizer = {"name": name}
        if name in {"galore", "apollo"}:
            self.optimizer |= {"rank": 4, "every": 3}


def learn(model: Two, optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        draw = torch.Generator().manual_seed(step)
        x = torch.randn(16, 80, generator=draw).to(model.head.weight.dtype)
        loss = nn.functional.cross_entropy(model(x).float(), (x[:, 0] > 0).long())
        loss.backward()
        optimizer.step(3e-3)


def begin(name: str, dtype: torch.dtype) -> tuple[Two, Optimizer]:
    model = Two(dtype)
    return model, Optimizer(model, Given(name))  # type: ignore[arg-type]


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_loaded_state_goes_on_to_the_same_bits(name: str, dtype: torch.dtype):
    whole, unbroken = begin(name, dtype)
    learn(whole, unbroken, range(8))
    first, before = begin(name, dtype)
    learn(first, before, range(5))
    again, after = begin(name, dtype)
    after.load_state({key: value.clone() for key, value in before.state().items()})
    learn(again, after, range(5, 8))
    for key, tensor in unbroken.state().items():
        assert torch.equal(after.state()[key], tensor), key


@EVERY
def test_it_learns(name: str):
    model, optimizer = begin(name, torch.float32)
    before = {key: value.clone() for key, value in optimizer.weights().items()}
    learn(model, optimizer, range(60))
    x = torch.randn(200, 80, generator=torch.Generator().manual_seed(99))
    with optimizer.as_kept(), torch.no_grad():
        right = (model(x).argmax(dim=1) == (x[:, 0] > 0)).float().mean()
    assert float(right) > 0.6
    assert all(not torch.equal(before[key], now) for key, now in optimizer.weights().items())


@EVERY
def test_its_state_takes_what_the_plan_says(name: str):
    model, optimizer = begin(name, torch.float32)
    learn(model, optimizer, range(1))
    state = optimizer.state()
    held = sum(
        t.numel() * t.element_size() for key, t in state.items() if not key.startswith("weight/")
    )
    hidden = 80 * 60
    others = sum(p.numel() for p in model.parameters()) - hidden
    config = optimizer.rule.Config.model_validate(Given(name).optimizer)
    assert isinstance(config, OptimizerConfig)
    planned = config.state_bytes(hidden, others, 60)
    # Scalars, vectors beside matrices, and the usual matrix being three times as long as wide.
    assert held == pytest.approx(planned, abs=0.35 * planned + 1600)


def test_a_factor_multiplies_the_learning_rate():
    model, plain = begin("lion", torch.float32)
    twin = Two(torch.float32)
    faster = Optimizer(twin, Given("lion"), lambda name: 16.0 if "layers" in name else 1.0)  # type: ignore[arg-type]
    for one, optimizer in ((model, plain), (twin, faster)):
        learn(one, optimizer, range(1))
    start = Two(torch.float32)
    for name, times in (("layers.0.bias", 16.0), ("head.bias", 1.0)):
        before, one, other = (m.get_parameter(name).detach() for m in (start, model, twin))
        ratio = (other - before) / (one - before)
        assert ratio == pytest.approx(torch.full_like(ratio, times), rel=1e-3)


def test_averages_are_measured_and_training_goes_on_from_where_it_stood():
    for dtype in (torch.float32, torch.bfloat16):
        model, optimizer = begin("schedule_free", dtype)
        learn(model, optimizer, range(4))
        stood = [p.detach().clone() for p in model.parameters()]
        with optimizer.as_kept():
            kept = {n: p.detach().clone() for n, p in model.named_parameters()}
        for name, value in optimizer.weights().items():
            assert torch.equal(kept[name], value.to(dtype))
        assert not torch.equal(kept["head.weight"], stood[2])
        pairs = zip(model.parameters(), stood, strict=True)
        assert all(torch.equal(now, before) for now, before in pairs)
