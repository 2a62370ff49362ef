"""GRPO's and RLOO's loss and gradient are TRL's on the same answers, in float32."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tuneful.grading.rollouts import Sampled
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded, TokenScores

pytestmark = pytest.mark.slow

LENGTHS = (3, 5, 2, 4)
LONGEST = 6
REWARDS = (0.2, 1.0, 0.4, 0.9)


@pytest.fixture
def numbers() -> dict[str, Any]:
    """Log p of four answers to a prompt, padded: now, when sampled, under the reference."""
    draw = torch.Generator().manual_seed(3)
    shape = (len(LENGTHS), LONGEST)
    old = -3 * torch.rand(shape, generator=draw)
    now = old + 0.4 * torch.randn(shape, generator=draw)
    reference = old + 0.3 * torch.randn(shape, generator=draw)
    mask = (torch.arange(LONGEST)[None] < torch.tensor(LENGTHS)[:, None]).long()
    return {"old": old, "now": now, "reference": reference, "mask": mask}


def ours(name: str, numbers: dict[str, Any], **settings: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss and gradient [answers, longest], through the method's own weighing."""
    kind = METHODS[name]
    asked = {"name": name, "rewards": ["length"], "max_new_tokens": LONGEST, **settings}
    method: Any = kind(kind.Config.model_validate(asked), DataFacts())
    mask = numbers["mask"].bool()

    def of(what: str) -> list[list[float]]:
        return [row[keep].tolist() for row, keep in zip(numbers[what], mask, strict=True)]

    group = [
        Sampled(length, reward, logp=old, reference=reference)
        for length, reward, old, reference in zip(
            LENGTHS, REWARDS, of("old"), of("reference"), strict=True
        )
    ]
    facts = method.weigh([group], {}).facts[0]
    logp = numbers["now"].clone().requires_grad_()
    flat = {name: torch.tensor([v for answer in facts for v in answer[name]]) for name in facts[0]}
    scores = TokenScores(
        logp_N=logp[mask],
        weight_N=torch.ones(sum(LENGTHS)),
        sequence_N=torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS)),
        num_sequences=len(LENGTHS),
        reference_N=numbers["reference"][mask] if method.needs.reference else None,
        facts=flat,
    )
    units = method.units([Encoded([0] * n, [1.0] * n) for n in LENGTHS])
    loss = method.loss(scores).total / units
    loss.backward()
    assert logp.grad is not None
    return loss.detach(), logp.grad


class Loose(SimpleNamespace):
    """Takes whatever TRL notes down about a step."""


def trainer(logp: torch.Tensor, **own: Any) -> Any:
    """What TRL's loss reads of its trainer; the model's numbers are those given."""
    entropy = torch.zeros_like(logp)
    accelerator = Loose(
        gather=lambda x: x, reduce=lambda x, reduction: x, gather_for_metrics=lambda x: x,
        num_processes=1, unwrap_model=lambda m: m,
    )  # fmt: skip
    return Loose(
        _get_per_token_logps_and_entropies=lambda *a, **k: (logp, entropy, None),
        accelerator=accelerator,
        model=Loose(training=True),
        _metrics={"train": defaultdict(list), "eval": defaultdict(list)},
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        importance_sampling_level="token",
        epsilon_low=0.2,
        epsilon_high=0.2,
        use_vllm=False,
        _entropy_bonus_enabled=False,
        current_gradient_accumulation_steps=1,
        max_completion_length=LONGEST,
        args=Loose(use_bias_correction_kl=False, delta=None, steps_per_generation=1),
        **own,
    )


def inputs(numbers: dict[str, Any], advantages: torch.Tensor) -> dict[str, Any]:
    ids = torch.zeros_like(numbers["mask"])
    return {
        "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1,
        "completion_ids": ids, "completion_mask": numbers["mask"],
        "advantages": advantages, "old_per_token_logps": numbers["old"],
        "ref_per_token_logps": numbers["reference"],
        "num_items_in_batch": numbers["mask"].sum(),
        "old_logps": (numbers["old"] * numbers["mask"]).sum(1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("average", "theirs"), [("sequence", "grpo"), ("constant", "dr_grpo"), ("token", "dapo")]
)
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_grpo(numbers: dict[str, Any], average: str, theirs: str, beta: float):
    from trl.trainer.grpo_trainer import GRPOTrainer

    loss, gradient = ours("grpo", numbers, average=average, beta=beta, updates_per_rollout=2)
    rewards = torch.tensor(REWARDS)
    advantages = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    logp = numbers["now"].clone().requires_grad_()
    expected = GRPOTrainer._compute_loss(
        trainer(logp, beta=beta, loss_type=theirs), Loose(), inputs(numbers, advantages)
    )
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, logp.grad, rtol=1e-5, atol=1e-6)


def test_rloo(numbers: dict[str, Any]):
    from trl.trainer.rloo_trainer import RLOOTrainer

    loss, gradient = ours("rloo", numbers, beta=0.1)
    way = ((numbers["old"] - numbers["reference"]) * numbers["mask"]).sum(1)
    rewards = torch.tensor(REWARDS) - 0.1 * way
    advantages = rewards - (rewards.sum() - rewards) / (len(rewards) - 1)
    logp = numbers["now"].clone().requires_grad_()
    expected = RLOOTrainer._compute_loss(
        trainer(logp, beta=0.1), Loose(), inputs(numbers, advantages)
    )
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, logp.grad, rtol=1e-5, atol=1e-6)
