"""Tasks prove themselves before anything is measured with them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.world import chat_recipe
from tuneful.core.errors import DataError, RecipeError, UnknownName
from tuneful.core.events import ignore
from tuneful.core.report import Level
from tuneful.core.store import Store
from tuneful.data.rows import Chat
from tuneful.evaluating.on_tasks import check_tasks, right, tasks_table
from tuneful.evaluating.summary import interval, summarize
from tuneful.evaluating.tasks import find_task, shipped
from tuneful.models.chat import Talk
from tuneful.recipe.change import with_changes
from tuneful.workflow import Gate, run

TASK = """
version: 1
name: sizes
about: Which is larger?
metric: {metric}
prompt: "Is {{animal}} big or small?"
rows:
  - {{animal: a whale, gold: {gold}, wrong: [{wrong}]}}
  - {{animal: a mouse, gold: small, wrong: [big, medium]}}
"""


def task_file(
    folder: Path, metric: str = "exact_match", gold: str = "big", wrong: str = "small"
) -> Path:
    path = folder / "sizes.yaml"
    path.write_text(TASK.format(metric=metric, gold=gold, wrong=wrong), encoding="utf-8")
    return path


class Sayer:
    """Says "big" to everything, and finds short answers likelier."""

    def answers(self, talks: list[Talk], max_new_tokens: int, on_done: object) -> list[str]:
        assert talks[0].messages[-1].content == "Is a whale big or small?"
        assert max_new_tokens == 32
        return ["big" for _ in talks]

    def answer_logp(self, chats: list[Chat], on_done: object) -> list[tuple[float, int, int]]:
        sizes = [len(chat.answer) for chat in chats]
        return [(-float(size * size), 1, size) for size in sizes]  # by byte: -size


SAYER: Any = Sayer()


def test_every_task_that_ships_proves_its_own_answers():
    assert len(shipped()) >= 4
    for name in shipped():
        task = find_task(name)
        assert task.file.name == name
        assert task.prove() == []
        assert len({str(item.prompt) for item in task.items}) == len(task.items)
        assert all(len(item.wrong) == 3 for item in task.items)


def test_answers_are_judged_by_the_metric(tmp_path: Path):
    task = find_task(str(task_file(tmp_path)))
    assert task.prove() == []
    assert right(task, SAYER, ignore).tolist() == [1.0, 0.0]


def test_a_choice_is_the_likeliest_by_byte(tmp_path: Path):
    # big (3) is likelier than small (5); small is not likelier than big, but than medium (6)
    task = find_task(str(task_file(tmp_path, "choice")))
    assert right(task, SAYER, ignore).tolist() == [1.0, 0.0]


def test_answers_as_likely_as_each_other_are_not_right(tmp_path: Path):
    task = find_task(str(task_file(tmp_path, "choice", wrong="bag")))
    assert right(task, SAYER, ignore).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("metric", "gold", "wrong", "code"),
    [
        ("json_valid", '"{"', "'no'", "task-gold"),
        ("json_valid", "'{\"a\": 1}'", "'{\"a\": 2}'", "task-wrong"),
        ("exact_match", "big", "' big '", "task-wrong"),
        ("choice", "big", "big", "task-gold"),
    ],
)
def test_a_task_whose_own_answers_fail_says_so(
    tmp_path: Path, metric: str, gold: str, wrong: str, code: str
):
    found = find_task(str(task_file(tmp_path, metric, gold, wrong))).prove()
    assert code in [finding.code for finding in found]
    assert all(finding.level == Level.ERROR for finding in found)
    assert any("row 1" in finding.evidence for finding in found if finding.code == code)


def test_mistakes_in_a_task_are_explained(tmp_path: Path):
    path = task_file(tmp_path)
    good = path.read_text(encoding="utf-8")
    cases = [
        (good.replace("prompt:", "promt:"), RecipeError, "promt"),
        (good.replace("exact_match", "perplexity"), DataError, "does not say of each answer"),
        (good.replace("exact_match", "exact_mach"), UnknownName, "exact_mach"),
        (good.replace("{animal}", "{beast}"), DataError, "cannot be filled"),
        (good.replace("gold: big, ", ""), DataError, "no gold answer"),
        (good.replace("wrong: [big, medium]", "wrong: []"), DataError, "no wrong answer"),
        (good[: good.index("rows:")], DataError, "no questions"),
    ]
    for text, error, what in cases:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(error, match=what) as found:
            find_task(str(path))
        assert "sizes.yaml" in str(found.value.where) or error is UnknownName
    with pytest.raises(UnknownName, match="capitls") as found:
        find_task("capitls")
    assert "capitals" in found.value.fix


def test_rows_may_stand_in_a_file_beside(tmp_path: Path):
    rows = [
        {"user": "2 + 2?", "gold": 4, "wrong": [5, 3]},
        {"user": "1 + 1?", "gold": 2, "wrong": 3},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "sums.jsonl").write_text(lines, encoding="utf-8")
    text = "name: sums\nabout: Sums.\nsource: sums.jsonl\ntake: 1\n"
    (tmp_path / "sums.yaml").write_text(text, encoding="utf-8")
    (item,) = find_task(str(tmp_path / "sums.yaml")).items
    assert (item.gold, item.wrong) == ("4", ("5", "3"))


def test_classifiers_are_asked_no_tasks(tmp_path: Path):
    recipe = with_changes(chat_recipe(tmp_path), {"evaluate.tasks": ["capitals"]})
    assert [task.file.name for task in check_tasks(recipe)] == ["capitals"]
    rating = with_changes(recipe, {"method": "classify"})
    with pytest.raises(DataError, match="makes none"):
        check_tasks(rating)


def test_what_became_worse_is_a_finding(tmp_path: Path):
    part = {"value": 0.8, "low": 0.7, "high": 0.9}
    task = {"about": "", "rows": 60, "metric": "choice", "base": part, "tuned": part}
    apart = {"value": -0.2, "low": -0.3, "high": -0.1, "p": 0.001}
    known: dict[str, dict[str, Any]] = {"sums": task | {"difference": apart}, "bad": {"failed": []}}
    metric = {"title": "m", "better": "higher", "is_share": True, "base": None, "tuned": part,
              "difference": None}  # fmt: skip
    report = summarize({"rows": 500, "metrics": {"m": metric}, "tasks": known})
    assert [finding.code for finding in report.findings] == ["task-worse"]
    assert [row[0] for row in tasks_table(known, interval).rows] == ["sums"]


@pytest.mark.slow
def test_a_run_asks_base_and_tuned_and_keeps_the_base(tmp_path: Path, store: Store):
    bad = task_file(tmp_path, "choice", wrong="big")
    asked = {"evaluate.tasks": ["opposites", str(bad)], "train.epochs": 1}
    recipe = with_changes(chat_recipe(tmp_path), asked)
    report = run(recipe, store=store, gate=Gate(fail_on=None)).report
    known = report.facts["tasks"]
    assert known["opposites"]["rows"] == 60
    assert 0 <= known["opposites"]["base"]["value"] <= 1
    assert "failed" in known["sizes"]
    assert "task-gold" in [finding.code for finding in report.findings]
    assert np.isfinite(known["opposites"]["difference"]["low"])
