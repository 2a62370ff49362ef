"""Paging through the answers that a run learned from."""

import json

import pytest

from tests.cli.test_main import run
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.training import rounds
from tuneful.training.rounds import Round, Said


def said(answer: str, reward: float | None) -> Said:
    scores = {} if reward is None else {"length": reward}
    failed = {"length": "timeout"} if reward is None else {}
    prompt = [{"role": "user", "content": "Say something. " * 60}]
    facts = {"advantage": [0.5, 0.5]}
    return Said(prompt, answer, scores, failed, reward, [7, 8], is_ended=True, facts=facts)


@pytest.fixture
def sampled(store: Store) -> Run:
    """Two rounds: of steps 1 and 2, and of steps 3 and 4."""
    found = Run.new(store.runs, "small", "0123456789")
    (found.path / "recipe.yaml").write_text("version: 1\n", encoding="utf-8")
    found.metrics.write_text('{"step": 4, "loss": 1.0}\n', encoding="utf-8")
    first = [said("so-so", 0.5), said("\x1b[31mred " + "long" * 40 + "\n語語 " * 30, 0.9)]
    for step, group in ((0, first), (2, [said("bad", 0.1), said("nobody knows", None)])):
        made = Round(step, [3], [[5, 6]], [group], {}, {"reward": 0.5})
        rounds.write(rounds.path_of(found.rollouts, step), made)
    return found


def answers(capsys: pytest.CaptureFixture[str], *flags: str) -> list[str]:
    code, out, _ = run("show", "last", "--json", *flags, capsys=capsys)
    assert code == 0
    return [one["answer"][:8] for one in json.loads(out)["answers"]]


def test_answers_come_best_worst_or_unscored_first(sampled: Run, capsys):
    best = [one[:8] for one in ("\x1b[31mred longlong", "so-so", "bad")]
    assert answers(capsys, "--rollouts") == best
    assert answers(capsys, "--rollouts", "worst") == best[::-1]
    assert answers(capsys, "--rollouts", "failed") == ["nobody k"]
    assert answers(capsys, "--rollouts", "--skip", "1", "--most", "1") == ["so-so"]
    for step in ("3", "4"):
        assert answers(capsys, "--step", step) == ["bad", "nobody k"]
    code, _, err = run("show", "last", "--step", "5", capsys=capsys)
    assert code == 1
    assert "Steps go from 1 to 4" in err


def test_an_answer_fits_the_terminal_and_cannot_colour_it(
    sampled: Run, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "50")
    _, out, _ = run("show", "last", "--rollouts", capsys=capsys)
    assert out.startswith("step 1, row 3: reward 0.9, advantage 0.5\nuser:\n  Say something.")
    assert "\x1b" not in out
    assert "graders:\n  length 0.9" in out
    lines = out.splitlines()
    assert max(len(line) + line.count("語") for line in lines) <= 50


def test_a_run_without_answers_says_so(store: Store, capsys):
    found = Run.new(store.runs, "small", "0123456789")
    (found.path / "recipe.yaml").write_text("version: 1\n", encoding="utf-8")
    code, _, err = run("show", "last", "--rollouts", capsys=capsys)
    assert code == 1
    assert "no sampled answers" in err
