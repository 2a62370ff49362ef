"""Preference methods are TRL's: the same losses over 20 steps, and the same weights after them.

A tiny Llama in float32, all rows in every step, AdamW, the same tokens on both sides: the template
ends with the end token, since TRL learns what a template writes after it as well.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import world
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.data.rows import Judged, Preference
from tuneful.recipe.schema import Recipe
from tuneful.training.beforehand import score_now
from tuneful.training.optimizer import Optimizer
from tuneful.training.setup import Setup, set_up_run
from tuneful.workflow import prepare

# Deprecation warnings of TRL and of what it imports are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

STEPS, RATE = 20, 1e-3
ANSWERS = ("warm and clever", "dull and pointless", "loud", "a moving film!", "so so", "brilliant")
SAME_LENGTH = ("warm and clever", "cold and clumsy", "dull as a plot!", "a moving film..")
COMMON = {
    "max_steps": STEPS,
    "per_device_train_batch_size": 8,
    "learning_rate": RATE,
    "lr_scheduler_type": "constant",
    "weight_decay": 0.0,
    "optim": "adamw_torch",
    "gradient_checkpointing": False,
    "bf16": False,
    "use_cpu": True,
    "report_to": "none",
    "save_strategy": "no",
    "logging_strategy": "steps",
    "logging_steps": 1,
    "disable_tqdm": True,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small chat model, with a template that ends with the end token."""
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    monkeypatch.setattr(world, "TEMPLATE", world.TEMPLATE.replace("<|im_end|>\n", "<|im_end|>"))
    return world.chat_model(tmp_path / "model")


def turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def texts(answers: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Eight prompts, each with two different answers."""
    draw = random.Random(1)
    found: list[tuple[str, str, str]] = []
    for number in range(8):
        chosen, rejected = draw.sample(answers, 2)
        found.append((world.review(draw, is_good=number % 2 == 0)[:30], chosen, rejected))
    return found


def said(role: str, text: str) -> tuple[Message]:
    return (Message(role, text),)  # pyright: ignore[reportArgumentType]


def ours(folder: Path, store: Store, method: dict[str, Any], rows: Any) -> tuple[list[float], Any]:
    """Losses before each step, and the weights after the last."""
    setup = set_up_ours(folder, store, method)
    encoded = score_now(setup.method.encode(rows, setup.tokenizer, 256), setup.base())
    learner, optimizer = setup.learner(), Optimizer(setup.model, setup.settings)
    losses: list[float] = []
    for _ in range(STEPS):
        losses.append(learner.learn(encoded).loss)
        optimizer.step(RATE)
    return losses, dict(setup.model.named_parameters())


def set_up_ours(folder: Path, store: Store, method: dict[str, Any]) -> Setup:
    source = folder.parent / "chats.jsonl"
    kind = {"kto": "judged"}.get(method["name"], "preference")
    from tests import rows as row_files

    recipe = Recipe.make(
        {
            "model": str(folder),
            "data": {"source": str(row_files.source(kind, source))},
            "method": method,
            "train": {"precision": "fp32", "weight_decay": 0.0, "threads": 2},
        }
    )
    data = prepare(recipe, store=store)
    settings = world.settings_of(recipe, data, store)
    return set_up_run(recipe, data, settings, store, lambda event: None)


def theirs(
    trainer: Any, config: Any, folder: Path, rows: list[dict[str, Any]], head: str = "CausalLM"
) -> tuple[list[float], Any]:
    import transformers
    from datasets import Dataset

    model = getattr(transformers, f"AutoModelFor{head}").from_pretrained(
        folder, dtype=torch.float32, **({"num_labels": 1} if head != "CausalLM" else {})
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    run = trainer(
        model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    run.train()
    losses = [line["loss"] for line in run.state.log_history if "loss" in line]
    return losses, dict(run.model.named_parameters())


def assert_same(found: tuple[list[float], Any], expected: tuple[list[float], Any]) -> None:
    assert len(expected[0]) == STEPS
    assert expected[0][0] != pytest.approx(expected[0][-1], abs=1e-2)  # something was learned
    assert found[0] == pytest.approx(expected[0], abs=1e-4)
    for name, weight in expected[1].items():
        torch.testing.assert_close(found[1][name].data, weight.data, rtol=0, atol=1e-4, msg=name)


def preferences(answers: tuple[str, ...]) -> tuple[list[Preference], list[dict[str, Any]]]:
    known = texts(answers)
    rows = [
        Preference(said("user", asked), said("assistant", good), said("assistant", bad))
        for asked, good, bad in known
    ]
    plain = [
        {
            "prompt": [turn("user", asked)],
            "chosen": [turn("assistant", good)],
            "rejected": [turn("assistant", bad)],
        }
        for asked, good, bad in known
    ]
    return rows, plain


@pytest.mark.parametrize(
    ("settings", "their_settings"),
    [
        ({}, {}),
        ({"loss": "hinge", "beta": 0.5}, {"loss_type": ["hinge"], "beta": 0.5}),
        ({"loss": "ipo", "beta": 0.5}, {"loss_type": ["ipo"], "beta": 0.5}),
        (
            {"loss": "robust", "label_smoothing": 0.2},
            {"loss_type": ["robust"], "label_smoothing": 0.2},
        ),
    ],
    ids=["sigmoid", "hinge", "ipo", "robust"],
)
def test_dpo(folder: Path, store: Store, settings: Any, their_settings: Any):
    from trl import DPOConfig, DPOTrainer

    rows, plain = preferences(ANSWERS)
    config = DPOConfig(output_dir=str(folder.parent / "trl"), **COMMON, **their_settings)
    expected = theirs(DPOTrainer, config, folder, plain)
    assert_same(ours(folder, store, {"name": "dpo", **settings}, rows), expected)


def test_dpo_that_imitates_as_well(folder: Path, store: Store):
    from trl import DPOConfig, DPOTrainer

    # Answers of one length: TRL takes the mean over a batch's tokens, here it is each pair's mean.
    rows, plain = preferences(SAME_LENGTH)
    config = DPOConfig(
        output_dir=str(folder.parent / "trl"),
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, 0.5],
        **COMMON,
    )
    expected = theirs(DPOTrainer, config, folder, plain)
    assert_same(ours(folder, store, {"name": "dpo", "sft_weight": 0.5}, rows), expected)


def test_kto(folder: Path, store: Store):
    from trl import KTOConfig, KTOTrainer

    known = [(asked, good if n % 3 else bad, n % 3 > 0) for n, (asked, good, bad) in
             enumerate(texts(ANSWERS))]  # fmt: skip
    rows = [Judged(said("user", q), said("assistant", a), is_good) for q, a, is_good in known]
    plain = [
        {"prompt": [turn("user", q)], "completion": [turn("assistant", a)], "label": is_good}
        for q, a, is_good in known
    ]
    settings = {"beta": 0.5, "desirable_weight": 1.5}
    config = KTOConfig(output_dir=str(folder.parent / "trl"), **COMMON, **settings)
    expected = theirs(KTOTrainer, config, folder, plain)
    assert_same(ours(folder, store, {"name": "kto", **settings}, rows), expected)


@pytest.mark.parametrize(
    ("settings", "their_settings"),
    [
        (
            {"name": "simpo", "beta": 2.0, "gamma": 0.5},
            {"loss_type": "simpo", "beta": 2.0, "simpo_gamma": 0.5, "cpo_alpha": 0.0},
        ),
        (
            {"name": "cpo", "alpha": 0.7, "label_smoothing": 0.1},
            {"loss_type": "sigmoid", "cpo_alpha": 0.7, "label_smoothing": 0.1},
        ),
    ],
    ids=["simpo", "cpo"],
)
def test_cpo_and_simpo(folder: Path, store: Store, settings: Any, their_settings: Any):
    from trl.experimental.cpo import CPOConfig, CPOTrainer

    rows, plain = preferences(SAME_LENGTH)
    config = CPOConfig(output_dir=str(folder.parent / "trl"), **COMMON, **their_settings)
    expected = theirs(CPOTrainer, config, folder, plain)
    assert_same(ours(folder, store, settings, rows), expected)


def test_orpo(folder: Path, store: Store):
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    class AnswersOnly(ORPOTrainer):
        """Imitates each answer, as the paper's equations have it, not the prompt as well."""

        def concatenated_forward(self, model: Any, batch: Any) -> Any:
            chosen, rejected, *logits, _ = super().concatenated_forward(model, batch)
            return chosen, rejected, *logits, -chosen.mean()

    rows, plain = preferences(ANSWERS)
    config = ORPOConfig(output_dir=str(folder.parent / "trl"), beta=0.3, **COMMON)
    expected = theirs(AnswersOnly, config, folder, plain)
    assert_same(ours(folder, store, {"name": "orpo", "beta": 0.3}, rows), expected)


def test_reward(folder: Path, store: Store):
    from trl import RewardConfig, RewardTrainer

    rows, plain = preferences(ANSWERS)
    setup = set_up_ours(folder, store, {"name": "reward", "center": 0.1})
    setup.model.save_pretrained(folder.parent / "headed")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder.parent / "headed" / name).write_bytes((folder / name).read_bytes())
    config = RewardConfig(
        output_dir=str(folder.parent / "trl"), center_rewards_coefficient=0.1, **COMMON
    )
    headed = folder.parent / "headed"
    expected = theirs(RewardTrainer, config, headed, plain, head="SequenceClassification")
    assert_same(ours(headed, store, {"name": "reward", "center": 0.1}, rows), expected)
