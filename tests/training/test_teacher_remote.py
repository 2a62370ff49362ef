"""A teacher behind an endpoint that fails, stalls and lies: nothing is lost, nothing paid twice."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import Asked, Handler, Server, endpoint
from tuneful.core import endpoint as core_endpoint
from tuneful.core.errors import DataError, ModelError, RecipeError
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.data.rows import Chat
from tuneful.recipe.schema import Recipe
from tuneful.workflow import prepare

COUNT = 90


def recipe(folder: Path, server: Server, *, remote: Any = (), **answers: Any) -> Recipe:
    file = folder / "rows.jsonl"
    rows = [{"prompt": f"How many are {n} and {n}?"} for n in range(COUNT)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    at = {"url": server.url, "timeout_s": 1.0, "retries": 3, **dict(remote)}
    how = {"model": "oracle", "endpoint": at, "max_new_tokens": 8, **answers}
    split = {"test": 0.1, "group_duplicates": "none"}
    data = {"source": str(file), "format": "prompt", "answers": how, "split": split}
    return Recipe.make({"model": "m", "method": "sft", "data": data})


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_endpoint, "sleep", lambda seconds: None)


def number_of(asked: Asked) -> int:
    return int(asked["messages"][-1]["content"].split()[-1].rstrip("?"))


def honest(handler: Handler, asked: Asked, count: int) -> None:
    handler.say(str(2 * number_of(asked)))


def told(data: Dataset) -> dict[int, str]:
    """Every row's answer by its number."""
    rows = [row for split in data.splits for row in data.rows(split) if isinstance(row, Chat)]
    return {int(r.prompt[-1].content.split()[-1][:-1]): r.messages[-1].content for r in rows}


