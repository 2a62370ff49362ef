"""tuneful data: rows, tokens and differences on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.world import chat_model, chats, encoder, reviews
from tuneful.cli.main import main


@pytest.fixture
def recipe(tmp_path: Path):
    """Write a recipe of the small world and return its path."""

    def recipe(kind: str) -> Path:
        if kind == "chat":
            model, data, method = chat_model(tmp_path / "m"), chats(tmp_path / "c.jsonl"), "sft"
        else:
            model, data, method = encoder(tmp_path / "m"), reviews(tmp_path / "r.csv"), "classify"
        path = tmp_path / f"{kind}.yaml"
        path.write_text(f"model: {model}\ndata: {{source: {data}}}\nmethod: {method}\n")
        return path

    return recipe


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["data", *arguments, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


def test_learned_tokens_are_the_answers(recipe: Any, capsys: pytest.CaptureFixture[str]):
    (one,) = result(capsys, "tokens", str(recipe("chat")), "--most", "1")
    learned = "".join(token["text"] for token in one["tokens"] if token["weight"])
    assert learned in {"good<|im_end|>", "bad<|im_end|>"}
    given = "".join(token["text"] for token in one["tokens"] if not token["weight"])
    assert given.startswith("<|im_start|>user\n")


def test_tokens_without_colour_mark_what_is_learned(
    recipe: Any, capsys: pytest.CaptureFixture[str]
):
    assert main(["data", "tokens", str(recipe("chat")), "--most", "1", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("train row 0: ")
    assert "[good<|im_end|>]" in out or "[bad<|im_end|>]" in out


def test_a_classifiers_tokens_and_their_page(
    recipe: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path, page = str(recipe("classify")), tmp_path / "page.html"
    (one,) = result(capsys, "tokens", path, "--split", "test", "--row", "1", "--most", "1")
    assert one["label"] in {"good", "bad"}
    assert one["tokens"][0]["text"] == "[CLS]"
    assert main(["data", "tokens", path, "--html", str(page), "--quiet"]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<h2>train row") == 3
    assert '<span class="t s" title="2, weight 0">[CLS]</span>' in text
    assert main(["data", "tokens", path, "--row", "9999", "--quiet"]) == 1


def test_rows_are_looked_at_and_compared(recipe: Any, capsys: pytest.CaptureFixture[str]):
    path = str(recipe("classify"))
    found = result(capsys, "look", path, "--label", "good", "--most", "2")
    assert [row["values"]["label"] for row in found["chosen"]] == ["good", "good"]
    assert result(capsys, "look", "last", "--most", "1")["chosen"] == found["chosen"][:1]
    assert main(["data", "look", path, "--most", "1"]) == 0
    assert capsys.readouterr().out.startswith("source row ")
    same = result(capsys, "diff", path, "last")
    assert same["facts"]["added"] == same["facts"]["removed"] == 0
    assert main(["data", "diff", path, "nothing-of-the-sort", "--quiet"]) == 1


def test_a_report_counts_the_tokens_of_an_epoch(recipe: Any, tmp_path: Path, capsys: Any):
    path, page = str(recipe("encoder")), tmp_path / "page.html"
    shown = result(capsys, "tokens", path, "--most", "100000")
    exact = sum(len(one["tokens"]) for one in shown)
    whole = result(capsys, "report", path, "--rows", "0", "--usd", "2", "--html", str(page))
    tokens = whole["facts"]["tokens"]
    assert tokens["tokens"] == tokens["low"] == tokens["high"] == pytest.approx(exact)
    assert tokens["is_exact"]
    table = dict(whole["tables"][-1]["rows"])
    assert table["tokens of an epoch"] == f"{exact:,}, exactly"
    assert table["cost of an epoch"] == f"{exact * 2e-6:.2f} USD at 2 USD a million"
    assert "Tokens of a sequence" in page.read_text(encoding="utf-8")
    some = result(capsys, "report", path, "--rows", "30")["facts"]["tokens"]
    assert some["low"] < exact < some["high"] < 1.3 * exact
    folder = whole["dataset"]
    assert "tokens" not in result(capsys, "report", folder)["facts"]


def test_people_who_rated_the_same_rows_are_compared(tmp_path: Path, capsys: Any):
    # Krippendorff 2011: two observers, ten units, 0.095; units 1, 2, 3, 6 and 9 differ.
    path = tmp_path / "rated.csv"
    pairs = zip("0100000010", "1110010000", strict=True)
    lines = [f"film {n},{one},{other}" for n, (one, other) in enumerate(pairs, start=1)]
    path.write_text("\n".join(["text,anna,bob", *lines, "film 11,1,"]) + "\n", encoding="utf-8")
    found = result(capsys, "agreement", str(path), "--ratings", "anna,bob", "--most", "3")
    assert found["facts"]["alpha"] == pytest.approx(0.095, abs=5e-4)
    assert (found["facts"]["items"], found["facts"]["ratings"]) == (10, 20)
    assert found["facts"]["most_disputed"] == [1, 3, 6]
    assert found["findings"][0]["level"] == "warning"
    assert main(["data", "agreement", str(path), "--ratings", "carl", "--quiet"]) == 1
    assert "there are text, anna, bob" in capsys.readouterr().err
    wrong = ["data", "agreement", str(path), "--ratings", "text,bob", "--scale", "ordinal"]
    assert main([*wrong, "--quiet"]) == 1
    assert "'film 1' is no number" in capsys.readouterr().err
