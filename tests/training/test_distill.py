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
from tuneful.core.errors import ModelError, RecipeError, RunError
from tuneful.core.events import Event, ignore
from tuneful.core.store import Store
from tuneful.methods.base import Encoded
from tuneful.models.divergence import TEACHER_LOGP
from tuneful.models.encoded import asked
from tuneful.recipe.schema import Recipe
from tuneful.training.on_policy import OnPolicy, make_on_policy
from tuneful.training.sequences import encode_split
from tuneful.training.setup import set_up_run
from tuneful.workflow import plan, prepare, train_recipe
from tuneful.workflow.gate import TRIAL

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
    settings = world.settings_of(recipe, data, store)
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
    run = train_recipe(recipe, store, gate=TRIAL)
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
    settings = world.settings_of(recipe_of(tmp_path), data, store)
    setup = set_up_run(recipe, data, settings, store, ignore)
    with pytest.raises(ModelError, match="not the student's"):
        setup.learner()


def on_policy(setup: Any, folder: Path | None = None, **how: Any) -> OnPolicy:
    found = make_on_policy(folder, setup, setup.learner())
    assert found is not None
    return replace(found, how=replace(found.how, **how))


def test_the_students_own_answers_stand_in_for_the_rows(tmp_path: Path, store: Store):
    recipe = recipe_of(tmp_path, on_policy=0.5, max_new_tokens=7, sampling_temperature=0.7)
    setup, encoded = set_up(recipe, store)
    numbers = list(range(16))
    rows = encoded.take(numbers)
    own = on_policy(setup, tmp_path / "said")
    taken, shown = own.of_step(3, numbers, rows)
    changed = [n for n in numbers if taken[n] != rows[n]]
    assert 2 < len(changed) < 14
    assert shown["own_answers"] == len(changed) / 16
    for number in changed:
        (new,), (old,) = taken[number], rows[number]
        length = next(at for at, weight in enumerate(old.weights) if weight)
        assert list(new.tokens[:length]) == list(old.tokens[:length])
        assert list(new.weights[:length]) == [0.0] * length
        answer = new.tokens[length:]
        assert list(new.weights[length:]) == [1.0] * len(answer)
        assert len(answer) == 7 or answer[-1] == setup.tokenizer.eos_id
    lines = (tmp_path / "said" / "000004.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == changed
    assert own.of_step(3, numbers, rows)[0] == taken
    assert own.of_step(4, numbers, rows)[0] != taken
    everyone, shown = on_policy(setup, share=1.0).of_step(3, numbers, rows)
    assert shown["own_answers"] == 1
    for number in changed:  # what a row is answered hangs on the draw alone
        assert everyone[number][0].tokens[:-8] == taken[number][0].tokens[:-8]
    tight = replace(own, max_length=len(rows[0][0].tokens))
    assert tight.prompt_of(rows[0]) is None


@pytest.mark.parametrize(
    ("weights", "length"), [([0, 0, 1, 1], 2), ([0, 1, 0, 0, 2, 2, 0], 4), ([0, 0], 0)]
)
def test_what_is_asked_ends_before_the_last_learned_turn(weights: list[float], length: int):
    found = asked(Encoded(list(range(len(weights))), weights, weight=0.5))
    if not length:
        assert found is None
        return
    assert found is not None
    assert (list(found.tokens), found.weight) == (list(range(length)), 0.5)


def test_the_base_is_beside_answers_that_nobody_could_score_beforehand(
    tmp_path: Path, store: Store
):
    recipe = recipe_of(tmp_path, on_policy=1.0, max_new_tokens=5)
    tree = recipe.model_dump(mode="json")
    held = Recipe.make({**tree, "remember": {**tree["remember"], "kl": 0.5}})
    setup, encoded = set_up(held, store)
    rows, _ = on_policy(setup).of_step(0, range(4), setup.ready(encoded.take(range(4))))
    assert setup.learner().learn(rows).metrics["kl_penalty"] == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        setup.model.lm_head.weight.mul_(3)
    assert setup.learner().measure(rows).metrics["kl_penalty"] > 1e-5


def test_settings_that_contradict_on_policy_are_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="top_k"):
        recipe_of(tmp_path, on_policy=0.5, top_k=4)
    with pytest.raises(RecipeError, match="alpha"):
        recipe_of(tmp_path, on_policy=0.5, alpha=0.5)


def test_a_plan_leaves_room_for_the_longest_answer(tmp_path: Path, store: Store):
    data = prepare(recipe_of(tmp_path), store=store)
    lengths = [
        plan(recipe_of(tmp_path, on_policy=0.5, max_new_tokens=n), data, store=store)
        for n in (2, 99)
    ]
    short, long = (found.settings.max_length for found in lengths)
    assert long >= short + 90
    tight = Recipe.make(
        {
            **(tree := recipe_of(tmp_path, on_policy=0.5).model_dump(mode="json")),
            "train": {**tree["train"], "max_length": 64},
        }
    )
    with pytest.raises(RunError, match="No row leaves room for an answer of 64 tokens"):
        plan(tight, data, store=store)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9])
def test_a_step_on_own_answers_is_trls(beta: float, tmp_path: Path, store: Store):
    from trl.experimental.gkd import GKDTrainer

    recipe = recipe_of(
        tmp_path, divergence="jensen_shannon", beta=beta, on_policy=1.0, max_new_tokens=9
    )
    teacher = AutoModelForCausalLM.from_pretrained(tmp_path / "teacher")
    with torch.no_grad():  # so that the two differ by more than rounding
        for value in teacher.parameters():
            value.mul_(5)
    teacher.save_pretrained(tmp_path / "teacher")
    setup, encoded = set_up(recipe, store)
    rows, _ = on_policy(setup).of_step(0, range(4), encoded.take(range(4)))
    loss, found = gradients(setup, rows)
    student = AutoModelForCausalLM.from_pretrained(recipe.model)
    longest = max(len(row[0].tokens) for row in rows)
    tokens, mask = (torch.zeros(4, longest, dtype=torch.long) for _ in range(2))
    labels = torch.full((4, longest), -100)
    for number, (sequence,) in enumerate(rows):
        size = len(sequence.tokens)
        tokens[number, :size], mask[number, :size] = torch.tensor(sequence.tokens), 1
        learned = torch.tensor(sequence.weights) > 0
        labels[number, :size][learned] = tokens[number, :size][learned]
    given = {"input_ids": tokens, "attention_mask": mask}
    with torch.no_grad():
        theirs = teacher(**given).logits
    expected = GKDTrainer.generalized_jsd_loss(
        student(**given).logits[:, :-1], theirs[:, :-1], labels=labels[:, 1:], beta=beta
    )
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for name, value in student.named_parameters():
        torch.testing.assert_close(found[name], value.grad, atol=1e-6, rtol=1e-3, msg=name)
