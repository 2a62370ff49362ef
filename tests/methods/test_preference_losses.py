"""Losses and gradients of the preference methods, by numbers worked by hand; no model."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tuneful.core.errors import RecipeError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded, TokenScores
from tuneful.recipe.schema import Recipe

CHOSEN, REJECTED = [-1.0, -0.5], [-2.0]
REFERENCE = [-1.2, -0.8, -1.5]
"""Log-ratios: chosen 0.2 + 0.3 = 0.5, rejected -0.5; by means 0.25 and -0.5."""


def method_of(name: str, **settings: Any) -> Any:
    kind = METHODS[name]
    return kind(kind.Config.model_validate({"name": name, **settings}), DataFacts())


def scores_of(**more: Any) -> TokenScores:
    """One pair: the chosen answer has two tokens, the rejected one."""
    return TokenScores(
        logp_N=torch.tensor([*CHOSEN, *REJECTED], dtype=torch.float64, requires_grad=True),
        weight_N=torch.ones(3, dtype=torch.float64),
        sequence_N=torch.tensor([0, 0, 1]),
        num_sequences=2,
        reference_N=torch.tensor(REFERENCE, dtype=torch.float64),
        **more,
    )


def outcome(method: Any, scores: TokenScores) -> tuple[float, list[float], dict[str, float]]:
    loss = method.loss(scores)
    (gradient,) = torch.autograd.grad(loss.total, scores.logp_N)
    return loss.total.item(), gradient.tolist(), {n: v.item() for n, v in loss.sums.items()}


def close(values: list[float]) -> Any:
    return pytest.approx(values, rel=1e-9)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_dpo_is_minus_log_sigmoid_of_the_margin_over_the_reference():
    # margin 0.1 * (0.5 - -0.5) = 0.1; the gradient is -beta sigmoid(-margin) on chosen tokens.
    loss, gradient, sums = outcome(method_of("dpo"), scores_of())
    assert loss == pytest.approx(-math.log(sigmoid(0.1)))
    pull = 0.1 * sigmoid(-0.1)
    assert gradient == close([-pull, -pull, pull])
    assert sums == pytest.approx({"accuracy": 1.0, "margin": 0.1})


def test_label_smoothing_mixes_in_the_mirrored_pair():
    loss, gradient, _ = outcome(method_of("dpo", label_smoothing=0.2), scores_of())
    assert loss == pytest.approx(-0.8 * math.log(sigmoid(0.1)) - 0.2 * math.log(sigmoid(-0.1)))
    pull = 0.1 * (0.8 * sigmoid(-0.1) - 0.2 * sigmoid(0.1))
    assert gradient == close([-pull, -pull, pull])


def test_robust_dpo_is_unbiased_under_flipped_labels():
    method = method_of("dpo", loss="robust", label_smoothing=0.2)
    loss, gradient, _ = outcome(method, scores_of())
    straight, mirrored = -math.log(sigmoid(0.1)), -math.log(sigmoid(-0.1))
    assert loss == pytest.approx((0.8 * straight - 0.2 * mirrored) / 0.6)
    # The mean over right and flipped labels is the loss of a pair that is right: that is its point.
    flipped = (0.8 * mirrored - 0.2 * straight) / 0.6
    assert 0.8 * loss + 0.2 * flipped == pytest.approx(straight)
    pull = 0.1 * (0.8 * sigmoid(-0.1) + 0.2 * sigmoid(0.1)) / 0.6
    assert gradient == close([-pull, -pull, pull])


def test_hinge_dpo_wants_a_margin_of_1():
    loss, gradient, _ = outcome(method_of("dpo", loss="hinge"), scores_of())
    assert loss == pytest.approx(0.9)
    assert gradient == close([-0.1, -0.1, 0.1])
    loss, gradient, _ = outcome(method_of("dpo", loss="hinge", beta=2.0), scores_of())
    assert (loss, gradient) == (0.0, [0.0, 0.0, 0.0])


def test_ipo_takes_means_over_tokens_and_aims_at_a_margin():
    # d' = 0.25 - -0.5 = 0.75; (0.75 - 1 / (2 * 0.5))^2 = 0.0625; 2 (0.75 - 1) = -0.5 on the means.
    loss, gradient, sums = outcome(method_of("dpo", loss="ipo", beta=0.5), scores_of())
    assert loss == pytest.approx(0.0625)
    assert gradient == close([-0.25, -0.25, 0.5])
    assert sums["margin"] == pytest.approx(0.375)


def test_dpo_can_imitate_the_chosen_answer_as_well():
    loss, gradient, _ = outcome(method_of("dpo", sft_weight=2.0), scores_of())
    assert loss == pytest.approx(-math.log(sigmoid(0.1)) + 2.0 * 0.75)
    pull = 0.1 * sigmoid(-0.1)
    assert gradient == close([-pull - 1.0, -pull - 1.0, pull])


def test_orpo_adds_the_odds_ratio_to_imitation():
    chosen, rejected = -0.75, -2.0  # means over tokens
    odds = [math.exp(m) / (1 - math.exp(m)) for m in (chosen, rejected)]
    ratio = math.log(odds[0] / odds[1])
    loss, gradient, sums = outcome(method_of("orpo", beta=0.3), scores_of())
    assert loss == pytest.approx(0.75 - 0.3 * math.log(sigmoid(ratio)))
    # d log odds / d m = 1 / (1 - exp(m)); the mean gives each chosen token half.
    pull = [0.3 * sigmoid(-ratio) / (1 - math.exp(m)) for m in (chosen, rejected)]
    assert gradient == close([(-1 - pull[0]) / 2, (-1 - pull[0]) / 2, pull[1]])
    assert sums["margin"] == pytest.approx(ratio)


def test_simpo_takes_means_and_a_target_margin():
    # 2 * (-0.75 - -2) - 0.5 = 2
    loss, gradient, sums = outcome(method_of("simpo", beta=2.0, gamma=0.5), scores_of())
    assert loss == pytest.approx(-math.log(sigmoid(2.0)))
    pull = 2 * sigmoid(-2.0)
    assert gradient == close([-pull / 2, -pull / 2, pull])
    assert sums == pytest.approx({"accuracy": 1.0, "margin": 2.5})


def test_cpo_takes_sums_and_imitates():
    # 0.1 * (-1.5 - -2) = 0.05; imitation 0.75 a token.
    loss, gradient, _ = outcome(method_of("cpo", alpha=0.5), scores_of())
    assert loss == pytest.approx(-math.log(sigmoid(0.05)) + 0.375)
    pull = 0.1 * sigmoid(-0.05)
    assert gradient == close([-pull - 0.25, -pull - 0.25, pull])


def test_kto_pulls_answers_to_their_side_of_z():
    # Wanted: r 0.5, z 0.1; unwanted: r -0.5. Margins 0.1 * 0.4 and 0.1 * 0.6.
    method = method_of("kto", desirable_weight=2.0)
    scores = scores_of(label_S=torch.tensor([1, 0]), step={"kl": 0.1})
    loss, gradient, sums = outcome(method, scores)
    assert loss == pytest.approx(2 * (1 - sigmoid(0.04)) + (1 - sigmoid(0.06)))
    pulls = [2 * 0.1 * sigmoid(0.04) * sigmoid(-0.04), 0.1 * sigmoid(0.06) * sigmoid(-0.06)]
    assert gradient == close([-pulls[0], -pulls[0], pulls[1]])
    assert sums == pytest.approx({"accuracy": 2.0, "margin": 0.1, "kl": 0.2})


def test_ktos_z_is_the_mean_of_the_whole_steps_wrong_answers_and_not_negative():
    method = method_of("kto")
    # 0.5 and -0.5 in one pass, 0.5 and -0.5 in another; then the wanted one's alone.
    assert method.needs.step([scores_of(), scores_of()]) == {"kl": 0.0}
    alone = TokenScores(
        logp_N=torch.tensor([-1.0, -0.5]),
        weight_N=torch.ones(2),
        sequence_N=torch.tensor([1, 1]),
        num_sequences=2,  # the first has no learned token: it does not count
        reference_N=torch.tensor([-1.2, -0.8]),
    )
    assert method.needs.step([alone, alone])["kl"] == pytest.approx(0.5)
    assert method.needs.step([]) == {"kl": 0.0}


@pytest.mark.parametrize("name", ["dpo", "orpo", "simpo", "cpo"])
def test_a_pair_that_lost_an_answer_does_not_count(name: str):
    method = method_of(name)
    whole = scores_of()
    with_empty = TokenScores(
        whole.logp_N, whole.weight_N, whole.sequence_N, 4, reference_N=whole.reference_N
    )
    assert method.loss(with_empty).total.item() == pytest.approx(method.loss(whole).total.item())
    sequences = [Encoded([1, 2], [0.0, 1.0])] * 2 + [Encoded([1, 2], [0.0, 0.0])] * 2
    assert method.units(sequences) == 1


def test_smoothing_is_refused_where_it_would_do_nothing():
    values = {
        "model": "m",
        "data": {"source": "rows.jsonl"},
        "method": {"name": "dpo", "loss": "ipo", "label_smoothing": 0.1},
    }
    with pytest.raises(RecipeError, match="label_smoothing is for sigmoid and robust"):
        Recipe.make(values)
