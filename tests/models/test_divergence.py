"""Divergences by hand, against torch and TRL's formula, whole and at the likeliest tokens."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch.nn.functional import kl_div

from tests import tiny
from tuneful.models.divergence import (
    How,
    Likeliest,
    compare,
    forward_kl,
    jensen_shannon,
    likeliest,
    reverse_kl,
)
from tuneful.models.scoring import Scorer

EVERY = {
    "forward": forward_kl,
    "reverse": reverse_kl,
    "jensen_shannon": partial(jensen_shannon, beta=0.3),
}
EVERY_DIVERGENCE = pytest.mark.parametrize("name", list(EVERY))
HALF, QUARTER = math.log(0.5), math.log(0.25)


def test_divergences_by_hand():
    student = torch.tensor([[HALF, HALF]])
    teacher = torch.tensor([[math.log(0.75), QUARTER]])
    # .75 ln(.75 / .5) + .25 ln(.25 / .5) = .30410 - .17329; .5 ln(.5 / .75) + .5 ln 2 = .14384
    assert forward_kl(student, teacher).item() == pytest.approx(0.130812, abs=1e-6)
    assert reverse_kl(student, teacher).item() == pytest.approx(0.143841, abs=1e-6)
    # beta .5: m = (.625, .375), so that teacher / m = (1.2, 2/3) and student / m = (.8, 4/3).
    expected = 0.5 * (0.75 * math.log(1.2) + 0.25 * math.log(2 / 3))
    expected += 0.5 * (0.5 * math.log(0.8) + 0.5 * math.log(4 / 3))
    assert jensen_shannon(student, teacher, 0.5).item() == pytest.approx(expected, abs=1e-6)


def test_the_forward_kls_gradient_is_the_difference_of_probabilities():
    logits = torch.tensor([[0.3, -1.0, 2.0]], requires_grad=True)
    teacher = torch.tensor([[0.5, 0.2, 0.3]]).log()
    forward_kl(logits.log_softmax(1), teacher).sum().backward()
    torch.testing.assert_close(logits.grad, logits.detach().softmax(1) - teacher.exp())


@EVERY_DIVERGENCE
def test_divergences_are_torchs(name: str):
    draw = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(7, 11, generator=draw).log_softmax(1) for _ in range(2))

    def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        return kl_div(q, p, reduction="none", log_target=True).sum(1)

    mixed = (0.3 * teacher.exp() + 0.7 * student.exp()).log()
    expected = {
        "forward": kl(teacher, student),
        "reverse": kl(student, teacher),
        "jensen_shannon": 0.3 * kl(teacher, mixed) + 0.7 * kl(student, mixed),
    }[name]
    torch.testing.assert_close(EVERY[name](student, teacher), expected, atol=1e-6, rtol=1e-5)


def states(seed: int, shift: float) -> tuple[Any, Any]:
    """A random model, and its learned tokens of a few sequences."""
    model = tiny.decoder("llama")
    if shift:
        torch.manual_seed(seed)
        with torch.no_grad():
            for value in model.parameters():
                value.add_(shift * torch.randn_like(value))
    rows = tiny.sequences()
    weights = [[0.0] + [1.0] * (len(row) - 1) for row in rows]
    return model, Scorer(model, pad_id=0, packed=True).learned(rows, weights)


def whole(student: Any, teacher: Any, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of both over the whole vocabulary, the textbook's way."""
    found = []
    for model, learned in (student, teacher):
        logits = model.lm_head(learned.state_ND) / temperature
        found.append(logits.log_softmax(1))
    return found[0], found[1]


