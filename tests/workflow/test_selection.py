"""Selectors are compared with random rows on the same test rows; a broken comparison goes on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.world import classify_recipe
from tuneful.cli.main import main
from tuneful.core.errors import DataError, RecipeError, Stopped, UnknownName
from tuneful.core.events import Event
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.recipe.write import to_yaml
from tuneful.workflow.compared import arms, compared
from tuneful.workflow.selection import ALL, Selection, Trial, Tried


def tried(selector: str, seed: int, right: list[int], fraction: float = 0.1, **more: object):
    statistics = [[float(at in right)] for at in range(50)]
    return Tried(Trial(selector, fraction, seed), 10, 99, 1.0, "accuracy", statistics, **more)


def test_a_selector_is_better_only_where_the_interval_leaves_zero_out():
    found = [
        *(tried("random", seed, list(range(20))) for seed in range(3)),
        *(tried("k_center", seed, list(range(40))) for seed in range(3)),
        *(tried("length", seed, list(range(5))) for seed in range(3)),
        *(tried("el2n", seed, list(range(seed + 20))) for seed in range(3)),
        *(tried(ALL, seed, list(range(45)), 1.0) for seed in range(3)),
    ]
    verdicts = {arm.selector: arm.verdict("higher") for arm in arms(found)}
    assert verdicts == {
        "random": "", "k_center": "better", "length": "worse", "el2n": "not shown", ALL: "",
    }  # fmt: skip
    assert arms(found)[1].verdict("lower") == "worse"
    report = compared(found)
    codes = {finding.code: finding for finding in report.findings}
    assert "k_center" in codes["better-than-random"].title
    assert "el2n" in codes["no-better-than-random"].title
    assert "length" in codes["worse-than-random"].title
    (table,) = report.tables
    assert "3 seeds, 50 test rows" in table.note
    assert "Of 3 comparisons" in table.note
    assert str(table.rows[1][5]).startswith("+40.0 [26")  # 40 - 2.01 sqrt(0.4 x 0.6 / 50) = 26.1


def test_a_trial_that_failed_is_named_and_leaves_the_others_alone():
    found = [tried("random", 0, [1]), Tried(Trial("less", 0.1, 0), note="no validation rows")]
    report = compared(found)
    assert [finding.code for finding in report.findings] == ["trial-failed"]
    assert len(report.tables[0].rows) == 1
    assert compared(found[1:]).tables == ()


def test_what_cannot_be_compared_is_refused_before_anything_is_trained(
    tmp_path: Path, store: Store
):
    one = Selection(classify_recipe(tmp_path), store, [0.1], 1)
    for wrong, error in (
        ({"fractions": [0.0]}, RecipeError),
        ({"fractions": [1.5]}, RecipeError),
        ({"seeds": 0}, RecipeError),
        ({"selectors": ["k_centre"]}, UnknownName),
        ({"selectors": ["ifd"]}, DataError),
    ):
        with pytest.raises(error):
            replace(one, **wrong).run()
    assert not store.list_runs()


def small(folder: Path):
    return classify_recipe(folder, max_steps=4, checkpoint_every=2, validate_every=2)


def names(one: Selection) -> list[tuple[str, float, int]]:
    return [(t.trial.selector, t.trial.fraction, t.trial.seed) for t in one.run()]


@pytest.mark.slow
def test_a_comparison_that_was_stopped_goes_on_to_the_same_result(tmp_path: Path):
    recipe, asked = small(tmp_path), ([0.2, 1.0], 2, ["k_center"])
    whole = Selection(recipe, Store(tmp_path / "whole"), *asked).run()
    assert [(t.trial.selector, t.trial.fraction, t.trial.seed) for t in whole] == [
        (name, fraction, seed)
        for seed in (0, 1)
        for name, fraction in (("random", 0.2), ("k_center", 0.2), (ALL, 1.0))
    ]
    assert len({tuple(map(tuple, t.statistics)) for t in whole}) > 1
    assert [t.rows for t in whole] == [32, 32, 160] * 2
    store, steps = Store(tmp_path / "broken"), list[int]()

    def stop(event: Event) -> None:
        if event.kind == "step":
            steps.append(event.data["step"])
            if len(steps) == 7:  # in the middle of the second trial
                raise Stopped("asked to")

    with pytest.raises(Stopped):
        Selection(recipe, store, *asked, listener=stop).run()
    assert len(list((store.home / "selections").glob("*/*.json"))) == 1
    seen: list[int] = []

    def note(event: Event) -> None:
        if event.kind == "step":
            seen.append(event.data["step"])

    again = Selection(recipe, store, *asked, listener=note)
    found = again.run()
    assert [(t.trial, t.statistics, t.rows) for t in found] == [
        (t.trial, t.statistics, t.rows) for t in whole
    ]
    assert seen[0] == 3  # from its checkpoint on
    assert not store.list_runs()  # weights of trials are thrown away
    assert not store.list_artifacts("models")
    seen.clear()
    more = replace(again, selectors=["k_center", "length"])
    assert len(more.run()) == 8
    assert len(seen) == 2 * 4  # only what is new


@pytest.mark.slow
def test_the_command_prints_the_metric_by_fraction(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml(with_changes(small(tmp_path), {"name": "small"})), encoding="utf-8")
    words = ["select", str(path), "--fractions", "0.2", "--seeds", "1", "--selectors", "length"]
    assert main([*words, "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "accuracy by fraction" in text
    assert "one seed says nothing of seeds" in " ".join(text.split())
    assert main([*words, "--json", "--quiet"]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert [arm["selector"] for arm in facts["arms"]] == ["random", "length"]
    assert main([*words[:3], "a", "--quiet"]) == 1
