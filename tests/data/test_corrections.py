"""Mistakes become rows to learn from, and a set that evaluations ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import rows as row_files
from tests import world
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.dataset import SPLITS, Dataset
from tuneful.data.deriving.corrections import key_of
from tuneful.data.rows import Chat, Labelled, Preference
from tuneful.data.splitting.arranged import content_hash
from tuneful.evaluating.corrections import about_corrections
from tuneful.recipe.schema import Recipe
from tuneful.workflow import evaluate, prepare, train_recipe
from tuneful.workflow.gate import TRIAL


def with_cases(recipe: Recipe, folder: Path, cases: list[dict[str, Any]], **how: Any) -> Recipe:
    file = folder / "corrections.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    tree = recipe.model_dump(mode="json")
    return Recipe.make(
        {**tree, "data": {**tree["data"], "corrections": {"source": str(file), **how}}}
    )


def of_kind(kind: str, folder: Path, cases: list[dict[str, Any]], **how: Any) -> Recipe:
    method = {"labelled": "classify", "chat": "sft", "preference": "dpo"}[kind]
    source = row_files.source(kind, folder / f"{kind}.jsonl")
    recipe = Recipe.make({"model": "m", "method": method, "data": {"source": str(source)}})
    return with_cases(recipe, folder, cases, **how)


def texts(data: Dataset) -> set[str]:
    return {key_of(row) for split in SPLITS for row in data.rows(split)}


def test_a_correction_takes_the_place_of_rows_that_ask_the_same(tmp_path: Path, store: Store):
    recipe = world.classify_recipe(tmp_path)
    before = prepare(recipe, store=store)
    (taught, tested) = (before.row(split, 0) for split in ("train", "test"))
    assert isinstance(taught, Labelled)
    other = next(label for label in before.labels if label != taught.label)
    cases = [
        {"input": taught.text.upper(), "said": taught.label, "should": other},
        {"input": key_of(tested), "should": other},
        {"input": "something else", "should": other},
    ]
    data = prepare(with_cases(recipe, tmp_path, cases, weight=2.5), store=store)
    rows = [row for row in data.rows("train") if isinstance(row, Labelled)]
    assert [(row.text, row.weight) for row in rows[-3:]] == [(c["input"], 2.5) for c in cases]
    assert all(row.label == other for row in rows[-3:])
    alike = [row for row in before.rows("train") if content_hash(key_of(row)) in
             {content_hash(c["input"]) for c in cases}]  # fmt: skip
    assert len(rows) == before.num_rows("train") - len(alike) + 3
    assert taught.text not in texts(data)
    assert key_of(tested) not in {key_of(row) for row in data.rows("test")}
    known = data.manifest["corrections"]
    assert set(known["left_out"]) >= {"train", "test"}
    assert sum(data.manifest["label_counts"]["train"].values()) == len(rows)
    assert [key_of(row) for row in data.rows("corrections")] == [c["input"] for c in cases]


def test_held_out_corrections_are_asked_and_not_learned(tmp_path: Path, store: Store):
    cases = [{"input": f"case {n}", "should": "good"} for n in range(40)]
    recipe = with_cases(world.classify_recipe(tmp_path), tmp_path, cases, held_out=0.5)
    data = prepare(recipe, store=store)
    held = data.manifest["corrections"]["held_out"]
    assert 8 < len(held) < 32
    learned = texts(data)
    assert all((case["input"] in learned) == (n not in held) for n, case in enumerate(cases, 1))
    assert data.num_rows("corrections") == 40


@pytest.mark.parametrize(
    ("kind", "case", "made"),
    [
        ("chat", {"input": "hi", "should": "hello"}, Chat),
        ("preference", {"input": "hi", "said": "no", "should": "hello"}, Preference),
    ],
)
def test_conversations_are_corrected_too(
    kind: str, case: dict[str, Any], made: type[Any], tmp_path: Path, store: Store
):
    data = prepare(of_kind(kind, tmp_path, [case], weight=2), store=store)
    (row,) = data.rows("corrections")
    assert isinstance(row, made)
    last = list(data.rows("train"))[-2:]
    assert [key_of(one) for one in last].count("hi") == (2 if kind == "preference" else 1)


@pytest.mark.parametrize(
    ("kind", "case", "said"),
    [
        ("labelled", {"input": "a", "should": "great"}, "no class"),
        ("labelled", {"text": "a", "should": "a"}, "no column 'input'"),
        ("labelled", {"input": " ", "should": "a"}, "empty"),
        ("preference", {"input": "a", "should": "good"}, "said as well"),
    ],
)
def test_a_correction_that_cannot_be_one_is_named(
    kind: str, case: dict[str, Any], said: str, tmp_path: Path, store: Store
):
    with pytest.raises(DataError, match=said) as caught:
        prepare(of_kind(kind, tmp_path, [case]), store=store)
    assert "corrections.jsonl, row 1" in caught.value.where


def test_two_corrections_of_one_input_contradict(tmp_path: Path, store: Store):
    cases = [{"input": "a", "should": "a"}, {"input": "A ", "should": "b"}]
    with pytest.raises(DataError, match="one input"):
        prepare(of_kind("labelled", tmp_path, cases), store=store)


@pytest.mark.slow
def test_every_evaluation_asks_them(tmp_path: Path, store: Store):
    cases = [{"input": "the film was dull", "should": s, "said": "x"} for s in ("good",)]
    cases += [{"input": "wonderful , moving , warm", "should": "bad"}]
    recipe = with_cases(world.classify_recipe(tmp_path, max_steps=2), tmp_path, cases)
    trained = train_recipe(recipe, store, gate=TRIAL)
    report = evaluate(trained.model, recipe, trained.data, store=store)
    known = report.facts["corrections"]
    assert known["rows"] == 2
    wrong = {one["number"] for one in known["missed"]}
    found = [one for one in report.findings if one.code == "corrections-missed"]
    assert bool(found) == bool(wrong)
    missed = {**known, "missed_learned": 1, "missed": [{"number": 2, "is_held_out": False}]}
    (finding,) = about_corrections(missed)
    assert (finding.level.name, "rows 2 of" in finding.evidence) == ("ERROR", True)
