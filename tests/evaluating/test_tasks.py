"""Tasks prove themselves before anything is measured with them."""

import json
import sys
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
from tuneful.evaluating.on_tasks import about_tasks, check_tasks, tasks_table
from tuneful.evaluating.summary import interval, summarize
from tuneful.evaluating.tasks import find_asked, find_task, known, shipped
from tuneful.evaluating.tasks.asking import judged, right
from tuneful.evaluating.tasks.task import Draws
from tuneful.models.chat import Talk
from tuneful.recipe.change import with_changes
from tuneful.recipe.forms import json_schema
from tuneful.recipe.task import AskedTask
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
    own = [name for name in shipped() if known(name).rows]
    assert len(own) >= 4
    for name in own:
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
    if code == "task-wrong":
        assert any(wrong.strip("' ") in f.evidence for f in found if f.code == code)


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


PROGRAMS = """
name: doubling
about: Doubles.
metric: pass_at_k
prompt: "Go on: {head}"
beginning: "{head}"
tests: "assert double(3) == 6"
gold: "    return {right}"
wrong: ["    pass"]
rows:
  - {head: "def double(x):\\n    'Twice x.'\\n", right: 2 * x}
  - {head: "import math\\n\\ndef double(x):\\n    'Twice x.'\\n", right: math.floor(2 * x)}
"""


def programs(folder: Path) -> str:
    (folder / "doubling.yaml").write_text(PROGRAMS, encoding="utf-8")
    return str(folder / "doubling.yaml")


def test_an_answer_goes_on_from_a_program_or_writes_it_again(tmp_path: Path):
    task = find_task(programs(tmp_path))
    assert task.prove() == []
    assert task.runs_code
    for answer, score in [
        ("    return x + x", 1),
        ("    return x + x\n\nprint(double(1)\nand so on", 1),  # cut where a function ends
        ("def double(x):\n    return x + x", 1),
        ("Here it is:\n```python\ndef double(x):\n    return x + x\n```\nIt adds.", 1),
        ("```python\n    return x + x\n```", 1),
        ("return x + x", 0),  # is not mended
        ("Double it.", 0),
        ("", 0),
    ]:
        assert task.scores([[answer]] * 2, task.items).tolist() == [score, score], answer


def test_a_task_of_programs_takes_as_many_answers_as_are_drawn(tmp_path: Path):
    asked = AskedTask(name=programs(tmp_path), metric="pass_at_k:2")
    task = find_task(asked, Draws(4, 0.8, 1))
    assert task.label == "doubling pass_at_k:2"
    assert task.prove() == []
    drawn = [["    return 2 * x", *["    pass"] * 3], ["    pass"] * 4]
    assert task.scores(drawn, task.items).tolist() == pytest.approx([1 / 2, 0])  # 1 - C(3,2)/C(4,2)
    assert find_task(asked, Draws(4, 0.8, 2)).hash != task.hash
    with pytest.raises(DataError, match="needs 2 answers"):
        find_task(asked)


def test_a_recipe_may_ask_some_questions_of_a_task(tmp_path: Path):
    tasks: list[Any] = ["opposites", {"name": "capitals", "take": 4}]
    recipe = with_changes(chat_recipe(tmp_path), {"evaluate.tasks": tasks})
    opposites, capitals = check_tasks(recipe)
    assert (len(opposites.items), len(capitals.items)) == (60, 4)
    everything = find_task("capitals").items
    assert capitals.items == tuple(everything[at] for at in (0, 15, 30, 45))
    with pytest.raises(DataError, match="capitals is asked twice"):
        check_tasks(with_changes(recipe, {"evaluate.tasks": [*tasks, "capitals"]}))


@pytest.mark.slow
def test_human_eval_proves_its_solutions_and_refuses_wrong_ones():
    task = find_task("human-eval")
    assert len(task.items) == 164
    assert task.prove() == []


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


