"""Models are compared on the same rows, or not at all."""

from pathlib import Path
from typing import Any

import pytest

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.workflow import Gate, compare, evaluate, prepare, train_recipe
from tuneful.workflow.contest import Contest, Contestant

pytestmark = pytest.mark.slow
OPEN = Gate(fail_on=None, inspects=False)


def trained(recipe: Any, store: Store) -> Any:
    return train_recipe(recipe, store, lambda event: None, gate=OPEN)


def test_two_trainings_and_their_base_on_the_same_rows(tmp_path: Path):
    store = Store(tmp_path / "home")
    recipe = classify_recipe(tmp_path)
    one = trained(recipe, store)
    lame = trained(with_changes(recipe, {"train.learning_rate": 1e-7, "name": "lame"}), store)
    names = [str(lame.model.path), str(one.model.path), recipe.model]
    report = compare(names, store=store, metrics=["accuracy", "macro_f1"])
    known = report.facts["metrics"]["accuracy"]
    assert list(known["values"]) == names
    # The same numbers as each has by itself, and the difference is theirs.
    alone = evaluate(one.model, recipe, one.data, store=store).facts["metrics"]["accuracy"]
    assert known["values"][names[1]]["value"] == alone["tuned"]["value"]
    apart = known["rivals"][names[1]]["difference"]
    values = [known["values"][name]["value"] for name in names]
    assert apart["value"] == pytest.approx(values[1] - values[0])
    assert apart["test"] == "mcnemar"
    assert apart["p_corrected"] >= apart["p"]
    # An untuned model draws the same head as the lame one's, which hardly moved.
    assert abs(values[2] - values[0]) < 0.2
    codes = [finding.code for finding in report.findings]
    assert codes[0] == ("better" if apart["low"] > 0 else "not-shown")
    assert [table.columns for table in report.tables] == [
        ["metric", *names],
        ["metric", "model", "difference", "p"],
    ]
    assert len(report.tables[1].rows) == 4

    quick = compare(names[:2], store=store, metrics=["accuracy"], until_clear=True)
    assert quick.facts["of"] == known_rows(report)
    asked, part = quick.facts["rows"], quick.facts["differences"][names[1]]
    is_clear = part["low"] > 0 or part["high"] < 0
    assert asked % 32 == 0 if is_clear else asked == quick.facts["of"]
    if asked == quick.facts["of"]:
        assert part["value"] == pytest.approx(apart["value"])
    with pytest.raises(DataError, match="not the mean of a number"):
        compare(names[:2], store=store, metrics=["macro_f1"], until_clear=True)

    _refused(store, recipe, one, lame, tmp_path)


def known_rows(report: Any) -> int:
    return int(report.facts["rows"])


def _refused(store: Store, recipe: Any, one: Any, lame: Any, tmp_path: Path) -> None:
    other = trained(with_changes(recipe, {"data.seed": 7, "name": "other"}), store)
    paths = [str(one.model.path), str(other.model.path)]
    with pytest.raises(DataError, match=r"of which .* are the same"):
        compare(paths, store=store)
    with pytest.raises(DataError, match=r"learned \d+ of the"):
        compare(paths, recipe, store=store)
    with pytest.raises(DataError, match="None of these models was tuned"):
        compare([recipe.model, f"{recipe.model}/."], store=store)
    with pytest.raises(DataError, match="two different models"):
        compare(paths[:1] * 2, store=store)
    talks = chat_recipe(tmp_path / "chat")
    chatter = trained(with_changes(talks, {"train.epochs": 1}), store)
    with pytest.raises(DataError, match="measured as"):
        compare([paths[0], str(chatter.model.path)], store=store)
    data = prepare(recipe, store=store)
    models = [Contestant("a", one.model, data), Contestant("b", lame.model, None)]
    with pytest.raises(DataError, match="not in the store any more"):
        Contest(models, recipe, data, is_own=True).check()
    report = Contest(models, recipe, data, is_own=False).run(store, lambda event: None)
    assert report.findings[0].code == "learned-unknown"


def test_the_untuned_model_is_prompted_and_shown_examples_in_the_same_table(tmp_path: Path):
    store = Store(tmp_path / "home")
    asked = {"evaluate.system": "Answer in one word.", "evaluate.few_shot": 1}
    recipe = with_changes(chat_recipe(tmp_path), asked)
    made = trained(recipe, store)
    report = evaluate(made.model, recipe, made.data, store=store)
    known = report.facts["metrics"]["perplexity"]
    assert list(known["rivals"]) == ["prompted", "1-shot"]
    values = {
        known["base"]["value"],
        *(part["value"]["value"] for part in known["rivals"].values()),
    }
    assert len(values) == 3
    apart = known["rivals"]["1-shot"]["difference"]
    told = known["rivals"]["1-shot"]["value"]["value"]
    assert apart["value"] == pytest.approx(known["tuned"]["value"] - told)
    assert report.tables[0].columns == [
        "metric", "base", "prompted", "1-shot", "tuned", "difference", "p",
    ]  # fmt: skip
    assert report.tables[1].title == "Tuned minus base that is told"
    with pytest.raises(DataError, match="training rows, and 9999"):
        evaluate(
            made.model, with_changes(recipe, {"evaluate.few_shot": 9999}), made.data, store=store
        )
    long = with_changes(recipe, {"evaluate.system": "word " * 5000})
    with pytest.raises(DataError, match="and the model reads"):
        evaluate(made.model, long, made.data, store=store)
