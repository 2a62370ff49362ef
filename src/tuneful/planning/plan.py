"""A plan: what a run will take and why it will run so, before a step is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from tuneful.core.events import ignore
from tuneful.core.report import Finding
from tuneful.planning.choose import choose
from tuneful.planning.gather import gather
from tuneful.planning.judge import judge
from tuneful.planning.predict import predict
from tuneful.planning.settings import Choice, Settings
from tuneful.planning.speed import ERROR_BY_FORMULA, ERROR_BY_PROBE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.planning.speed import Timing
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Plan:
    """Every "auto" resolved with its reason, and what the run will cost.

    Attributes:
        settings: What the training loop runs on.
        choices: Setting to value and reason.
        tokens: Training tokens of the whole run, passes over the rows counted.
        flops: Their arithmetic.
        memory: GiB by what they are for.
        memory_here_gib: What the machine (or its GPU) has.
        seconds: Of training and its validations.
        seconds_before: Of what is computed once before the first step (EWC's information); 0 where
            the timed pass has computed and kept it.
        usd: Of training; 0 on one's own machine.
        basis: What seconds and memory rest on: "formula" or "probe".
        num_test: Rows that the model will be tested on.
        findings: What is worth knowing of the plan itself.
    """

    settings: Settings
    choices: Mapping[str, Choice]
    tokens: int
    flops: float
    memory: Mapping[str, float]
    memory_here_gib: float
    seconds: float
    basis: Literal["formula", "probe"]
    usd: float = 0.0
    num_test: int = 0
    seconds_before: float = 0.0
    findings: Sequence[Finding] = field(default=())

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return self.settings.steps

    @property
    def memory_gib(self) -> float:
        """Peak of the run."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Whether the machine has that memory."""
        return self.memory_gib <= self.memory_here_gib

    @property
    def error(self) -> float:
        """Relative error to expect of seconds."""
        return ERROR_BY_PROBE if self.basis == "probe" else ERROR_BY_FORMULA

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values, as it stands in a run's plan.json."""
        return {
            **asdict(self),
            "settings": self.settings.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "memory_gib": self.memory_gib,
            "fits": self.fits,
            "error": self.error,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        known = {k: v for k, v in value.items() if k not in {"memory_gib", "fits", "error"}}
        parts: dict[str, Any] = {
            "settings": Settings.from_json(value["settings"]),
            "choices": {k: Choice(**v) for k, v in value["choices"].items()},
            "findings": [Finding.from_json(item) for item in value["findings"]],
        }
        return cls(**known | parts)


def plan(
    recipe: Recipe,
    data: Dataset,
    store: Store,
    listener: Listener = ignore,
    probe: Callable[[Settings], Timing] | None = None,
) -> Plan:
    """Settle every setting and predict steps, memory, time and cost.

    Args:
        recipe: What was asked for.
        data: The prepared rows.
        store: Where models that the recipe names by run or alias stand.
        listener: Hears of downloads.
        probe: Times one pass of the real model; without it, time and memory rest on formulas and
            on how fast this machine multiplies matrices.

    Raises:
        ModelError: The model is not to be found or read.
        DataError: The rows do not fit the method, or there are none to train on.
    """
    known = gather(recipe, data, store, listener)
    settings, choices = choose(known)
    predicted = predict(known, settings, probe)
    return Plan(
        settings=settings,
        choices=choices,
        tokens=predicted.tokens,
        flops=predicted.flops,
        memory=predicted.memory,
        memory_here_gib=known.place.memory_gib,
        seconds=predicted.seconds,
        seconds_before=predicted.seconds_before,
        basis="formula" if probe is None else "probe",
        num_test=known.num_test,
        findings=judge(known, settings, predicted),
    )