@EVERY_DIVERGENCE
@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("chunk", [16, 1 << 20])
def test_chunks_give_the_whole_vocabularys_values_and_gradients(
    name: str, temperature: float, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tuneful.models.divergence.rows_of_chunk", lambda *_: 4 * chunk)
    student, teacher = states(0, 0.0), states(1, 0.05)
    how = How(EVERY[name], temperature)
    (model, learned), (other, theirs) = student, teacher
    found = compare((model, learned.state_ND), (other, theirs.state_ND), learned.target_N, how)
    ours, its = whole(student, teacher, temperature)
    expected = EVERY[name](ours, its.detach())
    torch.testing.assert_close(found.divergence_N, expected, atol=1e-6, rtol=1e-5)
    plain = model.lm_head(learned.state_ND).log_softmax(1)
    picked = plain.gather(1, learned.target_N[:, None])[:, 0]
    torch.testing.assert_close(found.logp_N, picked, atol=1e-6, rtol=1e-5)
    parameters = list(model.parameters())
    ours_grad = torch.autograd.grad(
        (found.divergence_N - 0.3 * found.logp_N).sum(), parameters, retain_graph=True
    )
    their_grad = torch.autograd.grad((expected - 0.3 * picked).sum(), parameters)
    for one, two in zip(ours_grad, their_grad, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        silent = compare((model, learned.state_ND), (other, theirs.state_ND), learned.target_N, how)
    torch.testing.assert_close(silent.divergence_N, found.divergence_N.detach())


@EVERY_DIVERGENCE
def test_all_tokens_as_the_likeliest_are_the_whole_vocabulary(name: str):
    (model, learned), (other, theirs) = states(0, 0.0), states(1, 0.05)
    how = How(EVERY[name], 2.0)
    known = likeliest(other, theirs.state_ND, tiny.VOCABULARY, 2.0)
    one = compare((model, learned.state_ND), known, learned.target_N, how)
    two = compare((model, learned.state_ND), (other, theirs.state_ND), learned.target_N, how)
    torch.testing.assert_close(one.divergence_N, two.divergence_N, atol=1e-5, rtol=1e-5)
    states_of = [learned.state_ND]
    for a, b in zip(
        torch.autograd.grad(one.divergence_N.sum(), states_of),
        torch.autograd.grad(two.divergence_N.sum(), states_of),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@EVERY_DIVERGENCE
def test_fewer_tokens_measure_less_and_never_more(name: str):
    (model, learned), (other, theirs) = states(0, 0.0), states(1, 0.3)
    how, last = How(EVERY[name]), torch.zeros(len(learned.target_N))
    for count in (1, 4, 32, tiny.VOCABULARY):
        known = likeliest(other, theirs.state_ND, count, 1.0)
        found = compare((model, learned.state_ND), known, learned.target_N, how).divergence_N
        assert (found >= last - 1e-5).all()
        last = found.detach()
    assert last.mean() > 0


def test_the_rest_is_one_outcome_by_hand():
    # Student uniform over 4 tokens; the teacher's likeliest has 0.7, the others together 0.3.
    layer = torch.nn.Linear(1, 4, bias=False)
    torch.nn.init.zeros_(layer.weight)

    class Model(torch.nn.Module):
        config = object()

        def get_output_embeddings(self) -> torch.nn.Linear:
            return layer

    known = Likeliest(torch.tensor([[2]]), torch.tensor([[math.log(0.7)]]))
    found = compare((Model(), torch.ones(1, 1)), known, torch.tensor([0]), How(forward_kl))
    expected = 0.7 * math.log(0.7 / 0.25) + 0.3 * math.log(0.3 / 0.75)
    assert found.divergence_N.item() == pytest.approx(expected, abs=1e-6)
    assert found.logp_N.item() == pytest.approx(QUARTER)


@pytest.mark.slow
@EVERY_DIVERGENCE
@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.filterwarnings("ignore")
def test_divergences_are_trls(name: str, temperature: float):
    from trl.experimental.gkd import GKDTrainer

    draw = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(2, 5, 11, generator=draw) for _ in range(2))
    beta = {"forward": 0, "reverse": 1, "jensen_shannon": 0.3}[name]
    expected = GKDTrainer.generalized_jsd_loss(
        student, teacher, beta=beta, temperature=temperature, reduction="none"
    ).sum(-1)
    found = EVERY[name](*((x / temperature).log_softmax(-1) for x in (student, teacher)))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
