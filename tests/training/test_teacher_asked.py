"""Rows in a teacher's words, from an endpoint that fails, stalls and lies: checked and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import world
from tests.endpoint import Asked, Behaviour, Handler, Server, endpoint
from tuneful.core import endpoint as core_endpoint
from tuneful.core.errors import DataError, ModelError, RecipeError
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.data.rewriting import version_of
from tuneful.data.rows import Chat, Labelled
from tuneful.recipe.schema import Recipe
from tuneful.training.teacher_choice import Said
from tuneful.training.teacher_local import Scribe
from tuneful.workflow import prepare

COUNT = 300


def texts() -> list[str]:
    words = [(world.GOOD, world.BAD)[n % 2] for n in range(COUNT)]
    return [f"film {n} was {known[n % 6]}, {known[n % 5]}" for n, known in enumerate(words)]


def recipe(
    folder: Path, *parts: dict[str, Any], rows: list[dict[str, Any]] | None = None
) -> Recipe:
    file = folder / "rows.jsonl"
    known = rows or [{"text": t, "label": ("good", "bad")[n % 2]} for n, t in enumerate(texts())]
    file.write_text("".join(json.dumps(row) + "\n" for row in known), encoding="utf-8")
    split = {"test": 0.1, "validation": 0.1, "group_duplicates": "none"}
    data = {"source": str(file), "augment": list(parts), "split": split}
    method = "classify" if "label" in known[0] else "sft"
    return Recipe.make({"model": "m", "method": method, "data": data})


def part(server: Server, name: str = "paraphrase", *, remote: Any = (), **more: Any) -> Any:
    at = {"url": server.url, "timeout_s": 1.0, "retries": 2, **dict(remote)}
    return {"name": name, "model": "oracle", "share": 1, "endpoint": at, **more}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_endpoint, "sleep", lambda seconds: None)


def text_in(asked: Asked) -> str:
    return str(asked["messages"][-1]["content"]).split("ext:\n")[-1]


def shaped(text: str) -> str:
    return json.dumps({"text": text})


def honest(handler: Handler, asked: Asked, count: int) -> None:
    handler.say(shaped(f"It must be said: {text_in(asked)}!"))


def listed(data: Dataset, name: str) -> list[dict[str, Any]]:
    path = data.path / f"{name}.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_what_a_teacher_gets_wrong_makes_no_row(tmp_path: Path, store: Store):
    ways: dict[int, Behaviour] = {}

    def moody(handler: Handler, asked: Asked, count: int) -> None:
        ways.get(int(text_in(asked).split()[1]), honest)(handler, asked, count)

    def stalls_once(handler: Handler, asked: Asked, count: int) -> None:
        handler.trickle(1.2) if count == 1 else honest(handler, asked, count)

    with endpoint(moody) as server:
        plain = prepare(recipe(tmp_path), store=store)
        held = [r["text"] for s in ("validation", "test") for r in plain.records(s)]
        lies: list[tuple[str, int, Behaviour]] = [
            ("another class by its check", 9, lambda h, a, _: h.say(shaped(
                ("cold, dull, boring", "warm, moving, funny")[int(text_in(a).split()[1]) % 2]
                + f" {text_in(a).split()[1]}"))),
            ("the same row was there", 5, lambda h, a, _: h.say(shaped(text_in(a).upper() + "!"))),
            ("the same text is in a held-out split", 4, lambda h, a, _: h.say(shaped(held[0]))),
            ("other shape", 6, lambda h, a, _: h.say("Sure! Here it is: " + text_in(a))),
            ("other length", 3, lambda h, a, _: h.say(shaped("and so on " * 40))),
            ("refused", 5, lambda h, a, _: h.fail(400, "policy")),
            ("no reply", 2, lambda h, a, _: h.fail(503)),
            ("no end", 3, lambda h, a, _: h.say('{"text": "and', "length")),
        ]  # fmt: skip
        numbers = iter([int(r["text"].split()[1]) for r in plain.records("train")])
        for _, many, way in lies:
            ways |= {next(numbers): way for _ in range(many)}
        ways |= {next(numbers): stalls_once}
        data = prepare(recipe(tmp_path, part(server)), store=store)
        total, known = plain.num_rows("train"), data.manifest["augmented"]
        expected = {why: many for why, many, _ in lies}
        assert known["tries"]["paraphrase"] == {"made": total - 37, **expected}
        assert sorted(known["judged"]) == ["paraphrase"]
        assert known["judged"]["paraphrase"] >= total - 37
        out = listed(data, "rejected")
        assert {why: sum(line["why"] == why for line in out) for why in expected} == expected
        (policy, *_) = [line for line in out if line["why"] == "refused"]
        assert policy["said"] == "HTTP 400: policy"
        wrong = [line for line in out if line["why"] == "another class by its check"]
        assert all("likelier" in line["detail"] and line["text"] for line in wrong)
        made = listed(data, "augmented")
        assert len(made) == data.num_rows("train") - total == total - 37
        for line in made[:20]:
            row, parent = data.record("train", line["row"]), texts()[line["from"][0] - 1]
            assert (line["teacher"], line["steps"]) == ("oracle", ["paraphrase"])
            assert row["text"] == f"It must be said: {parent}!"
            assert row["label"] == ("good", "bad")[(line["from"][0] - 1) % 2]
        codes = {finding.code: finding for finding in data.report().findings}
        assert "paraphrase: 9 of " in codes["label-changed"].evidence
        assert "label-may-change" not in codes
        assert known["teachers"] == [
            {"teacher": "oracle", "place": server.url, "licence": "unknown"}
        ]
        # All but the silent ones are known from then on, whatever is checked.
        server.asked.clear()
        other = prepare(recipe(tmp_path, part(server, check="none")), store=store)
        assert {text_in(asked) for asked in server.asked} == {
            texts()[n] for n, way in ways.items() if way is lies[6][2]
        }
        assert other.num_rows("train") == data.num_rows("train") + 9
        assert (
            "paraphrase" in {f.code: f for f in other.report().findings}["label-may-change"].title
        )


@pytest.mark.slow
def test_a_killed_command_asks_for_nothing_twice_and_ends_alike(tmp_path: Path, store: Store):
    def dies(handler: Handler, asked: Asked, count: int) -> None:
        handler.fail(401, "expired") if len(server.asked) > 90 else honest(handler, asked, count)

    with endpoint(dies) as server:
        asked = recipe(tmp_path, part(server))
        with pytest.raises(ModelError, match="the key is wrong"):
            prepare(asked, store=store)
        assert not list((store.home / "datasets").glob("*.part*"))
        server.behaviour = honest
        done = len({text_in(one) for one in server.asked[:90]})
        server.asked.clear()
        data = prepare(asked, store=store)
        assert data.num_rows("train") == 480
        assert 240 - done <= len(server.asked) <= 240 - done + 8
        server.asked.clear()
        again = prepare(recipe(tmp_path, part(server)), store=store)
        assert again.path == data.path
        assert not server.asked
        whole = prepare(asked, store=Store(tmp_path / "other"))
        assert listed(whole, "augmented") == listed(data, "augmented")


def test_texts_go_there_and_back(tmp_path: Path, store: Store):
    def translates(handler: Handler, asked: Asked, count: int) -> None:
        text = text_in(asked)
        if "into German" in asked["messages"][-1]["content"]:
            assert not text.startswith("der ")
            handler.say(shaped(f"der {text} {asked['seed']}"))
        elif text.endswith(" 1"):
            handler.say("I would rather not.")
        else:
            assert "into English" in asked["messages"][-1]["content"]
            handler.say(shaped(f"the movie {text.removeprefix('der film ')}"))

    with endpoint(translates) as server:
        how = part(server, "back_translate", share=0.1, samples=2, temperature=0.8)
        data = prepare(recipe(tmp_path, how), store=store)
    tries = data.manifest["augmented"]["tries"]["back_translate"]
    assert tries == {"made": 24, "other shape": 24}
    assert len(server.asked) == 96
    for line in listed(data, "augmented"):
        source = texts()[line["from"][0] - 1]
        assert line["steps"] == ["to German", "to English"]
        assert line["through"] == f"der {source} 0"
        assert data.record("train", line["row"])["text"] == f"the movie{source[4:]} 0"


def test_a_judge_is_asked_of_rows_without_one_class_too(tmp_path: Path, store: Store):
    def judges(handler: Handler, asked: Asked, count: int) -> None:
        said = asked["messages"][-1]["content"]
        if "Second text:" not in said:
            honest(handler, asked, count)
        elif "Which one of these classes" in said:
            assert "'bad', 'good'" in said
            handler.say(("Bad.", "good", "neither")[int(text_in(asked).split()[5]) % 3])
        else:
            handler.say(("Yes", "no")[int(said.split("Second")[0].split()[-1][:-1]) % 2])

    with endpoint(judges) as server:
        how = part(server, share=0.5, check="judge")
        data = prepare(recipe(tmp_path, how), store=store)
        known = data.manifest["augmented"]
        tries = known["tries"]["paraphrase"]
        assert sum(tries.values()) == 120
        assert tries["not judged by the judge"] > 20
        assert tries["another class by its check"] > 20
        assert all(line["text"] for line in listed(data, "rejected"))
        turns = [(f"How many are {n}?", f"{n}.") for n in range(60)]
        chats = [
            {"messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}]}
            for a, b in turns
        ]
        data = prepare(recipe(tmp_path, how, rows=chats), store=store)
    row = data.row("train", data.num_rows("train") - 1)
    assert isinstance(row, Chat)
    assert row.messages[0].content.startswith("It must be said: How many")
    n = int(row.messages[1].content[:-1])
    assert n % 2 == 0
    assert data.manifest["augmented"]["tries"]["paraphrase"]["another class by its check"] > 5


@pytest.mark.slow
def test_the_ceiling_holds_for_all_steps_together(tmp_path: Path, store: Store):
    prices = {"input_usd": 1e6, "output_usd": 1e6}  # a dollar a token: five a reply
    with endpoint(honest) as server:
        how = part(server, max_new_tokens=8, remote={"max_usd": 1500, **prices})
        with pytest.raises(DataError, match="could pass the ceiling") as caught:
            prepare(recipe(tmp_path, how, part(server)), store=store)
    assert caught.value.where == "data.augment: paraphrase.endpoint.max_usd"
    assert 600 < 5 * len(server.asked) <= 1500


def test_a_local_teachers_replies_are_kept(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def answers(self: Scribe, prompts: Any, chunk: int) -> list[list[Said]]:
        asked.extend(prompt[-1].content for prompt in prompts)
        said = [prompt[-1].content.split("Text:\n")[1] for prompt in prompts]
        return [[Said(f"Truly, {text}.")] for text in said]

    monkeypatch.setattr(Scribe, "answers", answers)
    teacher = str(world.chat_model(tmp_path / "teacher"))
    how = {"name": "paraphrase", "model": teacher, "share": 0.3, "shape": "text"}
    data = prepare(recipe(tmp_path, how), store=store)
    assert data.manifest["augmented"]["made"] == len(asked) == 72
    row = data.row("train", data.num_rows("train") - 1)
    assert isinstance(row, Labelled)
    assert row.text.startswith("Truly, film")
    asked.clear()
    other = prepare(recipe(tmp_path, how | {"check": "none"}), store=store)
    assert not asked
    assert other.manifest["augmented"]["made"] == 72
    prepare(recipe(tmp_path, how | {"instruction": "Rhyme."}), store=store)
    assert asked[0].startswith("Rhyme. Reply with the new text alone.")


@pytest.mark.parametrize(
    ("text", "shape", "read"),
    [
        ('{"text": " a "}', "json", "a"),
        ('```json\n{"text": "a"}\n```', "json", "a"),
        ('{"text": ""}', "json", ""),
        ('{"text": 3}', "json", ""),
        ('{"text": "a", "note": "b"}', "json", ""),
        ('["a"]', "json", ""),
        ("[" * 10_000, "json", ""),
        (" a\n", "text", "a"),
    ],
)
def test_a_reply_is_read_whole_or_not_at_all(text: str, shape: str, read: str):
    version = version_of(Said(text), shape)
    assert (version.text, version.why) == (read, "" if read else "other shape")


def test_versions_that_would_be_alike_are_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="raise temperature"):
        recipe(tmp_path, {"name": "paraphrase", "model": "m", "samples": 2})
