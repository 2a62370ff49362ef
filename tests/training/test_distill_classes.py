"""Distillation of classifiers: by hand, beside plain transformers, and teachers that cannot be."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy, kl_div
from transformers import AutoModelForSequenceClassification

from tests import tiny, world
from tests.invariants.test_equals_transformers import padded, reference_of
from tuneful.core.errors import ModelError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.methods.base import ClassScores, DataFacts, Encoded
from tuneful.methods.distill_classes import DistillClasses, DistillClassesConfig
from tuneful.models.scoring import Scorer
from tuneful.recipe.schema import Recipe
from tuneful.training.setup import set_up_run
from tuneful.training.steps import Learner
from tuneful.workflow import prepare, train_recipe
from tuneful.workflow.gate import TRIAL

LABELS = ("bad", "good")


def method_of(**settings: Any) -> DistillClasses:
    config = DistillClassesConfig.model_validate({"teacher": "someone", **settings})
    return DistillClasses(config, DataFacts(("a", "b", "c"), (1, 1, 1)))


def test_the_three_losses_by_hand():
    three, nine = torch.tensor(3.0).log().item(), torch.tensor(9.0).log().item()
    scores = ClassScores(
        # At temperature 2 the student has 1/2 and 1/2 both times; the teacher 3/4 and 1/4.
        logits_SC=torch.zeros(2, 2, requires_grad=True),
        label_S=torch.tensor([0, 1]),
        weight_S=torch.tensor([1.0, 3.0]),
        target_SC=torch.zeros(2, 0),
        teacher_SC=torch.tensor([[nine, 0.0], [0.0, nine]]),
        apart_S=torch.tensor([0.5, 0.1]),
    )
    loss = method_of(soft=5.0, hard=2.0, cosine=1.0, temperature=2.0).loss(scores)
    kl = 0.75 * (three - torch.tensor(2.0).log().item()) + 0.25 * torch.tensor(0.5).log().item()
    assert loss.sums["soft"].item() == pytest.approx(4 * 4 * kl)
    assert loss.sums["hard"].item() == pytest.approx(4 * 0.693147)
    assert loss.sums["cosine"].item() == pytest.approx(0.8)
    assert loss.total.item() == pytest.approx(5 * 16 * kl + 2 * 4 * 0.693147 + 0.8)
    loss.total.backward()
    # Soft: weight 5 T^2 (1/T) (p - q); hard: weight 2 (p - 1 for the row's class); both halves.
    first = 5 * 2 * (0.5 - 0.75) + 2 * (0.5 - 1)
    expected = torch.tensor([[first, -first], [-3 * first, 3 * first]])
    torch.testing.assert_close(scores.logits_SC.grad, expected)


@pytest.mark.parametrize("family", tiny.ENCODERS)
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "padded"])
def test_a_step_is_plain_transformers(family: str, packed: bool):
    model, other = tiny.encoder(family), tiny.encoder(family)
    torch.manual_seed(5)
    with torch.no_grad():
        for one, shift in ((model, 0.1), (other, 0.3)):
            for value in one.parameters():
                value.add_(shift * torch.randn_like(value))
    plain, taught = (reference_of(m, AutoModelForSequenceClassification) for m in (model, other))
    rows, label = tiny.sequences(), torch.tensor([0, 1, 2, 0])
    tokens, mask = padded(rows)
    given = {"input_ids": tokens, "attention_mask": mask, "output_hidden_states": True}
    ours = plain(**given)
    with torch.no_grad():
        theirs = taught(**given)
    soft = kl_div(
        (ours.logits / 2).log_softmax(-1), (theirs.logits / 2).softmax(-1), reduction="batchmean"
    )
    near = cosine_similarity(ours.hidden_states[-1], theirs.hidden_states[-1], dim=-1)
    apart = 1 - (near * mask).sum(1) / mask.sum(1)
    expected = 5 * 4 * soft + 2 * cross_entropy(ours.logits, label) + apart.mean()
    expected.backward()

    # As after another use of the same models, where only the token that is read was computed.
    for one in (model, other):
        Scorer(one, pad_id=0, packed=True)
    student, teacher = (
        Scorer(m, pad_id=0, packed=packed, every_state=True) for m in (model, other)
    )
    learner = Learner(method_of(), student, 1 << 20, teacher=teacher)
    loss = learner.learn(
        [[Encoded(row, label=int(y))] for row, y in zip(rows, label, strict=True)]
    ).loss
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for (name, value), same in zip(plain.named_parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(same.grad, value.grad, rtol=1e-4, atol=5e-6, msg=name)


def recipe_of(folder: Path, teacher: Path, **method: Any) -> Recipe:
    base = world.classify_recipe(folder, 0.0, max_steps=12, keep="last").model_dump(mode="json")
    return Recipe.make(
        {**base, "method": {"name": "distill_classes", "teacher": str(teacher), **method}}
    )


def test_a_teacher_that_cannot_teach_is_refused_before_training(tmp_path: Path, store: Store):
    several = {"problem_type": "multi_label_classification"}
    words = world.tuned_classifier(tmp_path / "words", LABELS)
    file = words / "tokenizer.json"
    file.write_text(file.read_text().replace('"wonderful"', '"splendid"'))
    wrong = {
        world.tuned_classifier(tmp_path / "other", ("sad", "glad")): (
            "The teacher's classes are not the student's: sad, glad, not bad, good."
        ),
        world.encoder(tmp_path / "untuned"): "The teacher is not tuned",
        world.tuned_classifier(tmp_path / "several", LABELS, **several): "no distribution",
        words: "tokens are not the student's",
    }
    recipe = recipe_of(tmp_path, world.tuned_classifier(tmp_path / "right", LABELS))
    data = prepare(recipe, store=store)
    settings = world.settings_of(recipe, data, store)
    for teacher, message in wrong.items():
        setup = set_up_run(recipe_of(tmp_path, teacher), data, settings, store, ignore)
        with pytest.raises(ModelError, match=re.escape(message)) as caught:
            setup.learner()
        assert str(teacher) in str(caught.value.where)


def test_states_of_another_width_are_said_and_can_be_left_out(tmp_path: Path):
    model, other = tiny.encoder("bert"), tiny.encoder("distilbert")
    student = Scorer(model, pad_id=0, packed=True, every_state=True)
    teacher = Scorer(other, pad_id=0, packed=True, every_state=True)
    whole = teacher.class_logits_and_states
    teacher.class_logits_and_states = lambda rows: (whole(rows)[0], whole(rows)[1][:, :16])  # type: ignore[method-assign]
    rows = [[Encoded(tokens, label=0)] for tokens in tiny.sequences()]
    learner = Learner(method_of(), student, 1 << 20, teacher=teacher)
    with pytest.raises(ModelError, match="have 16 numbers, the student's 32"):
        learner.learn(rows)
    measured = replace(learner, method=method_of(cosine=0)).learn(rows)
    assert measured.metrics.keys() == {"soft", "hard", "accuracy"}


@pytest.mark.slow
def test_a_run_teaches_a_smaller_student(tmp_path: Path, store: Store):
    teacher = world.classify_recipe(tmp_path / "teacher", 0.0, keep="last")
    tuned = train_recipe(teacher, store, gate=TRIAL).model
    recipe = recipe_of(tmp_path, tuned.path)
    small = Recipe.make({**recipe.model_dump(mode="json"), "model": f"{recipe.model}#layers=1"})
    model = train_recipe(small, store, gate=TRIAL).model
    steps = [
        line
        for line in (Path(model.manifest["run"]) / "metrics.jsonl").read_text().splitlines()
        if '"soft"' in line
    ]
    assert len(steps) == 12
    plain = AutoModelForSequenceClassification.from_pretrained(model.path)
    assert plain.config.num_hidden_layers == 1