THEIRS = """
task: heat
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: [" no", " yes"]
doc_to_target: "{{[' no', ' yes'].index(a)}}"
metric_list:
  - {metric: acc}
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of lm-eval and what it imports
def test_a_run_asks_base_and_tuned_and_keeps_the_base(tmp_path: Path, store: Store):
    bad = task_file(tmp_path, "choice", wrong="big")
    theirs = tmp_path / "theirs.yaml"
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"q": "Is ice hot?", "a": " no"}\n{"q": "Is fire hot?", "a": " yes"}\n')
    theirs.write_text(THEIRS.replace("ROWS", str(rows)))
    tasks: list[Any] = ["opposites", str(bad), f"lm-eval:{theirs}"]
    asked = {"evaluate.tasks": tasks, "train.epochs": 1}
    recipe = with_changes(chat_recipe(tmp_path), asked)
    report = run(recipe, store=store, gate=Gate(fail_on=None)).report
    known = report.facts["tasks"]
    assert known["opposites"]["rows"] == 60
    assert 0 <= known["opposites"]["base"]["value"] <= 1
    assert "failed" in known["sizes"]
    assert known["heat acc"]["rows"] == 2
    assert known["heat acc"]["difference"]["low"] <= known["heat acc"]["difference"]["value"]
    assert list(known) == ["sizes", "opposites", "heat acc"]
    assert "task-gold" in [finding.code for finding in report.findings]
    assert np.isfinite(known["opposites"]["difference"]["low"])


def test_without_lm_eval_its_tasks_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(DataError, match="not installed") as found:
        find_asked(f"lm-eval:{tmp_path}/sizes.yaml")
    assert "tuneful[lmeval]" in found.value.fix


def test_a_task_in_a_recipe_is_a_name_or_has_settings(tmp_path: Path):
    tasks: list[Any] = ["opposites", {"name": "human-eval", "take": 4}]
    recipe = with_changes(chat_recipe(tmp_path), {"evaluate.tasks": tasks})
    assert recipe.evaluate.tasks[0] == AskedTask(name="opposites")
    written = recipe.model_dump(mode="json")["evaluate"]["tasks"]
    assert written[0] == "opposites"
    assert written[1]["take"] == 4
    with pytest.raises(RecipeError, match=r"taek"):
        with_changes(recipe, {"evaluate.tasks": [{"name": "opposites", "taek": 4}]})
    form = json_schema()["$defs"]["Evaluate"]["properties"]["tasks"]["items"]
    assert form == {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/AskedTask"}]}


def test_rows_that_are_all_alike_are_no_certainty(tmp_path: Path):
    task = find_task("opposites")
    wrong, right = [0.0] * 20, [1.0] * 20
    said = judged(task, "opposites", (wrong, wrong), 200)
    assert said["tuned"]["value"] == said["tuned"]["low"] == 0
    assert said["tuned"]["high"] == pytest.approx(0.161, abs=0.001)  # Wilson: 3.84 / 23.84
    assert said["difference"]["low"] < 0 < said["difference"]["high"]
    assert judged(task, "opposites", (right, None), 200)["tuned"]["low"] == pytest.approx(
        0.839, abs=0.001
    )


def test_a_metric_that_should_fall_is_worse_when_it_rises():
    part = {"value": 30.0, "low": 25.0, "high": 35.0}
    apart = {"value": 4.0, "low": 2.0, "high": 6.0, "p": 0.001}
    task = {"rows": 60, "base": part, "tuned": part, "is_share": False, "difference": apart}
    (found,) = about_tasks({"texts word_perplexity": task | {"better": "lower"}})
    assert found.evidence.startswith("+4 [+2, +6]")
    assert list(about_tasks({"texts bleu": task | {"better": "higher"}})) == []
    cells = tasks_table({"texts": task}, interval).rows[0]
    assert cells[2:] == ["30 [25, 35]", "30 [25, 35]", "+4 [2, 6]"]
