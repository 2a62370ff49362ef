"""Killed at any point and done again: nothing finished is lost, and the result is the same."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from tests import killed, world
from tests import rows as row_files
from tests.endpoint import Asked, Handler, Server, endpoint
from tuneful.training.teacher_choice import GRADED_AT_ONCE

pytestmark = pytest.mark.slow
AT_ONCE = 4
BASE = {"model": "m", "method": "classify"}


def test_rows_are_prepared(tmp_path: Path):
    source = world.reviews(tmp_path / "reviews.csv", count=60)
    with source.open("a", encoding="utf-8") as file:
        file.write("the <b>film</b> was dull,bad\nwithout a label\n")
    clean = [{"name": "html"}, {"name": "whitespace"}]
    data = {"source": str(source), "skip_bad": True, "clean": clean}
    found = killed.check(tmp_path, "prepare", points=8, recipe={**BASE, "data": data})
    assert not found["wrong"]
    assert found["total"] > 50


def test_rows_are_made_and_corrected(tmp_path: Path):
    corrections = tmp_path / "wrong.jsonl"
    lines = [{"input": f"cold and {n}", "should": "good", "said": "bad"} for n in range(4)]
    corrections.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data = {
        "source": str(world.reviews(tmp_path / "reviews.csv", count=40)),
        "augment": [{"name": "typos"}],
        "corrections": {"source": str(corrections), "held_out": 0.5},
    }
    found = killed.check(tmp_path, "prepare", points=8, recipe={**BASE, "data": data})
    assert not found["wrong"]


def test_rows_are_converted(tmp_path: Path):
    source = row_files.source("preference", tmp_path / "rows.jsonl", count=12)
    asked: dict[str, Any] = {"source": str(source), "to": "preference", "output": "out.parquet"}
    found = killed.check(tmp_path, "convert", **asked)
    assert not found["wrong"]
    assert found["tried"] == found["total"] > 5


def test_rows_are_chosen_by_their_embeddings(tmp_path: Path):
    model = str(world.encoder(tmp_path / "model"))
    source = str(world.reviews(tmp_path / "reviews.csv", count=60))
    select = {"name": "k_center", "fraction": 0.25}
    recipe = {"model": model, "method": "classify", "data": {"source": source, "select": select}}
    assert not killed.check(tmp_path, "prepare", points=8, recipe=recipe)["wrong"]


def test_selectors_are_compared(tmp_path: Path):
    recipe = world.classify_recipe(tmp_path, max_steps=2).model_dump(mode="json")
    recipe["data"] |= {"select": {"name": "length", "fraction": 0.5}, "take": {"train": 16}}
    asked = {"recipe": recipe, "selectors": ["length"], "points": 1, "at_once": 1}
    assert not killed.check(tmp_path, "select", **asked)["wrong"]


def test_a_teacher_on_this_machine_writes(tmp_path: Path):
    source = row_files.source("chat", tmp_path / "chats.jsonl", count=70)
    model = str(world.chat_model(tmp_path / "model"))
    written: Any = AutoModelForCausalLM.from_pretrained(model)
    written.lm_head.weight.data[2] *= 5  # the end, which a random model hardly ever comes to
    written.save_pretrained(model)
    data = {"source": str(source), "answers": {"model": model, "max_new_tokens": 8}}
    recipe = {"model": model, "method": "sft", "data": data}
    assert not killed.check(tmp_path, "prepare", points=6, at_once=1, recipe=recipe)["wrong"]


def answer(handler: Handler, asked: Asked, number: int) -> None:
    """As a judge, or whatever is asked for; a killed process is not there to hear it."""
    last = str(asked["messages"][-1]["content"])
    said = json.dumps({"text": f"Gewiß, {last.rsplit(maxsplit=1)[-1]} ist so."}, ensure_ascii=False)
    with suppress(ConnectionError):
        handler.say("9" if asked["model"] == "judge" else said)


def paid_for(folder: Path, server: Server, recipe: dict[str, Any], points: int) -> None:
    """Kill a recipe that asks the server; what was replied to must not be asked again."""
    kept = "answers/replies-*.jsonl"
    asked = {"recipe": recipe, "keeps": kept, "threads": True, "points": points}
    assert not killed.check(folder, "prepare", **asked)["wrong"]
    who = [key.removeprefix("Bearer ") for key in server.keys]
    models = [asked["model"] for asked in server.asked]
    asked_by = Counter(key for key, model in zip(who, models, strict=True) if model != "judge")
    judged = Counter(key for key, model in zip(who, models, strict=True) if model == "judge")
    count, marks = asked_by["right"], judged["right"]
    attempts = {key.split()[0] for key in asked_by if "killed" in key}
    assert len(attempts) > points // 2
    for point in attempts:
        written = int((folder / f"kept-{point}").read_text())
        assert asked_by[f"{point} killed"] <= written + AT_ONCE
        assert asked_by[f"{point} again"] == count - written
        both = judged[f"{point} killed"] + judged[f"{point} again"]
        assert marks <= both <= marks + GRADED_AT_ONCE
    for both in ("both 0", "both 1"):
        assert (asked_by[both], judged[both]) == (count, marks)


def test_what_a_teacher_and_a_judge_are_paid_for_is_never_asked_again(tmp_path: Path):
    source = tmp_path / "rows.jsonl"
    lines = [json.dumps({"prompt": f"How many are {n} and {n}?"}) + "\n" for n in range(70)]
    source.write_text("".join(lines), encoding="utf-8")
    with endpoint(answer) as server:
        place = {"url": server.url, "key": "ORACLES_KEY", "at_once": AT_ONCE}
        judge = {"name": "judge", "model": "judge", "url": server.url, "key": "ORACLES_KEY"}
        answers = {"model": "oracle", "endpoint": place, "graders": [judge]}
        split = {"group_duplicates": "none"}
        data = {"source": str(source), "format": "prompt", "answers": answers, "split": split}
        paid_for(tmp_path, server, {"model": "m", "method": "sft", "data": data}, 14)


def test_rows_in_a_teachers_words_are_paid_for_once(tmp_path: Path):
    source = str(world.reviews(tmp_path / "reviews.csv", count=40))
    with endpoint(answer) as server:
        place = {"url": server.url, "key": "ORACLES_KEY", "at_once": AT_ONCE}
        part = {"name": "paraphrase", "model": "oracle", "endpoint": place, "share": 1}
        data = {"source": source, "augment": [{**part, "check": "none"}]}
        paid_for(tmp_path, server, {**BASE, "data": data}, 8)
