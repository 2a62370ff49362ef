"""Distillation in the engine: beside a teacher in memory, or with what it said beforehand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import kl_div
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests import world
from tuneful.core.artifact import Artifact
from tuneful.core.errors import ModelError
from tuneful.core.events import Event, ignore
from tuneful.core.store import Store
from tuneful.models.divergence import TEACHER_LOGP
from tuneful.recipe.schema import Recipe
from tuneful.training.sequences import encode_split
from tuneful.training.setup import set_up_run
from tuneful.workflow import Gate, plan, prepare, train_recipe

VOCABULARY = 259


def recipe_of(folder: Path, teacher: str = "", **method: Any) -> Recipe:
    base = world.chat_recipe(folder).model_dump(mode="json")
    taught = teacher or str(world.chat_model(folder / "teacher", seed=2))
    return Recipe.make(
        {
            **base,
            "method": {"name": "distill", "teacher": taught, **method},
            "adapter": "full",
            "train": {**base["train"], "learning_rate": 1e-3, "max_steps": 20, "keep": "last"},
        }
    )


def set_up(recipe: Recipe, store: Store) -> tuple[Any, Any]:
    data = prepare(recipe, store=store)
    settings = plan(recipe, data, store=store).settings
    setup = set_up_run(recipe, data, settings, store, ignore)
    return setup, encode_split(data, "train", setup.encoding, store, ignore)


def gradients(setup: Any, rows: Any) -> tuple[float, dict[str, torch.Tensor]]:
    setup.model.zero_grad()
    measured = setup.learner().learn(rows)
    return measured.loss, {n: p.grad.clone() for n, p in setup.model.named_parameters()}


def test_a_step_is_a_padded_plain_implementations(tmp_path: Path, store: Store):
    recipe = recipe_of(tmp_path, temperature=2.0, alpha=0.25)
    setup, encoded = set_up(recipe, store)
    rows = encoded.take(range(4))
    loss, found = gradients(setup, rows)
    student, teacher = (
        AutoModelForCausalLM.from_pretrained(path) for path in (recipe.model, tmp_path / "teacher")
    )
    longest = max(len(row[0].tokens) for row in rows)
    tokens = torch.zeros(4, longest, dtype=torch.long)
    learned = torch.zeros(4, longest)
    for number, (sequence,) in enumerate(rows):
        tokens[number, : len(sequence.tokens)] = torch.tensor(sequence.tokens)
        learned[number, : len(sequence.tokens)] = torch.tensor(sequence.weights)
    mask = (tokens != 0).long()
    ours = student(input_ids=tokens, attention_mask=mask).logits[:, :-1]
    with torch.no_grad():
        theirs = teacher(input_ids=tokens, attention_mask=mask).logits[:, :-1]
    soft = kl_div(
        (ours / 2).log_softmax(-1), (theirs / 2).log_softmax(-1), reduction="none", log_target=True
    ).sum(-1)
    hard = -ours.log_softmax(-1).gather(2, tokens[:, 1:, None])[..., 0]
    weight = learned[:, 1:]
    expected = ((0.75 * 4 * soft + 0.25 * hard) * weight).sum() / weight.sum()
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for name, value in student.named_parameters():
        torch.testing.assert_close(found[name], value.grad, atol=2e-6, rtol=1e-3, msg=name)


@pytest.mark.parametrize("divergence", ["forward", "reverse", "jensen_shannon"])
@pytest.mark.slow
def test_all_tokens_beforehand_are_the_teacher_in_memory(
    divergence: str, tmp_path: Path, store: Store
):
    settings: dict[str, Any] = {"divergence": divergence, "temperature": 1.5, "alpha": 0.1}
    live, encoded = set_up(recipe_of(tmp_path, **settings), store)
    rows = encoded.take(range(6))
    expected = gradients(live, rows)
    kept, same = set_up(recipe_of(tmp_path, top_k=VOCABULARY, **settings), store)
    assert kept.teacher is not None
    assert kept.learner().teacher is None
    taught = kept.teacher.beside(same)
    assert taught.mass == pytest.approx(1, abs=1e-4)
    found = gradients(kept, taught.take(range(6)))
    assert found[0] == pytest.approx(expected[0], rel=1e-4)
    for name, value in expected[1].items():
        torch.testing.assert_close(found[1][name], value, atol=1e-5, rtol=1e-3, msg=name)
    now = kept.ready(same.take(range(6)))
    torch.testing.assert_close(
        gradients(kept, now)[1]["lm_head.weight"], found[1]["lm_head.weight"]
    )


def test_the_likeliest_tokens_are_kept_and_read_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    setup, encoded = set_up(recipe_of(tmp_path, top_k=4), store)
    heard: list[Event] = []
    teacher = replace(setup.teacher, listener=heard.append)
    taught = teacher.beside(encoded)
    (said,) = [e.data["text"] for e in heard if e.kind == "message"]
    assert said == f"the teacher's 4 likeliest tokens hold {taught.mass:.2%} of it"
    assert 4 / VOCABULARY < taught.mass < 1
    manifest = Artifact.open(taught.path.parent).manifest
    assert (manifest["kind"], manifest["mass"]) == ("teacher", taught.mass)
    row = taught.take([0])[0][0]
    sizes = [len(values) for values in row.facts[TEACHER_LOGP]]
    assert sizes == [4 if weight > 0 else 0 for weight in row.weights]
    monkeypatch.setattr(type(teacher), "load", lambda self: pytest.fail("it was read already"))
    assert teacher.beside(encoded).path == taught.path


@pytest.mark.slow
@pytest.mark.parametrize("top_k", [None, 8])
def test_twenty_steps_bring_the_student_nearer(top_k: int | None, tmp_path: Path, store: Store):
    recipe = recipe_of(tmp_path, top_k=top_k)
    run = train_recipe(recipe, store, gate=Gate(fail_on=None))
    lines = (Path(run.model.manifest["run"]) / "metrics.jsonl").read_text().splitlines()
    steps = [line for line in map(json.loads, lines) if "loss" in line]
    assert len(steps) == 20
    assert steps[-1]["divergence"] < 0.8 * steps[0]["divergence"]
    assert steps[0]["loss"] == pytest.approx(steps[0]["divergence"])
    AutoModelForCausalLM.from_pretrained(run.model.path)


def test_a_teacher_with_other_tokens_is_refused(tmp_path: Path, store: Store):
    other = world.chat_model(tmp_path / "other")
    words = AutoTokenizer.from_pretrained(other)
    words.add_tokens(["<other>"])
    words.save_pretrained(other)
    recipe = recipe_of(tmp_path, str(other))
    data = prepare(recipe, store=store)
    settings = plan(recipe_of(tmp_path), data, store=store).settings
    setup = set_up_run(recipe, data, settings, store, ignore)
    with pytest.raises(ModelError, match="not the student's"):
        setup.learner()
