"""From rows to a model that answers, by the command line alone."""

import csv
import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.world import chat_recipe, classify_recipe, encoder, reviews
from tuneful.cli.main import main
from tuneful.core.environment import home
from tuneful.recipe.write import to_yaml

FAULTS = """\
version: 1
name: tutorial
model: {model}
data:
  source: {source}
  take: {{train: 100, test: 40, order: first}}
  split: {{validation: 0, test: 0}}
method: classify
train:
  epochs: 5
  batch_size: 8
  learning_rate: 5e-3
  warmup_steps: 500
  precision: fp32
  threads: 1
evaluate:
  metrics: []
"""


def sorted_reviews(folder: Path) -> Path:
    """Reviews in the order that published data sets have: one class after the other."""
    path = reviews(folder / "mixed.csv", 300)
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with (folder / "sorted.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([rows[0], *sorted(rows[1:], key=lambda row: row[1])])
    return folder / "sorted.csv"


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    path = tmp_path / "tutorial.yaml"
    model, source = encoder(tmp_path / "model"), sorted_reviews(tmp_path)
    path.write_text(FAULTS.format(model=model, source=source), encoding="utf-8")
    return path


class Made(NamedTuple):
    """A recipe that was run by the command line, where to, and what it said."""

    recipe: Path
    home: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    path, home = folder / "small.yaml", folder / "home"
    path.write_text(to_yaml(classify_recipe(folder)), encoding="utf-8")
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TUNEFUL_HOME", str(home))
        with redirect_stdout(out), redirect_stderr(err):
            assert main(["run", str(path), "--yes"]) == 0
    return Made(path, home, out.getvalue(), err.getvalue())


@pytest.fixture
def made(made_once: Made, monkeypatch: pytest.MonkeyPatch) -> Made:
    """It, in its home."""
    monkeypatch.setenv("TUNEFUL_HOME", str(made_once.home))
    return made_once


def test_the_three_faults_are_refused(tutorial: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["train", str(tutorial), "--json", "--quiet"]) == 3
    out, err = capsys.readouterr()
    findings = json.loads(out)["error"]["findings"]
    errors = {finding["code"] for finding in findings if finding["level"] == "error"}
    assert errors == {"single-class", "warmup-too-long", "no-metric"}
    assert all(finding["evidence"] and finding["fix"] for finding in findings)
    assert "--fix" in err
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_mended_recipe_trains(tutorial: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["run", str(tutorial), "--fix", "--json", "--quiet"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["changes"] == {
        "data.take.order": "random",
        "train.warmup_steps": None,
        "evaluate.metrics": "auto",
    }
    assert value["facts"]["metrics"]["accuracy"]["tuned"]["value"] > 0.8


def test_nothing_is_listed_before_a_model_gained(capsys: pytest.CaptureFixture[str]):
    assert main(["list", "gains", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_models_gained_is_listed(made: Made, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", str(made.recipe), "--quiet", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["facts"]["metrics"]
    assert main(["list", "gains", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["metric"] for row in rows] == [known["title"] for known in metrics.values()]
    assert rows[0]["tuned"].startswith(f"{metrics['accuracy']['tuned']['value']:.1%}"[:-1])
    assert rows[0]["difference"].startswith(
        f"{metrics['accuracy']['difference']['value']:+.1%}"[:-1]
    )


def test_a_classifier_is_made_asked_and_shown(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert "accuracy, %" in made.out
    assert "Next:" in made.out
    assert "step 40/40" in made.err
    assert (
        main(
            [
                "predict",
                "run:last",
                "a wonderful warm film .",
                "the plot was dull , clumsy and loud .",
            ]
        )
        == 0
    )
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["label"] for one in said] == ["good", "bad"]
    assert all(0.5 <= one["confidence"] <= 1 for one in said)
    assert sum(said[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert main(["show", "last"]) == 0
    assert "Planned and measured" in capsys.readouterr().out
    assert main(["show", "last", "--html", str(tmp_path / "run.html")]) == 0
    assert "<h2>Base and tuned</h2>" in (tmp_path / "run.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["evaluate", str(made.recipe), "--json", "--quiet"]) == 0
    value = json.loads(capsys.readouterr().out)
    card = (Path(value["model"]) / "README.md").read_text(encoding="utf-8")
    assert f"{value['facts']['metrics']['accuracy']['tuned']['value'] * 100:.1f} %" in card
    assert "For whom is it better?" in Path(value["page"]).read_text(encoding="utf-8")
    given_away = json.loads((Path(value["model"]) / "evaluation.json").read_text(encoding="utf-8"))
    assert list(given_away["facts"]["analysis"]["examples"]) == ["counts"]  # no row's text
    assert list(value["facts"]["analysis"]["examples"]) == ["counts", "mended", "broken", "worst"]


def test_other_rows_show_where_labels_were_flipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml(classify_recipe(tmp_path)), encoding="utf-8")
    main(["run", str(path), "--yes", "--quiet"])
    kept = sorted(path.name for path in (home() / "models").glob("*/*"))
    with reviews(tmp_path / "plain.csv", 300, seed=5).open(encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    with (tmp_path / "other.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "shop"])
        for number, (text, label) in enumerate(rows):
            is_flipped = number % 10 in {0, 5}
            other = {"good": "bad", "bad": "good"}[label]
            writer.writerow([text, other if is_flipped else label, "xyyyy"[number % 5]])
    capsys.readouterr()
    other = ["--data", str(tmp_path / "other.csv"), "--quiet"]
    assert main(["evaluate", "last", *other, "--json"]) in {0, 3}
    value = json.loads(capsys.readouterr().out)
    facts = value["facts"]
    weak = [one for one in facts["analysis"]["slices"] if one["verdict"] in {"weak", "both"}]
    assert ("shop", "x") in [(one["facet"], one["name"]) for one in weak]
    assert facts["rows"] == 298  # a data set keeps a row of each class to train on
    assert facts["elsewhere"]["metrics"]["accuracy"]["difference"]["high"] < 0
    assert "calibration" not in facts
    assert Path(value["page"]).parent.parent.name == "evaluations"
    with (Path(value["page"]).parent / "rows.jsonl").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 298
    assert sorted(path.name for path in (home() / "models").glob("*/*")) == kept
    assert main(["evaluate", "last", *other, "--long"]) in {0, 3}  # kept: nobody is asked again
    assert "By shop: accuracy" in capsys.readouterr().out


@pytest.mark.usefixtures("made")
def test_a_file_is_asked_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = reviews(tmp_path / "new.csv", 30, seed=5)
    assert main(["predict", "run:last", str(source), "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 30
    assert main(["predict", "run:last", str(source), "--column", "txt", "--quiet"]) == 1
    assert "--column" in capsys.readouterr().err
    assert main(["predict", "run:last", "nwe.csv"]) == 1
    assert "no file 'nwe.csv'" in capsys.readouterr().err
    assert main(["predict", "run:last", "a caf\udce9"]) == 1  # a byte that is no UTF-8
    assert "UTF-8" in capsys.readouterr().err
    lines = tmp_path / "new.txt"
    lines.write_bytes(b"\xef\xbb\xbfa film\r\n\r\nthe plot\n")
    assert main(["predict", "run:last", str(lines)]) == 0
    said = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["a film", "", "the plot"]
    lines.write_bytes(b"a film\na caf\xe9\n")
    assert main(["predict", "run:last", str(lines)]) == 1
    assert "new.txt:2" in capsys.readouterr().err


@pytest.mark.slow
def test_rows_alone_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    reviews(tmp_path / "reviews.csv")
    model = encoder(tmp_path / "tiny")
    settings = ["--set", "train.learning_rate=5e-3", "--set", "train.threads=1"]
    words = ["train", "reviews.csv", "--model", str(model), *settings, "--yes"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "method: classify" in err
    written = tmp_path / "reviews-tiny.yaml"
    assert f"evaluate {written.name}" in out.splitlines()[-1]
    assert "learning_rate: 0.005" in written.read_text(encoding="utf-8")
    assert main(["train", str(written), "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_done"] is True


def test_rows_without_a_model_say_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["train", str(reviews(tmp_path / "reviews.csv"))]) == 1
    assert "--model" in capsys.readouterr().err


def test_an_encoder_is_not_taught_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    recipe = chat_recipe(tmp_path)
    path = tmp_path / "chat.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    model = encoder(tmp_path / "encoder")
    assert main(["train", str(path), "--set", f"model={model}", "--yes"]) == 1
    assert "encoder" in capsys.readouterr().err
    assert main(["predict", str(model), "hello"]) == 1
    assert "encoder" in capsys.readouterr().err


@pytest.mark.slow
def test_a_chat_model_is_made_and_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "chat.yaml"
    path.write_text(to_yaml(chat_recipe(tmp_path)), encoding="utf-8")
    assert main(["run", str(path), "--yes", "--json", "--quiet"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["facts"]["metrics"]["perplexity"]["difference"]["high"] < 0
    assert main(["predict", value["model"], "a dull film"]) == 0
    assert "answer" in json.loads(capsys.readouterr().out)
    lines = iter(["a wonderful film\n", "\n", "a dull one\n"])
    monkeypatch.setattr("sys.stdin", lines)
    monkeypatch.setattr("tuneful.cli.commands.chat._lines", lambda: (x.rstrip() for x in lines))
    assert main(["chat", value["model"], "--max-new-tokens", "4", "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
def test_the_same_from_python(tmp_path: Path):
    import tuneful

    assert dir(tuneful) == sorted(tuneful.__all__)
    recipe = classify_recipe(tmp_path)
    data = tuneful.prepare(recipe)
    plan = tuneful.plan(recipe, data)
    model = tuneful.train(recipe, data, plan, gate=tuneful.Gate(fail_on=None))
    report = tuneful.evaluate(model, recipe)
    assert plan.fits
    assert report.facts["rows"] == data.num_rows("test") == 20
    assert tuneful.train(recipe).path == model.path
