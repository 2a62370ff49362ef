"""The command line: light to start, exact in its exit codes, plain in its errors."""

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import classify_recipe, reviews
from tuneful.cli.commands.base import Command
from tuneful.cli.main import main
from tuneful.recipe.write import to_yaml


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        code = main(words)
    except SystemExit as ended:  # argparse leaves so
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_help_imports_nothing_heavy():
    heavy = ["torch", "transformers", "numpy", "pyarrow", "pydantic", "rich", "datasets", "ruamel"]
    program = (
        "import sys\nfrom tuneful.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
    assert "prepare" in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]):
    assert run("--version", capsys=capsys)[:2] == (0, "tuneful 0.1.0\n")


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_give_way_unless_the_user_chose(
    chosen: dict[str, str],
    count: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(os, "environ", {**chosen})
    run("--version", capsys=capsys)
    assert os.environ.get("GOMP_SPINCOUNT") == count


@pytest.mark.parametrize("words", [[], ["tain"], ["train"], ["train", "x.yaml", "--epochs", "3"]])
def test_a_wrong_command_line_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]):
    code, out, err = run(*words, capsys=capsys)
    assert code == 2
    assert not out
    assert "fix: tuneful" in err


def test_a_misspelt_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]):
    code, _, err = run("tain", "x.yaml", capsys=capsys)
    assert code == 2
    assert "'train'" in err


def _command(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Put a command called `version` there that does this."""
    command = Command("", lambda parser: None, lambda args, console: int(bool(work())))
    monkeypatch.setattr("tuneful.cli.commands.schema.COMMAND", command)


def test_a_termination_signal_is_said_and_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _command(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGTERM))
    code, out, err = run("schema", capsys=capsys)
    assert (code, out) == (130, "")
    assert "fix:" in err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_libraries_warn_of_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _command(monkeypatch, lambda: warnings.warn("deprecated", FutureWarning, stacklevel=1))
    monkeypatch.setattr(sys, "warnoptions", [])
    assert run("schema", capsys=capsys) == (0, "", "")


def test_a_missing_recipe_is_the_users_error(capsys: pytest.CaptureFixture[str]):
    code, out, err = run("plan", "nowhere.yaml", capsys=capsys)
    assert code == 1
    assert not out
    assert "at:  nowhere.yaml" in err
    assert "fix:" in err


def test_errors_are_json_for_programs(capsys: pytest.CaptureFixture[str]):
    code, out, _ = run("plan", "nowhere.yaml", "--json", capsys=capsys)
    assert code == 1
    assert json.loads(out)["error"]["type"] == "RecipeError"


def test_a_misspelt_key_names_line_and_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "r.yaml"
    path.write_text("version: 1\nmodel: m\ndata: {source: d.csv}\nmethod: classify\nsede: 3\n")
    code, _, err = run("prepare", str(path), capsys=capsys)
    assert code == 1
    assert f"{path}:5" in err
    assert "'seed'" in err


def test_new_writes_a_recipe_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "mine.yaml"
    source = reviews(tmp_path / "reviews.csv")
    code, out, _ = run("new", str(path), "--data", str(source), capsys=capsys)
    assert code == 0
    assert str(path) in out
    assert run("prepare", str(path), "--quiet", capsys=capsys)[0] == 0
    assert run("new", str(path), capsys=capsys)[0] == 1


def test_what_new_writes_is_a_recipe_of_every_method(tmp_path: Path):
    from tuneful.methods import METHODS
    from tuneful.methods.base import DataFacts
    from tuneful.recipe.schema import Recipe

    for method in METHODS.table:
        path = tmp_path / f"{method}.yaml"
        assert main(["new", str(path), "--method", method]) == 0
        found = Recipe.load(path).method
        assert found.name == method
        assert METHODS[method](found, DataFacts(("a", "b"), (1, 1))).config == found
        assert '""' not in path.read_text(encoding="utf-8")  # an example of each setting needed


def test_new_answers_a_misspelt_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code, _, err = run("new", str(tmp_path / "x"), "--method", "gropo", capsys=capsys)
    assert code == 1
    assert "'grpo'" in err
    assert not list(tmp_path.glob("x*"))


def test_prepare_gives_its_report_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml(classify_recipe(tmp_path)))
    code, out, err = run("prepare", str(path), "--json", "--quiet", capsys=capsys)
    assert (code, err) == (0, "")
    value = json.loads(out)
    assert value["facts"]["splits"] == {"train": 160, "validation": 20, "test": 20}
    assert (Path(value["dataset"]) / "manifest.json").exists()


def test_progress_goes_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml(classify_recipe(tmp_path)))
    _, out, err = run("prepare", str(path), "--json", capsys=capsys)
    assert "prepare done" in err
    json.loads(out)


def test_completion_knows_every_command_and_flag(capsys: pytest.CaptureFixture[str]):
    for shell in ("bash", "zsh", "fish"):
        code, out, _ = run("completion", shell, capsys=capsys)
        assert code == 0
        assert "evaluate" in out
        assert "fail-on" in out


def test_bash_completes_flags():
    script = subprocess.run(
        [sys.executable, "-m", "tuneful", "completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    asked = script + "\nCOMP_WORDS=(tuneful train --f); COMP_CWORD=2; _tuneful\n"
    done = subprocess.run(
        ["bash", "-c", asked + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(done.stdout.split()) == ["--fail-on", "--fix"]


def test_schema_is_json(capsys: pytest.CaptureFixture[str]):
    code, out, _ = run("schema", capsys=capsys)
    assert code == 0
    assert "properties" in json.loads(out)


def test_lists_say_when_there_is_nothing(capsys: pytest.CaptureFixture[str]):
    code, out, err = run("list", capsys=capsys)
    assert (code, out) == (0, "")
    assert "no runs" in err
    assert run("list", "--json", capsys=capsys)[1].strip() == "[]"


@pytest.mark.parametrize("kind", ["methods", "adapters", "formats", "metrics", "sources"])
def test_lists_name_the_parts(kind: str, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run("list", kind, "--json", capsys=capsys)
    assert code == 0
    assert len(json.loads(out)) >= 2


def test_show_of_an_unknown_run_says_what_to_do(capsys: pytest.CaptureFixture[str]):
    code, _, err = run("show", "last", capsys=capsys)
    assert code == 1
    assert "tuneful list" in err


def test_doctor_says_what_will_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HF_TOKEN", "hf_dont_tell")
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@index.example/simple")
    code, out, _ = run("doctor", "--json", capsys=capsys)
    assert "hf_dont_tell" not in out
    environment = json.loads(out)["facts"]["environment"]
    assert environment["HF_TOKEN"] == "set"
    assert environment["PIP_INDEX_URL"] == "https://…@index.example/simple"
    assert environment["TUNEFUL_HOME"].endswith("home")
    facts = json.loads(out)["facts"]
    assert code in {0, 3}
    assert facts["machine"]["cores"] >= 1
    assert "torch" in facts["versions"]


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(tmp_path: Path):
    environment = {**os.environ, "TUNEFUL_HOME": str(tmp_path)}
    command = f"{sys.executable} -m tuneful schema | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0
    assert done.stderr == ""
