"""A sweep searches, breaks off what is worse, goes on where it stopped, and shows all it tried."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.world import chat_recipe, classify_recipe
from tuneful.cli.main import main
from tuneful.core.errors import DataError, RecipeError, Stopped
from tuneful.core.events import Event
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.recipe.write import to_yaml
from tuneful.workflow.gain_chart import gain_chart
from tuneful.workflow.space import Options, Range, read_space
from tuneful.workflow.sweep import Sweep, Tried

RATES = {"train.learning_rate": Range(1e-3, 1e-2)}


def test_what_is_varied_is_read_as_yaml_has_it():
    written = ["train.learning_rate=1e-5..1e-3", "train.batch_size=8, 16", "seed=1..3"]
    space = read_space([*written, "adapter=full,lora"])
    assert space == {
        "train.learning_rate": Range(1e-5, 1e-3),
        "train.batch_size": Options((8, 16)),
        "seed": Range(1, 3),
        "adapter": Options(("full", "lora")),
    }
    assert space["train.learning_rate"].is_log  # type: ignore[union-attr]
    assert not space["seed"].is_log  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["train.epochs", "seed=", "seed=3..1", "seed=a..b"])
def test_what_is_no_space_is_refused(text: str):
    with pytest.raises(RecipeError, match="--vary"):
        read_space([text])


def test_a_key_that_does_not_exist_is_answered_before_anything_is_trained(
    tmp_path: Path, store: Store
):
    sweep = Sweep(classify_recipe(tmp_path), {"train.learning_rte": Range(1, 2)}, store, 1)
    with pytest.raises(RecipeError, match="learning_rte") as caught:
        sweep.run()
    assert "learning_rate" in caught.value.fix
    assert not store.list_runs()


def test_who_prepares_the_rows_makes_no_other_sweep(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path)
    alone = with_changes(recipe, {"data.workers": 1})
    longer = with_changes(recipe, {"train.epochs": 9})
    one, other, third = (Sweep(each, RATES, store, 1).path for each in (recipe, alone, longer))
    assert one == other != third


def test_dots_stand_where_the_numbers_are():
    tried = [
        Tried(0, {}, "complete", 0.1, gain=0.0, forgot=0.0),
        Tried(1, {}, "complete", 0.2, gain=0.5, forgot=4.0),
        Tried(2, {}, "failed"),
    ]
    root = ElementTree.fromstring(gain_chart(tried, "accuracy"))
    dots = root.findall("{http://www.w3.org/2000/svg}circle")
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in dots]
    assert places == [(64.0, 356.0), (608.0, 32.0)]  # lower left and upper right corner


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_sweep_that_was_stopped_goes_on_with_the_trial_it_was_at(tmp_path: Path):
    recipe = classify_recipe(tmp_path, max_steps=8, checkpoint_every=2)
    whole = Sweep(recipe, RATES, Store(tmp_path / "whole"), 2).run()
    store = Store(tmp_path / "broken")

    def stop(event: Event) -> None:
        runs = len(store.list_runs())
        if event.kind == "step" and runs == 2 and event.data["step"] == 5:
            raise Stopped("asked to")

    with pytest.raises(Stopped):
        Sweep(recipe, RATES, store, 2, listener=stop).run()
    seen: list[int] = []
    again = Sweep(
        recipe, RATES, store, 2,
        listener=lambda e: seen.append(e.data["step"]) if e.kind == "step" else None,
    )  # fmt: skip
    tried = again.run()
    assert seen[0] == 5  # from the checkpoint after step 4
    assert [(t.values, t.loss) for t in tried] == [(t.values, t.loss) for t in whole]
    assert len(store.list_runs()) == 2
    assert again.run() == tried  # nothing is left to do


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_worse_trials_are_broken_off_and_faulty_ones_named(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=10, validate_every=2)
    rates = {"train.learning_rate": Options((5e-3, 4e-3, 6e-3, 1e-7))}
    tried = Sweep(recipe, rates, store, 8).run()
    states = {t.values["train.learning_rate"]: t.state for t in tried if t.number >= 3}
    assert states.get(1e-7, "pruned") == "pruned"
    bad = Sweep(recipe, {"adapter": Options(("lora",)), "adapter.targets": Options(("no",))},
                store, 1)  # fmt: skip
    with pytest.raises(RecipeError):
        bad.run()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_command_prints_trials_and_draws_them(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    recipe = replace_take(chat_recipe(tmp_path, epochs=1))
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    picture = tmp_path / "gain.svg"
    words = ["sweep", str(path), "--vary", "train.learning_rate=1e-3,5e-3", "--trials", "2"]
    assert main([*words, "--draw", str(picture), "--json", "--quiet"]) == 0
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [one["state"] for one in trials] == ["complete", "complete"]
    assert trials[0]["loss"] <= trials[1]["loss"]
    assert all(one["forgot"] is not None for one in trials)
    assert picture.read_text(encoding="utf-8").count("<circle") == 2


def replace_take(recipe):
    return with_changes(recipe, {"data.split": {"validation": 0.2, "test": 0.2}})


@pytest.mark.slow
def test_without_validation_rows_nothing_can_be_compared(tmp_path: Path, store: Store):
    recipe = with_changes(classify_recipe(tmp_path), {"data.split.validation": 0})
    with pytest.raises(DataError, match="validation rows"):
        replace(Sweep(recipe, RATES, store, 1)).run()
