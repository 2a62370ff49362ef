"""Whether speed costs accuracy: the same rows and settings, three seeds, each side's test accuracy.

The sides are those of benchmarks.classify. The tutorial's side pads to the longest text of a batch
instead of 512 tokens here: padding is masked, so it changes the time and nothing else.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.classify import MODEL, RECIPE
from benchmarks.harness import RESULTS
from tuneful.core.artifact import write_json
from tuneful.core.machine import look
from tuneful.core.store import Store
from tuneful.data.rows import Labelled
from tuneful.models.classifier import Classifier
from tuneful.models.predict import load_predictor
from tuneful.models.references import locate
from tuneful.recipe.schema import Recipe
from tuneful.workflow import Gate, prepare, train

SEEDS = (0, 1, 2)
SETTINGS: dict[str, Any] = {
    **RECIPE["train"],
    "learning_rate": 1e-4,
    "epochs": 1,
    "max_length": 256,
    "warmup_share": 0.1,
    "keep": "last",
}


def main() -> None:
    """Train and test every side for every seed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy")
    parser.add_argument("--rows", type=int, default=720)
    parser.add_argument("--test", type=int, default=500)
    args = parser.parse_args()
    found: dict[str, list[float]] = {"ours": [], "best_stock": [], "tutorial": []}
    for seed in SEEDS:
        values = {
            **RECIPE,
            "name": "accuracy",
            "seed": seed,
            "data": {
                **RECIPE["data"],
                "take": {"train": args.rows, "test": args.test},
                "split": {"validation": 0, "test": 0},
            },
            "train": SETTINGS,
        }
        store = Store(Path(tempfile.mkdtemp(prefix="tuneful-bench-")))
        recipe = Recipe.make(values)
        data = prepare(recipe, store=store)
        rows = {
            split: [r for r in data.rows(split) if isinstance(r, Labelled)] for split in data.splits
        }
        number = {label: at for at, label in enumerate(data.labels)}
        found["ours"].append(_ours(recipe, data, rows["test"], store))
        for side in ("best_stock", "tutorial"):
            found[side].append(_stock(rows, number, seed, is_best=side == "best_stock"))
        print(json.dumps({name: scores[-1] for name, scores in found.items()}), flush=True)
    sides = {
        name: {"mean": statistics.mean(scores), "sd": statistics.stdev(scores), "scores": scores}
        for name, scores in found.items()
    }
    for name, known in sides.items():
        print(f"{name:<11} {known['mean']:.3f} +- {known['sd']:.3f}")
    result = {"machine": look().to_json(), "rows": args.rows, "test": args.test, "sides": sides}
    write_json(RESULTS / "accuracy.json", result)


def _ours(recipe: Recipe, data: Any, test: list[Labelled], store: Store) -> float:
    model = train(recipe, data, store=store, gate=Gate(fail_on=None))
    predictor = load_predictor(model.path, store)
    assert isinstance(predictor, Classifier)
    said = predictor.classify([row.text for row in test])
    return sum(s["label"] == row.label for s, row in zip(said, test, strict=True)) / len(test)


def _stock(
    rows: dict[str, list[Labelled]], number: dict[str, int], seed: int, *, is_best: bool
) -> float:
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    folder = locate(MODEL, Store.default()).folder
    longest = SETTINGS["max_length"]
    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=longest)
    tables = {
        split: Dataset.from_list(
            [{"text": row.text, "label": number[row.label]} for row in some]
        ).map(lambda row: tokenizer(row["text"], truncation=True), batched=True)
        for split, some in rows.items()
    }
    options: dict[str, Any] = {"attention_probs_dropout_prob": 0.0} if is_best else {}
    best = {"bf16": True, "train_sampling_strategy": "group_by_length"}
    trainer = Trainer(
        model=AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=2, dtype="float32", **options
        ),
        args=TrainingArguments(
            output_dir=tempfile.mkdtemp(prefix="tuneful-bench-"),
            num_train_epochs=SETTINGS["epochs"],
            per_device_train_batch_size=SETTINGS["batch_size"],
            per_device_eval_batch_size=32,
            learning_rate=SETTINGS["learning_rate"],
            warmup_steps=round(
                len(rows["train"]) / SETTINGS["batch_size"] * SETTINGS["warmup_share"]
            ),
            weight_decay=0.01,
            seed=seed,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            **(best if is_best else {"bf16": False}),
        ),
        train_dataset=tables["train"],
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.train()
    scores = trainer.predict(tables["test"])
    return float((scores.predictions.argmax(-1) == scores.label_ids).mean())


if __name__ == "__main__":
    main()