def lines(data: Dataset) -> list[dict[str, Any]]:
    text = (data.path / "answers.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_an_endpoint_with_bad_days_costs_the_rows_it_says_nothing_to(tmp_path: Path, store: Store):
    def moody(handler: Handler, asked: Asked, count: int) -> None:
        n = number_of(asked)
        passing = {
            1: (2, lambda: handler.fail(429, "slow down", Retry_After="0")),
            2: (int(n == 2), lambda: handler.trickle(1.5)),
            3: (3, lambda: handler.send(200, b"{ not JSON")),
        }
        lasting = {
            4: lambda: handler.fail(500),
            5: lambda: handler.say("a very long", "length"),
            6: lambda: handler.say(f"it is {2 * n}"),
            7: lambda: handler.fail(400, "content policy"),
        }
        times, way = passing.get(n % 9, (0, lambda: None))
        if count <= times:
            way()
        elif n < 50 and n % 9 in lasting:
            lasting[n % 9]()
        else:
            honest(handler, asked, count)

    with endpoint(moody) as server:
        asked = recipe(tmp_path, server, json_schema={"type": "integer"}, instruction="Count.")
        data = prepare(asked, store=store)
    known = data.manifest["answers"]
    five = {"no reply": 6, "no end": 5, "other shape": 5, "refused": 5}
    assert known["why"] == five
    assert known["written"] == COUNT - 21
    assert all(answer == str(2 * n) for n, answer in told(data).items())
    assert len(told(data)) == COUNT - 21
    assert all(one["by"] == "oracle" for one in lines(data))
    assert {one["detail"] for one in lines(data) if one["left_out"] == "refused"} == {
        "HTTP 400: content policy"
    }
    turns = server.asked[0]["messages"]
    assert turns[0] == {"role": "system", "content": "Count."}
    assert "Count." not in json.dumps(data.record("train", 0))
    (finding,) = [f for f in data.report().findings if f.code == "answers-left-out"]
    assert finding.level.name == "WARNING"


def test_what_is_answered_is_never_asked_again(tmp_path: Path, store: Store):
    def dies(handler: Handler, asked: Asked, count: int) -> None:
        handler.fail(401, "expired") if len(server.asked) > 50 else honest(handler, asked, count)

    with endpoint(dies) as server:
        asked = recipe(tmp_path, server)
        with pytest.raises(ModelError, match="the key is wrong"):
            prepare(asked, store=store)
        (kept,) = (store.home / "answers").glob("replies-*.jsonl")
        content = kept.read_bytes()
        assert content.count(b"\n") >= 43  # those under way beside the refused one may be late
        kept.write_bytes(content[:-9])  # killed in the middle of a line
        server.asked.clear()
        server.behaviour = honest
        data = prepare(asked, store=store)
        assert len(server.asked) == COUNT - content.count(b"\n") + 1
        assert told(data) == {n: str(2 * n) for n in range(COUNT)}
        server.asked.clear()
        other = prepare(recipe(tmp_path, server, agreement=1.0), store=store)
        assert not server.asked
        assert other.path != data.path


def test_as_many_questions_wait_together_as_may_and_the_same_is_asked_once(
    tmp_path: Path, store: Store
):
    waiting: list[int] = [0]
    most: list[int] = []

    def slow(handler: Handler, asked: Asked, count: int) -> None:
        with server.lock:
            waiting[0] += 1
            most.append(waiting[0])
        time.sleep(0.002)
        with server.lock:
            waiting[0] -= 1
        honest(handler, asked, count)

    with endpoint(slow) as server:
        asked = recipe(tmp_path, server, remote={"at_once": 5})
        file = tmp_path / "rows.jsonl"
        file.write_text(file.read_text() + file.read_text())
        data = prepare(asked, store=store)
    assert max(most) == 5
    assert len(server.asked) == COUNT
    for split in ("train", "validation"):
        learned = [row.prompt for row in data.rows(split) if isinstance(row, Chat)]
        assert len(set(learned)) == len(learned)
    known = data.manifest["answers"]
    assert known["written"] + known["why"]["the same row was there"] == 2 * COUNT
    assert known["why"]["the same row was there"] > COUNT / 2


def test_the_ceiling_is_never_passed(tmp_path: Path, store: Store):
    prices = {"input_usd": 1e6, "output_usd": 1e6}  # a dollar a token: five a reply
    with endpoint(honest) as server:
        asked = recipe(tmp_path, server, remote={"max_usd": 300, **prices})
        with pytest.raises(DataError, match="could pass the ceiling") as caught:
            prepare(asked, store=store)
        spent = 5 * len(server.asked)
        assert 100 < spent <= 300
        assert f"{spent:.4f} of 300 USD" in str(caught.value)
        more = recipe(tmp_path, server, remote={"max_usd": 700, **prices})
        data = prepare(more, store=store)
    assert len(server.asked) == COUNT
    assert data.manifest["answers"]["written"] == COUNT


def test_an_endpoint_that_is_down_stops_the_work(tmp_path: Path, store: Store):
    with endpoint(lambda handler, asked, count: handler.fail(503)) as server:
        with pytest.raises(ModelError, match=r"no reply to 2\d questions in a row: HTTP 503"):
            prepare(recipe(tmp_path, server, remote={"retries": 0}), store=store)
        server.behaviour = honest
        assert len(told(prepare(recipe(tmp_path, server), store=store))) == COUNT


def test_samples_that_disagree_are_outvoted(tmp_path: Path, store: Store):
    def lies(handler: Handler, asked: Asked, count: int) -> None:
        wrong = asked["seed"] == 1 or (number_of(asked) in {4, 5} and asked["seed"] == 2)
        handler.say(str(2 * number_of(asked) + asked["seed"] * wrong))

    with endpoint(lies) as server:
        asked = recipe(tmp_path, server, samples=3, temperature=1.0, agreement=0.6)
        data = prepare(asked, store=store)
    assert len(server.asked) == 3 * COUNT
    assert told(data) == {n: str(2 * n) for n in range(COUNT) if n not in {4, 5}}
    assert data.manifest["answers"]["why"] == {"no agreement": 2}


def test_a_judge_leaves_lies_out_and_what_it_does_not_judge(tmp_path: Path, store: Store):
    def both(handler: Handler, asked: Asked, count: int) -> None:
        said = asked["messages"][-1]["content"]
        if "Reply with one number" not in said:
            n = number_of(asked)
            handler.say(str(2 * n + (n % 10 == 0)))
            return
        n = int(said.split("How many are ")[1].split()[0])
        if n % 10 == 5:
            handler.say("It depends.")
        else:
            handler.say("9" if f"Answer:\n{2 * n}\n" in said else "Only 2 of 10: 2")

    with endpoint(both) as server:
        judge = {"name": "judge", "url": server.url, "model": "judge", "criteria": "Is it right?"}
        data = prepare(recipe(tmp_path, server, graders=[judge], at_least=0.7), store=store)
    assert data.manifest["answers"]["why"] == {"poor": 9, "not graded": 9}
    assert all(int(answer) == 2 * n for n, answer in told(data).items())
    assert {one["score"] for one in lines(data) if not one["left_out"]} == {0.9}


@pytest.mark.parametrize(
    ("remote", "answers", "said"),
    [
        ({"max_usd": 1}, {}, "prices"),
        ({}, {"samples": 3}, "temperature"),
        ({"url": "ftp://x"}, {}, "pattern"),
    ],
)
def test_settings_that_cannot_be(
    remote: dict[str, Any], answers: dict[str, Any], said: str, tmp_path: Path
):
    with endpoint(honest) as server, pytest.raises(RecipeError, match=said):
        recipe(tmp_path, server, remote=remote, **answers)
