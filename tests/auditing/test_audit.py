"""An audit is kept, printed and written into its run; bad rows are a finding, not an average."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.auditing.planted import LABELS, Rows, honest, reviews, subject
from tests.world import chat_recipe, classify_recipe
from tuneful.auditing import audit as auditing
from tuneful.auditing.audits.forgetting import Forgetting
from tuneful.cli.main import main
from tuneful.core.errors import UnknownName
from tuneful.core.events import Event
from tuneful.core.report import Report
from tuneful.core.store import Store
from tuneful.data.rows import Labelled
from tuneful.models.predict import Chatter
from tuneful.recipe.change import with_changes
from tuneful.workflow import Gate, audit, find_recipe, train


@pytest.mark.slow
def test_an_audit_is_printed_kept_and_written_into_the_run(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    recipe = classify_recipe(tmp_path, max_steps=6)
    recipe = with_changes(recipe, {"data.split.test": 60, "audit.attack_rows": 4})
    train(recipe, store=store, gate=Gate(fail_on=None))
    code = main(["audit", "last", "--json", "--quiet"])
    value = json.loads(capsys.readouterr().out)
    assert code == (3 if any(f["level"] == "error" for f in value["findings"]) else 0)
    assert {"bias", "robustness"} <= set(value["facts"]["audits"])
    page = Path(value["page"]).read_text(encoding="utf-8")
    assert "Written otherwise" in page
    found, model = find_recipe("last", store)
    assert found == recipe
    assert (Path(model.manifest["run"]) / "reports" / "audit.json").exists()
    told: list[Event] = []
    again = audit(model, found, store=store, listener=told.append)
    assert again.to_json()["facts"] == value["facts"]
    assert {"audit", "reused"} <= {v for e in told for v in map(str, e.data.values())}


@pytest.mark.slow
def test_a_model_that_writes_is_audited_by_its_answers(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def never(*_: Any) -> None:
        raise AssertionError("no audit reads how likely a reference was")

    recipe = with_changes(
        chat_recipe(tmp_path, max_steps=4),
        {"audit.rows": 6, "audit.graders": [{"name": "regex", "pattern": "good"}]},
    )
    model = train(recipe, store=store, gate=Gate(fail_on=None, inspects=False))
    monkeypatch.setattr(Chatter, "answer_logp", never)
    found = audit(model, recipe, store=store)
    facts = found.facts["audits"]
    assert set(facts) == {"artefacts", "bias", "forgetting", "privacy", "robustness"}
    assert {one["who"] for one in facts["robustness"]["disturbed"]} == {"tuned", "base"}
    assert [one["name"] for one in facts["robustness"]["disturbed"] if one["obeyed"]] == [
        "injection",
        "injection",
    ]
    # A base that is never right has nothing to lose.
    by_base = [one["name"] for one in facts["robustness"]["disturbed"] if one["who"] == "base"]
    assert by_base == ["injection"]
    assert {e["score"] for e in facts["bias"]["effects"]} == {"graders"}
    assert facts["forgetting"]["text"]["rows"] > 0
    codes = {f.code for f in found.findings}
    assert {"few-members", "short-texts", "few-swaps", "no-paraphrases"} <= codes
    assert "changed-files" not in codes  # though the adapter's library writes a README of its own


def look(rows: list[Any], tmp_path: Path, **audit_: Any) -> Report:
    known = subject(honest, rows, **audit_)
    model: Any = SimpleNamespace(
        head="classes", labels=LABELS, manifest={"dataset": "data"}, path=tmp_path
    )
    data: Any = Rows(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auditing, "Subject", lambda *_: known)
        return auditing.audit(model, known.recipe, data, known.store)


def test_rows_that_cannot_be_audited_are_a_finding(tmp_path: Path):
    none = look([], tmp_path, audits=["bias"])
    assert [f.code for f in none.findings] == ["no-test-rows", "not-audited"]
    assert none.facts["not_audited"].keys() == {"bias"}
    one = look([Labelled("a wonderful film", "good")] * 40, tmp_path, audits=["bias"])
    assert "one-class" in {f.code for f in one.findings}
    rows = [*reviews(), *[Labelled("so so", "middling")] * 7]
    unknown = look(rows, tmp_path, audits=["bias"])
    (finding,) = [f for f in unknown.findings if f.code == "unknown-labels"]
    assert finding.title.startswith("7 of 127 ")
    assert unknown.facts["audits"]["bias"]["rows"] == 120
    assert json.loads((tmp_path / "audit.json").read_text()) == unknown.to_json()
    with pytest.raises(UnknownName):
        look(reviews(), tmp_path, audits=["beauty"])


def test_what_the_evaluation_says_of_forgetting_is_shown_and_its_lack_said(tmp_path: Path):
    part = {"value": 9.0, "low": 8.0, "high": 10.0}
    apart = {"value": 3.0, "low": 2.0, "high": 4.0, "p": 0.001}
    text = {"text": "speeches", "rows": 60, "base": part, "tuned": part, "difference": apart}
    model: Any = SimpleNamespace(head="tokens", path=tmp_path)

    def look(facts: Any, text: str | None) -> Any:
        (tmp_path / "evaluation.json").write_text(json.dumps({"facts": {"dataset": "x"} | facts}))
        recipe = SimpleNamespace(remember=SimpleNamespace(text=text))
        data = SimpleNamespace(hash="x")
        known: Any = SimpleNamespace(model=model, recipe=recipe, data=data, writes=True)
        return Forgetting().look(known)

    found = look({"forgetting": text}, "speeches")
    assert [f.code for f in found.findings] == ["forgot"]
    assert found.facts["text"]["rows"] == 60
    assert "no general text" in look({}, None).why_not
