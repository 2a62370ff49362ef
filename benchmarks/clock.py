"""Times the steps of a Hugging Face Trainer, and counts the real tokens they saw."""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from benchmarks.harness import Work
from benchmarks.ours import WARM_UP

if TYPE_CHECKING:
    from collections.abc import Callable


def quiet(round_: int) -> dict[str, Any]:
    """Arguments of a Trainer that goes over its rows once, on the CPU, and writes nothing."""
    return {
        "output_dir": tempfile.mkdtemp(prefix="tuneful-bench-"),
        "num_train_epochs": 1,
        "seed": round_,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
    }


class Clock(TrainerCallback):
    """From the end of the warm-up to the end of the last step."""

    def __init__(self) -> None:
        self.tokens = self.rows = self.steps = 0
        self.began = self.ended = 0.0

    def watch(self, trainer: Any) -> None:
        """Count what each training step is given."""
        step: Callable[..., Any] = trainer.training_step

        def counted(model: Any, inputs: dict[str, Any], *rest: Any, **more: Any) -> Any:
            if self.steps >= WARM_UP:
                mask = inputs.get("attention_mask")
                ids = inputs["input_ids"]
                self.tokens += int(mask.sum()) if mask is not None else ids.numel()
                self.rows += len(ids)
            return step(model, inputs, *rest, **more)

        trainer.training_step = counted
        trainer.add_callback(self)

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self.steps += 1
        self.ended = time.perf_counter()
        if self.steps == WARM_UP:
            self.began = self.ended

    def work(self) -> Work:
        """What was timed."""
        return Work(self.ended - self.began, self.rows, self.tokens)
