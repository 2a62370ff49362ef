"""Rows that a teacher answers: what it says, what is left out, what is done again and what not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests import rows as row_files
from tests import world
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.data.message import Message
from tuneful.data.rows import Chat
from tuneful.models.chat import Talk, encode_prompt
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe
from tuneful.training import teacher_texts
from tuneful.training.teacher_choice import NO_END, NO_ROOM, NO_WORD, Said
from tuneful.training.teacher_local import Scribe, load_scribe
from tuneful.workflow import prepare, train_recipe
from tuneful.workflow.gate import TRIAL


def recipe_of(folder: Path, kind: str = "chat", **answers: Any) -> Recipe:
    base = world.chat_recipe(folder, max_steps=2).model_dump(mode="json")
    source = row_files.source(kind, folder / f"{kind}.jsonl")
    teacher = world.chat_model(folder / "teacher", seed=2)
    return Recipe.make(
        {
            **base,
            "data": {
                "source": str(source),
                "format": kind,
                "answers": {"model": str(teacher), "max_new_tokens": 6, **answers},
            },
        }
    )


def write(monkeypatch: pytest.MonkeyPatch, at_once: int = 64) -> list[int]:
    """Every third row has no end, the others are answered by their own number; calls are noted."""
    calls: list[int] = []

    def answers(self: Scribe, prompts: Any, chunk: int) -> list[list[Said]]:
        calls.append(chunk)
        first = chunk * at_once
        whys = [NO_END if (first + n) % 3 == 2 else "" for n in range(len(prompts))]
        return [[Said(f"said {first + n}\u2028", why)] for n, why in enumerate(whys)]

    monkeypatch.setattr(Scribe, "answers", answers)
    monkeypatch.setattr(teacher_texts, "ROWS_AT_ONCE", at_once)
    return calls


def told(data: Dataset, split: str) -> list[str]:
    return [row.messages[-1].content for row in data.rows(split) if isinstance(row, Chat)]


def test_training_rows_get_the_teachers_answers_and_test_rows_keep_theirs(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    write(monkeypatch)
    recipe = recipe_of(tmp_path)
    plain = Recipe.make({**(tree := recipe.model_dump(mode="json")), "data": {
        "source": tree["data"]["source"], "format": "chat"}})  # fmt: skip
    before, data = prepare(plain, store=store), prepare(recipe, store=store)
    count = before.num_rows("train")
    assert told(data, "train") == [f"said {n}\u2028" for n in range(count) if n % 3 != 2]
    assert list(data.rows("test")) == list(before.rows("test"))
    kept = [n for n in range(count) if n % 3 != 2]
    for number, row in zip(kept, data.rows("train"), strict=True):
        own = before.row("train", number)
        assert isinstance(row, Chat)
        assert isinstance(own, Chat)
        assert row.prompt == own.prompt
    known = data.manifest["answers"]
    asked = count + before.num_rows("validation")
    assert known["written"] + known["left_out"] == asked
    assert known["why"] == {NO_END: asked // 3}
    assert before.hash in data.manifest["parents"]
    assert data.manifest["splits"]["train"] == len(kept)
    (finding,) = [f for f in data.report().findings if f.code == "answers-left-out"]
    assert finding.evidence == f"no end {asked // 3}"


def test_a_broken_call_goes_on_after_the_last_whole_chunk_and_a_whole_one_is_kept(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    calls, recipe = write(monkeypatch, 8), recipe_of(tmp_path)
    whole = prepare(recipe, store=Store(tmp_path / "other"))
    assert calls == list(range(5))[: len(calls)]
    path = store.home / "answers" / f"{whole.path.name}.jsonl"
    path.parent.mkdir(parents=True)
    lines = (whole.path / "answers.jsonl").read_text(encoding="utf-8")
    path.write_text(lines[: lines.rfind('{"split": "train", "row": 19') + 9], encoding="utf-8")
    calls.clear()
    again = prepare(recipe, store=store)
    assert calls[0] == 2
    assert (again.path / "answers.jsonl").read_text(encoding="utf-8") == lines
    assert not path.exists()
    calls.clear()
    assert prepare(recipe, store=store).path == again.path
    assert not calls


def test_rows_that_only_ask_are_answered_and_earlier_answers_are_given(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    write(monkeypatch)
    data = prepare(recipe_of(tmp_path, "prompt"), store=store)
    assert data.row_type == "chat"
    assert set(told(data, "test")) <= {"good", "bad"}
    assert all(text.startswith("said") for text in told(data, "train"))
    turns = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    row = Chat((*turns, Message("assistant", "d")), weight=0.5)
    found = teacher_texts._answered(row, {"answer": "e"})
    assert [turn.weight for turn in found.messages] == [1, 0, 1, 1]
    assert (found.messages[-1].content, found.weight) == ("e", 0.5)


def test_the_likeliest_answer_is_transformers_greedy_one(tmp_path: Path, store: Store):
    recipe = recipe_of(tmp_path)
    how = recipe.data.answers
    assert how is not None
    row = Chat((Message("user", "ab"), Message("assistant", "c")))
    scribe = load_scribe(how, 0, store, lambda event: None)
    ((said,),) = scribe.answers([row.prompt], 0)
    tokenizer = load_tokenizer(Path(how.model), needs_chat=True)
    ids = encode_prompt(tokenizer, Talk(row.prompt))
    model = AutoModelForCausalLM.from_pretrained(how.model)
    out = model.generate(torch.tensor([ids]), max_new_tokens=6, do_sample=False)[0, len(ids) :]
    ends = int(out[-1]) == tokenizer.eos_id
    assert said.text == tokenizer.decode(out.tolist()).strip()
    assert said.why == ("" if ends and said.text else NO_WORD if ends else NO_END)
    drawn = how.model_copy(update={"samples": 3, "temperature": 5.0})
    ((*several,),) = Scribe(scribe.chatter, drawn, 0).answers([row.prompt], 0)
    assert len({one.text for one in several}) > 1
    tight = how.model_copy(update={"max_new_tokens": 250})
    assert Scribe(scribe.chatter, tight, 0).answers([row.prompt], 0) == [[Said("", NO_ROOM)]]


def test_a_teacher_that_never_ends_is_said(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Scribe, "answers", lambda self, rows, _: [[Said("x", NO_END)]] * len(rows))
    with pytest.raises(DataError, match="no training row a whole answer: no end"):
        prepare(recipe_of(tmp_path), store=store)


@pytest.mark.slow
def test_a_student_learns_from_texts_alone(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    write(monkeypatch)
    trained = train_recipe(recipe_of(tmp_path), store, gate=TRIAL)
    assert trained.model.manifest["dataset"] == trained.data.hash
    lines = (trained.data.path / "answers.jsonl").read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[0])["answer"] == "said 0\u2028"
