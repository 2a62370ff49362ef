"""Paraphrases of test rows come from a teacher that fails and lies; none is taken unlooked at."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.auditing.planted import LABELS, Rows, honest, reviews, subject
from tests.endpoint import Asked, Handler, Server, endpoint
from tests.world import chat_model
from tuneful.auditing import audit as auditing
from tuneful.auditing.audits.base import Audited
from tuneful.auditing.audits.robustness import Robustness
from tuneful.core import endpoint as core_endpoint
from tuneful.core.errors import DataError, ModelError, RecipeError
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.training.teacher_choice import Said
from tuneful.training.teacher_local import Scribe

ROWS = reviews(96)
OTHER_WORDS = {"wonderful": "splendid", "dull": "tedious"}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_endpoint, "sleep", lambda seconds: None)


def teacher(server: Server, *, remote: Any = (), **more: Any) -> dict[str, Any]:
    at = {"url": server.url, "timeout_s": 1.0, "retries": 1, **dict(remote)}
    return {"model": "oracle", "endpoint": at, **more}


def is_verdict(asked: Asked) -> bool:
    return "Second text:" in asked["messages"][-1]["content"]


def text_in(asked: Asked) -> str:
    return str(asked["messages"][-1]["content"]).split("ext:\n")[-1]


def anew(text: str) -> str:
    for word, other in OTHER_WORDS.items():
        text = text.replace(word, other)
    return text


def label_of(text: str) -> str:
    return "good" if "wonderful" in text or "splendid" in text else "bad"


def able(handler: Handler, asked: Asked, count: int) -> None:
    """Says it in other words, and judges rightly."""
    text = text_in(asked)
    handler.say(label_of(text) if is_verdict(asked) else json.dumps({"text": anew(text)}))


def look(server: Server, store: Store, say: Any = honest, **more: Any) -> Audited:
    made = subject(say, ROWS, store=store, teacher=teacher(server, **more))
    return Robustness().look(made)


def test_a_model_that_knows_two_words_loses_paraphrases_and_one_that_reads_does_not(store: Store):
    with endpoint(able) as server:
        found = look(server, store)
        (fault,) = [f for f in found.findings if f.where == "audit: robustness, paraphrase"]
        assert (fault.code, fault.fix) == (
            "fragile",
            "data.augment: [paraphrase] trains on such texts.",
        )
        assert "-50.0 %" in fault.title  # the other half is bad, and 0 is called bad
        assert found.facts["paraphrases"] | {"examples": 0} == {
            "asked": 96,
            "accepted": 96,
            "left_out": {},
            "judged": 96,
            "unchecked": "",
            "teacher": "oracle",
            "place": server.url,
            "licence": "unknown",
            "examples": 0,
        }
        assert [anew(text) for text, _ in found.facts["paraphrases"]["examples"]] == [
            made for _, made in found.facts["paraphrases"]["examples"]
        ]
        reads = look(server, store, lambda text: 3.0 if label_of(text) == "good" else -3.0)
    assert not [f for f in reads.findings if f.where == "audit: robustness, paraphrase"]


def test_what_a_teacher_gets_wrong_is_left_out_counted_and_not_asked_again(store: Store):
    number = {row.text: at for at, row in enumerate(ROWS)}
    number |= {anew(text): at for text, at in number.items()}

    def moody(handler: Handler, asked: Asked, count: int) -> None:
        text = text_in(asked)
        way = number[text] % 8
        if is_verdict(asked):
            wrong = {"good": "bad", "bad": "good"}[label_of(text)]
            handler.say({5: wrong, 6: "Both are fine."}.get(way, label_of(text)))
            return
        said = {0: "I cannot do that.", 1: json.dumps({"text": text.upper()})}
        said |= {3: json.dumps({"text": text * 9}), 4: ""}
        if way == 2:
            handler.fail(500)
        else:
            said = said.get(way, json.dumps({"text": anew(text)}))
            handler.say(said, "content_filter" if way == 4 else "stop")

    with endpoint(moody) as server:
        found = look(server, store)
        assert found.facts["paraphrases"]["left_out"] == {
            "other shape": 12,
            "the same row was there": 12,
            "no reply": 12,
            "other length": 12,
            "refused": 12,
            "another class by its check": 12,
            "not judged by the judge": 12,
        }
        (note,) = [f for f in found.findings if f.code == "paraphrases-left-out"]
        assert note.title.startswith("84 of 96 rows have no paraphrase")
        (line,) = [one for one in found.facts["disturbed"] if one["name"] == "paraphrase"]
        assert line["rows"] == 12
        first = len(server.asked)
        assert look(server, store).facts["paraphrases"] == found.facts["paraphrases"]
        assert len(server.asked) - first == 24  # those without a reply, twice each


def test_a_classifier_of_the_training_rows_may_check_instead(store: Store):
    def swaps(handler: Handler, asked: Asked, count: int) -> None:
        assert not is_verdict(asked)
        word, other = ("wonderful", "dull") if label_of(text_in(asked)) == "good" else ("", "")
        handler.say(json.dumps({"text": "So " + text_in(asked).replace(word or "\0", other)}))

    with endpoint(swaps) as server:
        known = teacher(server, check="head")
        made = subject(honest, ROWS, train=reviews(400, 1), store=store, teacher=known)
        assert made.paraphrased is not None
        assert made.paraphrased.left_out == {"another class by its check": 48}
        assert made.paraphrased.judged == 96
        few = subject(honest, ROWS, train=reviews(20, 1), store=store, teacher=known)
        found = Robustness().look(few)
        assert "unchecked-paraphrases" in {f.code for f in found.findings}
        assert "too few rows" in found.facts["paraphrases"]["unchecked"]


def test_a_teacher_on_this_machine_is_asked_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def answers(self: Scribe, prompts: Any, chunk: int) -> list[list[Said]]:
        asked.extend(prompt[-1].content for prompt in prompts)
        said = [prompt[-1].content.split("Text:\n")[1] for prompt in prompts]
        return [[Said(f"Truly, {text}")] for text in said]

    monkeypatch.setattr(Scribe, "answers", answers)
    local = {"model": str(chat_model(tmp_path / "teacher")), "shape": "text", "check": "none"}
    for count in (96, 0):
        found = Robustness().look(subject(honest, ROWS, store=store, teacher=local))
        assert found.facts["paraphrases"]["accepted"] == 96
        assert "unchecked-paraphrases" in {f.code for f in found.findings}
        assert len(asked) == count
        asked.clear()


def test_a_teacher_that_writes_nothing_fit_leaves_the_other_forms(store: Store):
    with endpoint(lambda handler, asked, count: handler.say("Sure!")) as server:
        found = look(server, store)
    (note,) = [f for f in found.findings if f.code == "paraphrases-left-out"]
    assert "paraphrases were not audited" in note.title
    assert "paraphrase" not in {one["name"] for one in found.facts["disturbed"]}
    assert "typos" in {one["name"] for one in found.facts["disturbed"]}


def test_a_teacher_that_answers_nobody_is_known_before_any_model_is_asked(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def never(text: str) -> float:
        raise AssertionError(text)

    def audited(how: dict[str, Any]) -> None:
        known = subject(never, ROWS, store=store, teacher=how)
        model: Any = SimpleNamespace(
            head="classes", labels=LABELS, manifest={"dataset": "data"}, path=tmp_path
        )
        monkeypatch.setattr(auditing, "Subject", lambda *_: known)
        auditing.audit(model, known.recipe, Rows(ROWS), store)  # type: ignore[arg-type]

    refusing = endpoint(lambda handler, asked, count: handler.fail(401))
    with refusing as server, pytest.raises(ModelError, match="the key is wrong"):
        audited(teacher(server))
    with endpoint(lambda handler, asked, count: handler.fail(503)) as server:
        with pytest.raises(ModelError) as caught:
            audited(teacher(server))
        assert "audit.teacher" in str(caught.value)
    with endpoint(able) as server:
        prices = {"max_usd": 1000.0, "input_usd": 1e6, "output_usd": 1e6}
        with pytest.raises(DataError, match="ceiling") as stopped:
            audited(teacher(server, remote=prices))
        assert "audit.teacher" in str(stopped.value)
    with pytest.raises(RecipeError, match=r"audit\.teacher"):
        Recipe.make(
            {"model": "m", "method": "sft", "data": {"source": "x"}, "audit": {"teacher": {}}}
        )
