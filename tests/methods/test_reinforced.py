"""Advantages and losses of GRPO, RLOO and PPO, worked by hand in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tuneful.grading.rollouts import Sampled
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded, TokenScores
from tuneful.methods.ppo import advantages

LENGTH = {"rewards": ["length"]}


def method(name: str, **settings: Any) -> Any:
    kind = METHODS[name]
    return kind(kind.Config.model_validate({"name": name, **LENGTH, **settings}), DataFacts())


def answers(*rewards: float | None, tokens: int = 2, **more: Any) -> list[Sampled]:
    return [Sampled(tokens, reward, **more) for reward in rewards]


def first_advantages(weighed: Any) -> list[list[float]]:
    return [[facts["advantage"][0] for facts in group] for group in weighed.facts]


def scores(logp: list[float], owners: list[int], **facts: Any) -> TokenScores:
    more = {name: facts.pop(name) for name in ("reference_N", "value_N") if name in facts}
    return TokenScores(
        torch.tensor(logp, dtype=torch.float64, requires_grad=True),
        torch.ones(len(logp), dtype=torch.float64),
        torch.tensor(owners),
        max(owners) + 1,
        facts={name: torch.tensor(v, dtype=torch.float64) for name, v in facts.items()},
        **more,
    )


def gradient(method_: Any, known: TokenScores) -> list[float]:
    method_.loss(known).total.backward()
    assert known.logp_N.grad is not None
    return known.logp_N.grad.tolist()


def test_grpo_measures_a_reward_by_its_group():
    groups = [answers(1.0, 3.0), answers(5.0, 5.0), answers(None, 2.0, 4.0)]
    # The deviation of (1, 3) and of (2, 4) is sqrt(2); the failed answer is in neither number.
    unit = 1 / (math.sqrt(2) + 1e-4)
    found = first_advantages(method("grpo").weigh(groups, {}))
    assert found[0] == pytest.approx([-unit, unit])
    assert found[1] == [0, 0]
    assert found[2] == pytest.approx([0, -unit, unit])
    found = first_advantages(method("grpo", scale="none").weigh(groups, {}))
    assert found == [[-1, 1], [0, 0], [0, -1, 1]]


# Two answers, of one and of two tokens. Ratios 1.5 (clipped to 1.2), 0.5 and 1.1; advantages 1 and
# -1: of the second answer, 0.5 is clipped to 0.8, since min(-0.5, -0.8) is -0.8.
RATIOS = [math.log(1.5), math.log(0.5), math.log(1.1)]
CLIPPED = {"old_logp": [0.0, 0.0, 0.0], "advantage": [1.0, -1.0, -1.0]}


@pytest.mark.parametrize(
    ("average", "total", "units"),
    [
        ("token", -1.2 + 0.8 + 1.1, 3),
        ("sequence", -1.2 + (0.8 + 1.1) / 2, 2),
        ("constant", -1.2 + 0.8 + 1.1, 2 * 10),
    ],
)
def test_grpo_clips_and_averages_as_asked(average: str, total: float, units: float):
    grpo = method("grpo", average=average, max_new_tokens=10)
    loss = grpo.loss(scores(RATIOS, [0, 1, 1], **CLIPPED))
    assert loss.total.item() == pytest.approx(total)
    sequences = [Encoded([1, 2], [0, 1]), Encoded([1, 2, 3], [0, 1, 1])]
    assert grpo.units(sequences) == units


def test_grpo_pulls_only_where_the_ratio_is_not_clipped():
    # d(-ratio A)/d(logp) is -ratio A: 0 where clipped, and 1.1 at the last token.
    grpo = method("grpo", average="token")
    assert gradient(grpo, scores(RATIOS, [0, 1, 1], **CLIPPED)) == pytest.approx([0, 0, 1.1])


def test_grpo_pays_for_the_way_from_the_reference():
    # log(q/p) = 0.5: the penalty is e^0.5 - 0.5 - 1, its gradient 1 - e^0.5.
    known = scores([-1.0], [0], advantage=[0.0])
    known = TokenScores(**{**vars(known), "reference_N": torch.tensor([-0.5], dtype=torch.float64)})
    grpo = method("grpo", beta=0.2)
    loss = grpo.loss(known)
    assert loss.total.item() == pytest.approx(0.2 * (math.exp(0.5) - 1.5))
    assert gradient(grpo, known) == pytest.approx([0.2 * (1 - math.exp(0.5))])


def test_rloo_measures_a_reward_by_the_others():
    rloo = method("rloo", beta=0)
    found = first_advantages(rloo.weigh([answers(1.0, 2.0, 6.0, None), answers(3.0)], {}))
    assert found == [[-3.0, -1.5, 4.5, 0.0], [0.0]]


def test_rloo_takes_the_way_from_the_reference_off_the_reward():
    # Ways of 2 x 0.5 and of 0 nats at 0.1 each: rewards 1 - 0.1 and 2.
    group = [
        Sampled(2, 1.0, logp=[-1.0, -1.0], reference=[-1.5, -1.5]),
        Sampled(2, 2.0, logp=[-1.0, -1.0], reference=[-1.0, -1.0]),
    ]
    weighed = method("rloo", beta=0.1).weigh([group], {})
    assert first_advantages(weighed)[0] == pytest.approx([-1.1, 1.1])
    assert weighed.metrics["kl"] == pytest.approx(0.5)


def test_rloo_clips_the_ratio_of_the_whole_answer():
    # Answer 1: ratio 1.5, clipped to 1.2. Answer 2: 0.5 x 1.1 = 0.55, advantage -1, clipped to 0.8.
    rloo = method("rloo", beta=0)
    known = scores(RATIOS, [0, 1, 1], **CLIPPED)
    assert rloo.loss(known).total.item() == pytest.approx(-1.2 + 0.8)
    # Inside the bounds each token of an answer gets the gradient of the whole: -ratio A.
    inside = scores([0.1, 0.05, 0.05], [0, 1, 1], **CLIPPED)
    assert gradient(rloo, inside) == pytest.approx([-math.exp(0.1)] + [math.exp(0.1)] * 2)


def test_ppo_estimates_advantages_backwards():
    # Rewards: -0.1 x 0.5 a token, and 1 at the last. Values 0.2, 0.4; gamma 0.9, lambda 0.5.
    # d_2 = 0.95 - 0.4 = 0.55; d_1 = -0.05 + 0.9 x 0.4 - 0.2 = 0.11; A_1 = 0.11 + 0.45 x 0.55.
    answer = Sampled(2, 1.0, logp=[-1.0, -1.0], reference=[-1.5, -1.5], value=[0.2, 0.4])
    found = advantages(answer, beta=0.1, gamma=0.9, gae_lambda=0.5)
    assert found == pytest.approx([0.11 + 0.45 * 0.55, 0.55])


def test_ppo_whitens_advantages_over_the_step_and_not_the_values_target():
    ppo = method("ppo", beta=0, gae_lambda=1.0)
    group = [Sampled(1, r, logp=[-1.0], value=[0.5]) for r in (1.0, 3.0, None)]
    weighed = ppo.weigh([group], {})
    assert first_advantages(weighed)[0][:2] == pytest.approx([-1, 1], abs=1e-6)
    assert [facts["return"][0] for facts in weighed.facts[0][:2]] == [1.0, 3.0]


def test_ppo_clips_ratio_and_value():
    # Ratio 1.5, advantage 2: -2.4. Old value 0, new 1, target 0.5: max((0.5)^2, (0.2 - 0.5)^2) / 2.
    known = scores(
        [math.log(1.5)],
        [0],
        value_N=torch.tensor([1.0], dtype=torch.float64, requires_grad=True),
        old_logp=[0.0],
        advantage=[2.0],
        old_value=[0.0],
        **{"return": [0.5]},
    )
    loss = method("ppo", beta=0, value_weight=0.1).loss(known)
    assert loss.total.item() == pytest.approx(-2.4 + 0.1 * 0.125)
    loss.total.backward()
    assert known.value_N is not None
    assert known.value_N.grad is not None
    assert known.value_N.grad.item() == pytest.approx(0.1 * 0.5)


def test_an_adaptive_beta_follows_the_way_from_the_reference():
    group = [Sampled(1, 1.0, logp=[-1.0], reference=[-2.0], value=[0.0])]
    ppo = method("ppo", beta=0.5, control="adaptive", kl_target=0.9)
    # 1 nat instead of 0.9: 11 % too far, so beta grows by 1.1 %.
    after = ppo.weigh([group], {}).kept
    assert after["beta"] == pytest.approx(0.5 * (1 + 0.1 / 9))
    # Ten times too near is cut to 20 %, so it shrinks by 2 %.
    far = method("ppo", beta=0.5, control="adaptive", kl_target=10)
    assert far.weigh([group], after).kept["beta"] == pytest.approx(after["beta"] * 0.98)
