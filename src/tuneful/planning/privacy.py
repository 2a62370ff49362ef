"""How much noise a promised epsilon takes, and what a run has spent, by Opacus' accountants.

The mechanism is DP-SGD (Abadi et al. 2016, arXiv:1607.00133, algorithm 1): each step draws every
row with the same probability, clips each row's gradient, and adds Gaussian noise to their sum. What
a promise is about is one training row, there or not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuneful.recipe.schema import Privacy


@dataclass(frozen=True)
class Budget:
    """A promise, and what keeps it.

    Attributes:
        epsilon: What the whole run may spend.
        delta: Probability with which the promise may fail.
        max_grad_norm: Longest gradient of one row.
        noise_multiplier: Standard deviation of the noise on the sum, by max_grad_norm.
        sample_rate: Probability with which a row is in a step.
        accountant: How steps are added up.
        seed: Of sampling and noise where the recipe gives one; None draws it from the system.
    """

    epsilon: float
    delta: float
    max_grad_norm: float
    noise_multiplier: float
    sample_rate: float
    accountant: str
    seed: int | None


def make_budget(privacy: Privacy, num_rows: int, batch_size: int, steps: int) -> Budget:
    """Find the noise that keeps the promise over all steps.

    Raises:
        RecipeError: Opacus is not installed, or no noise keeps so small an epsilon.
    """
    delta = 1 / (2 * num_rows) if privacy.delta == "auto" else privacy.delta
    sample_rate = min(1.0, batch_size / num_rows)
    accounting = _accounting()
    find: Callable[..., float] = accounting.utils.get_noise_multiplier
    try:
        noise = find(
            target_epsilon=privacy.epsilon,
            target_delta=delta,
            sample_rate=sample_rate,
            steps=steps,
            accountant=privacy.accountant,
        )
    except ValueError as error:
        raise RecipeError(
            f"No noise keeps epsilon {privacy.epsilon:g} over {steps:,} steps: {error}",
            where="privacy.epsilon",
            fix="Promise a larger epsilon, train fewer steps, or give more rows.",
        ) from error
    return Budget(
        privacy.epsilon,
        delta,
        privacy.max_grad_norm,
        float(noise),
        sample_rate,
        privacy.accountant,
        privacy.seed,
    )


def epsilon_spent(budget: Budget, steps: int) -> float:
    """The epsilon that so many steps have spent at the budget's delta."""
    if not steps:
        return 0.0
    accountant = _accounting().create_accountant(budget.accountant)
    accountant.history = [(budget.noise_multiplier, budget.sample_rate, steps)]
    return float(accountant.get_epsilon(budget.delta))


def _accounting() -> Any:
    try:
        import opacus.accountants
    except ImportError as error:
        raise RecipeError(
            "A promise of privacy needs the package opacus, which adds up what is spent.",
            where="privacy",
            fix="pip install 'tuneful[privacy]'",
        ) from error
    return cast("Any", opacus.accountants)
