"""The training loop, read top to bottom."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import torch

from tuneful.core.drafts import drafted, put
from tuneful.core.errors import Stopped
from tuneful.core.events import Event
from tuneful.training import checkpoint, steps
from tuneful.training.checkpoint import Progress
from tuneful.training.memory import peak_memory_gib
from tuneful.training.schedule import learning_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from types import FrameType

    from torch import Tensor

    from tuneful.core.events import Listener
    from tuneful.core.run import Run
    from tuneful.methods.base import Encoded
    from tuneful.planning.settings import Settings
    from tuneful.training.batches import Order, PoissonOrder
    from tuneful.training.general import Replay
    from tuneful.training.on_policy import OnPolicy
    from tuneful.training.optimizer import Optimizer
    from tuneful.training.privacy import Mechanism
    from tuneful.training.rollouts import Rollouts
    from tuneful.training.steps import Learner, Measured

VALIDATION_ROWS_AT_ONCE = 64


class Rows(Protocol):
    """Encoded rows of a split: `training.sequences`, perhaps with the reference beside them."""

    def __len__(self) -> int: ...

    def take(self, rows: Iterable[int]) -> list[list[Encoded]]:
        """The sequences of some rows."""
        ...


@dataclass(frozen=True)
class Job:
    """Everything a run trains with."""

    run: Run
    settings: Settings
    learner: Learner
    optimizer: Optimizer
    order: Order | PoissonOrder
    train_rows: Rows
    validation_rows: Rows | None
    listener: Listener
    mechanism: Mechanism | None = None
    rollouts: Rollouts | None = None
    own_answers: OnPolicy | None = None
    resting: Callable[[int], frozenset[str]] | None = None
    replay: Replay | None = None


def run_loop(job: Job) -> tuple[Progress, dict[str, Tensor]]:
    """Train to the end, from the newest checkpoint if there is one.

    Returns where the run ended, and the weights the recipe keeps (best or last), by name.

    Raises:
        RunError: Training diverged, a step learned nothing, or a checkpoint could not be written.
        Stopped: SIGTERM or an interrupt came; a checkpoint was written first.
    """
    settings, progress = job.settings, _resume(job)
    with _stop_asked() as is_stopping:
        while progress.step < settings.steps:
            progress = _step(job, progress)
            is_last = progress.step == settings.steps
            if job.validation_rows and (is_last or progress.step % settings.validate_every == 0):
                progress = _validate(job, progress)
                if settings.patience and progress.waited >= settings.patience:
                    job.listener(Event("message", {"text": _early_stop_words(progress)}))
                    break
            if is_stopping():
                checkpoint.save(job.run.checkpoints, progress, job.optimizer.state())
                raise Stopped(
                    f"Stopped at step {progress.step} of {settings.steps}; a checkpoint was kept.",
                    where=str(job.run.path),
                    fix="The same command continues it.",
                )
            if progress.step % settings.checkpoint_every == 0 and not is_last:
                checkpoint.save(job.run.checkpoints, progress, job.optimizer.state())
    if settings.keep == "best" and progress.best_step is not None:
        return progress, checkpoint.load_best(job.run.checkpoints, progress.best_step)
    return progress, job.optimizer.weights()


def _step(job: Job, progress: Progress) -> Progress:
    """One optimizer step."""
    began = time.perf_counter()
    # Randomness is a function of (seed, step), so a resumed run needs none of it restored.
    torch.manual_seed(job.settings.seed * 1_000_003 + progress.step)
    if job.resting is not None:
        job.optimizer.rest(job.resting(progress.step))
    rows = job.order.rows(progress.step)
    rate = learning_rate(job.settings, progress.step)
    taken, told = _taken(job, rows, progress.step)
    measured = _learn(job, taken, progress.step)
    where = f"{job.run.path}, step {progress.step + 1}, training rows {rows[:8]}"
    norm = steps.update(job.optimizer, rate, measured.loss, where)
    seconds = time.perf_counter() - began
    after = replace(
        progress,
        step=progress.step + 1,
        tokens=progress.tokens + measured.tokens,
        seconds=progress.seconds + seconds,
    )
    more = {**told, "learning_rate": rate, "grad_norm": norm, "seconds": seconds}
    if job.optimizer.ewc_penalty is not None:
        more["ewc_penalty"] = job.optimizer.ewc_penalty
    _record(job, after, measured, more)
    return after


def _taken(
    job: Job, rows: list[int], step: int
) -> tuple[Sequence[Sequence[Encoded]], Mapping[str, float]]:
    """What a step learns from: its rows, or the model's own answers to them; and their numbers."""
    if job.rollouts is not None:
        found = job.rollouts.of_step(step, rows)
        return found.rows, found.metrics
    taken = job.train_rows.take(rows)
    return job.own_answers.of_step(step, rows, taken) if job.own_answers else (taken, {})


