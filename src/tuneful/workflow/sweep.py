"""Sweep: train a recipe with values that Optuna chooses, and keep what each came to.

Trials are compared by their lowest validation loss, never by test rows. A trial whose loss is above
the median of the earlier ones at the same step is broken off (Optuna's MedianPruner). All trials
stand in a SQLite file in the store: the same command goes on where the last one stopped, a trial
that was broken off at the step it had reached.

Values come from a tree-structured Parzen estimator (Bergstra et al. 2011), seeded by the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest
from tuneful.core.errors import DataError, RecipeError, Stopped, TunefulError
from tuneful.core.events import Event, both, ignore
from tuneful.recipe.change import with_changes
from tuneful.recipe.data import WHO
from tuneful.workflow.gate import TRIAL
from tuneful.workflow.stages import evaluate, prepare
from tuneful.workflow.training import train_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.space import Space

FIRST_WHOLE = 3
"""Trials that are never broken off: a median of fewer says little."""
AGAIN = "tried again"
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


class Pruned(Stopped):
    """A trial was no better than half of the earlier ones."""


@dataclass(frozen=True)
class Tried:
    """What a trial came to.

    Attributes:
        number: From 0.
        values: Recipe keys and their values.
        state: "complete", "pruned" or "failed".
        loss: Lowest validation loss; the last one where it was pruned.
        model: Its folder, where it was trained to the end.
        note: Why it failed.
        gain: First metric's difference to the base on the test rows, where it was evaluated.
        forgot: Difference of the perplexity on general text.
    """

    number: int
    values: dict[str, Any]
    state: str
    loss: float | None = None
    model: str = ""
    note: str = ""
    gain: float | None = None
    forgot: float | None = None


@dataclass(frozen=True)
class Sweep:
    """A recipe, what is varied, and for how long.

    Attributes:
        trials: In all, those of earlier calls counted.
        evaluates: Measure every finished trial on the test rows.
    """

    recipe: Recipe
    space: Space
    store: Store
    trials: int
    evaluates: bool = False
    listener: Listener = field(default=ignore)

    @property
    def path(self) -> Path:
        """The SQLite file of trials: the same for the same recipe and space."""
        recipe = self.recipe.model_dump(mode="json", exclude={"data": set(WHO)})
        asked = [recipe, repr(sorted(self.space.items()))]
        return self.store.home / "sweeps" / f"{self.recipe.name or 'model'}-{digest(asked)[:8]}.db"

    def run(self) -> list[Tried]:
        """Try until there are `trials`; all of them, in the order tried.

        Raises:
            RecipeError: A key that is varied does not exist or takes no such value; Optuna is not
                installed.
            DataError: There are no validation rows to compare by.
            Stopped: A signal came; the same call continues.
        """
        self._check()
        study = _open(self.path, self.recipe.seed)
        _ask_again(study)
        for number in range(len(_finished(study)), self.trials):
            study.sampler = _sampler(self.recipe.seed + number)
            self._try(study)
        return [_tried(trial) for trial in _finished(study)]

    def _check(self) -> None:
        for key, values in self.space.items():
            for end in values.ends:
                with_changes(self.recipe, {key: end})
        data = prepare(self.recipe, store=self.store, listener=self.listener)
        if not data.num_rows("validation"):
            raise DataError(
                "There are no validation rows to compare trials by.",
                where="data.split.validation",
                fix="Set data.split.validation (0.1 is usual).",
            )

    def _try(self, study: Study) -> None:
        """Train with one choice of values, and tell the study."""
        from optuna.trial import TrialState

        chosen = {key: values.distribution() for key, values in self.space.items()}
        trial = study.ask(chosen)
        self.listener(Event("message", {"text": f"trial {trial.number}: {_shown(trial.params)}"}))
        try:
            loss, facts = self._train(trial)
        except Pruned:
            study.tell(trial, state=TrialState.PRUNED)
        except Stopped:
            raise
        except TunefulError as error:
            trial.set_user_attr("note", error.message)
            study.tell(trial, state=TrialState.FAIL)
        else:
            for name, value in facts.items():
                trial.set_user_attr(name, value)
            study.tell(trial, loss)

    def _train(self, trial: Trial) -> tuple[float, dict[str, Any]]:
        recipe = with_changes(self.recipe, trial.params)
        heard = both(self.listener, _pruning(trial))
        trained = train_recipe(recipe, self.store, heard, gate=TRIAL)
        facts: dict[str, Any] = {"model": str(trained.model.path)}
        if self.evaluates:
            report = evaluate(
                trained.model, recipe, trained.data, store=self.store, listener=self.listener
            )
            first = next(iter(report.facts["metrics"].values()))["difference"]
            general = report.facts.get("forgetting")
            facts["gain"] = first["value"] if first else None
            facts["forgot"] = general["difference"]["value"] if general else None
        return float(trained.model.manifest["progress"]["best_loss"]), facts


def _pruning(trial: Trial) -> Listener:
    def listener(event: Event) -> None:
        if event.kind != "validation":
            return
        trial.report(event.data["validation_loss"], event.data["step"])
        if trial.should_prune():
            raise Pruned("The trial was no better than half of the earlier ones.")

    return listener


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise RecipeError(
            "A sweep needs the package optuna.",
            where="tuneful sweep",
            fix="pip install 'tuneful[sweep]'",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what it says is said by events
    return optuna


def _open(path: Path, seed: int) -> Study:
    optuna = _optuna()
    path.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name=path.stem,
        storage=f"sqlite:///{path}",
        load_if_exists=True,
        sampler=_sampler(seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_WHOLE),
    )


def _sampler(seed: int) -> Any:
    """A sampler of its own for each trial, so that a sweep in two calls chooses as one in one."""
    return _optuna().samplers.TPESampler(seed=seed, n_startup_trials=5)


def _ask_again(study: Study) -> None:
    """Put trials that were broken off by a signal in front: their runs go on."""
    from optuna.trial import TrialState

    broken = study.get_trials(states=(TrialState.RUNNING,))
    again = [*study.user_attrs.get(AGAIN, []), *(trial.number for trial in broken)]
    study.set_user_attr(AGAIN, again)
    for trial in broken:
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _finished(study: Study) -> list[FrozenTrial]:
    """Trials that came to something; not those whose choice was tried again."""
    again = study.user_attrs.get(AGAIN, [])
    return [t for t in study.trials if t.state.is_finished() and t.number not in again]


def _tried(trial: FrozenTrial) -> Tried:
    seen = trial.intermediate_values
    loss = trial.value if trial.value is not None else seen[max(seen)] if seen else None
    state = STATES[trial.state.name]
    return Tried(trial.number, dict(trial.params), state, loss, **trial.user_attrs)


def _shown(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in values.items()
    )