def _learn(job: Job, taken: Sequence[Sequence[Encoded]], step: int) -> Measured:
    if job.mechanism is not None:
        return job.mechanism.learn(job.learner, job.optimizer, taken, step)
    if job.replay is not None:
        return job.replay.learn(job.learner, taken, step)
    return job.learner.learn(taken)


def _record(job: Job, progress: Progress, measured: Measured, more: dict[str, float]) -> None:
    line = {
        "step": progress.step,
        "tokens": progress.tokens,
        "loss": measured.loss,
        **measured.metrics,
        **more,
        "tokens_per_s": measured.tokens / more["seconds"],
        "memory_gib": peak_memory_gib(),
    }
    _append(job, line)
    left = (job.settings.steps - progress.step) * progress.seconds / progress.step
    job.listener(Event("step", {**line, "total": job.settings.steps, "seconds_left": left}))


def _validate(job: Job, progress: Progress) -> Progress:
    """Measure the validation rows; keep the weights where the loss is the lowest so far."""
    began = time.perf_counter()
    with job.optimizer.as_kept():
        whole = _measured(job)
    facts: dict[str, Any] = {"step": progress.step, "validation_loss": whole.loss}
    facts |= {f"validation_{name}": value for name, value in whole.metrics.items()}
    facts["validation_seconds"] = time.perf_counter() - began
    _append(job, facts)
    job.listener(Event("validation", facts))
    if progress.best_loss is not None and not whole.loss < progress.best_loss:
        return replace(progress, waited=progress.waited + 1)
    metrics = {**whole.metrics}
    best = replace(
        progress, best_loss=whole.loss, best_step=progress.step, waited=0, best_metrics=metrics
    )
    if job.settings.keep == "best":
        checkpoint.save_best(job.run.checkpoints, best, job.optimizer.weights())
    return best


def _measured(job: Job) -> Measured:
    """The loss of the validation rows; where answers are graded, minus their mean reward."""
    if job.rollouts is not None:
        return job.rollouts.measure()
    rows = job.validation_rows
    assert rows is not None
    parts: list[Measured] = []
    for start in range(0, len(rows), VALIDATION_ROWS_AT_ONCE):
        some = rows.take(range(start, min(start + VALIDATION_ROWS_AT_ONCE, len(rows))))
        parts.append(job.learner.measure(some))
    return steps.mean(parts)


def _resume(job: Job) -> Progress:
    """Load the newest checkpoint, and forget what was recorded after it."""
    found = checkpoint.load_newest(job.run.checkpoints)
    progress = Progress()
    if found is not None:
        progress, tensors = found
        job.optimizer.load_state(tensors)
        job.listener(Event("message", {"text": f"continuing after step {progress.step}"}))
    if job.run.metrics.exists():
        lines = job.run.metrics.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _is_whole(line) and _step_of(line) <= progress.step]
        with drafted(job.run.metrics) as draft:
            draft.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
            put(draft, job.run.metrics)
    return progress


def _is_whole(line: str) -> bool:
    return line.startswith("{") and line.endswith("}")


def _step_of(line: str) -> int:
    return int(json.loads(line)["step"])


def _append(job: Job, line: dict[str, Any]) -> None:
    with job.run.metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _early_stop_words(progress: Progress) -> str:
    return (
        f"stopped early at step {progress.step}: {progress.waited} validations without a loss "
        f"below {progress.best_loss:.4f} (step {progress.best_step})"
    )


def _setting(asked: threading.Event) -> Callable[[int, FrameType | None], None]:
    """A signal handler that does nothing but set the event."""

    def handler(number: int, frame: FrameType | None) -> None:
        del number, frame
        asked.set()

    return handler


@contextmanager
def _stop_asked() -> Generator[Callable[[], bool]]:
    """Turn SIGTERM and SIGINT into a question the loop asks after each step."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {
        number: signal.signal(number, _setting(asked)) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
