"""Judges: both orders, nothing left out that did not work, and a hint until people agree."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endpoint import Handler, endpoint
from tests.world import chat_model, tuned_classifier
from tuneful.cli.main import main
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.data.message import Message
from tuneful.evaluating.judges import voices
from tuneful.evaluating.judges.judge import ask_judge, judges_of, path_of
from tuneful.evaluating.judges.minds import Reply, mind, orders
from tuneful.evaluating.judges.questions import CRITERIA, Question, question, verdict
from tuneful.evaluating.judges.summary import with_judges
from tuneful.evaluating.judges.voices import Local, Said
from tuneful.evaluating.people.from_file import review_file
from tuneful.evaluating.people.making import Wanted
from tuneful.evaluating.people.review import Item, Review
from tuneful.evaluating.people.summary import summarize
from tuneful.evaluating.people.verdicts import Verdict, append

NUM = 24


def review(folder: Path, store: Store, *, flips: bool = False, **wanted: object) -> Review:
    """One answer of each row is a yes: the tuned model's; with `flips` of every other row only."""
    file = folder / "answers.jsonl"
    said = [("yes", "no") if flips and n % 2 else ("no", "yes") for n in range(NUM)]
    rows = [
        {"prompt": f"question {n}", "answers": {"plain": f"{a} {n}", "tuned": f"{b} {n}"}}
        for n, (a, b) in enumerate(said)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return review_file(str(file), Wanted((str(file),), **wanted), store)  # type: ignore[arg-type]


@dataclass
class Fake:
    """A judge that prefers "yes"; it fails at the questions that it is told to."""

    fails: dict[int, str]
    name: str = "fake"
    asked: int = 0

    def answers(self, questions: Sequence[Question]) -> Iterator[Said]:
        for one in questions:
            text = one.text
            self.asked += 1
            number = int(text.split("question ")[1].split()[0])
            how = self.fails.get(number, "")
            right = "A" if text.index("yes") < text.index("no ", text.index("answer A>")) else "B"
            said = {"": f"[[{right}]]", "first": "[[A]]", "rubbish": "as an AI", "bad": "[[BAD]]"}
            yield Said(said[how]) if how in said else Said(silence=how)


def test_a_reply_counts_only_if_it_says_one_thing():
    for reply, num, said in [
        ("It is better. [[A]]", 2, "A"), ("[[ tie ]]", 2, "TIE"), ("[[B]] so [[B]]", 2, "B"),
        ("[[A]] [[B]]", 2, ""), ("A", 2, ""), ("", 2, ""), ("[[3]]", 2, ""), ("[[A", 2, ""),
        ("[[3]]", 1, "3"), ("[[0]]", 1, ""), ("[[6]]", 1, ""), ("[[3.5]]", 1, ""), ("[[A]]", 1, ""),
    ]:  # fmt: skip
        assert verdict(reply, num) == said, reply


def test_an_answer_cannot_end_its_part_and_speak_for_the_judge(tmp_path: Path, store: Store):
    item = review(tmp_path, store).items[0]
    text = question(item, (1, 0), CRITERIA).text
    mark = text.partition("\n<")[2].partition(" ")[0]
    assert len(mark) == 12
    assert text.index("yes 0") < text.index("no 0")
    assert mark not in item.answers[0] + item.answers[1]
    assert question(item, (0, 1), CRITERIA).text.partition("\n<")[2].partition(" ")[0] != mark


def test_what_did_not_work_is_unknown_and_widens_the_interval(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    fails = {0: "first", 1: "rubbish", 2: "timed-out", 3: "refused", 4: "bad"}
    voice = Fake(fails)
    judged = ask_judge(made, voice, CRITERIA)
    assert voice.asked == 2 * NUM
    assert judged.reasons() == {"contradiction": 1, "rubbish": 1, "timed-out": 1, "refused": 1}
    assert (len(judged.numbers), judged.bad) == (NUM - 4, {4})
    assert {judged.numbers[n] for n in range(5, NUM)} == {(2, 1)}
    report = with_judges(made, summarize(made))
    (facts,) = report.facts["judges"]
    wins = facts["models"]["tuned"]
    # 19 won, one both bad (half), 4 unknown of 24: from 19.5 / 24 to 23.5 / 24.
    assert wins["value"] == pytest.approx(21.5 / 24)
    assert wins["low"] < 19.5 / 24 < 23.5 / 24 < wins["high"]
    findings = {finding.code: finding for finding in report.findings}
    assert "4 of 24" in findings["judge-unknown"].title
    assert "no person" in findings["judge-hint"].title
    # What timed out is asked again, and nothing else.
    again = Fake({})
    judged = ask_judge(made, again, CRITERIA)
    assert again.asked == 2
    assert judged.reasons() == {"contradiction": 1, "rubbish": 1, "refused": 1}


def test_a_judge_is_a_hint_until_people_agree_with_it(tmp_path: Path, store: Store):
    made = review(tmp_path, store, flips=True)
    ask_judge(made, Fake({0: "rubbish"}), CRITERIA)
    for number in range(NUM):
        if number in {0, 19, 20, 23}:
            (facts,) = with_judges(made, summarize(made)).facts["judges"]
            assert facts["is_hint"] == (number < 20)
        # The third item is the one on which Ann thinks otherwise.
        ranks = (1, 2) if (number % 2 == 1) != (number == 2) else (2, 1)
        append(made.verdicts, Verdict("Ann", number, ranks, (0, 1)))
    assert facts["people"]["num"] == NUM - 1
    assert facts["people"]["same"]["value"] == pytest.approx(21 / 23)


def test_people_may_not_agree(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    ask_judge(made, Fake({}), CRITERIA)
    for number in range(NUM):
        append(made.verdicts, Verdict("Ann", number, (1, 2) if number % 2 else (2, 1), (0, 1)))
    report = with_judges(made, summarize(made))
    (facts,) = report.facts["judges"]
    assert facts["is_hint"]
    assert facts["people"]["same"]["value"] == 0.5
    assert "agrees too little" in next(f for f in report.findings if f.code == "judge-hint").title


def test_what_was_never_asked_is_unknown_too(tmp_path: Path, store: Store):
    made = review(tmp_path, store)

    class Leaves(Fake):
        def answers(self, questions: Sequence[Question]) -> Iterator[Said]:
            yield from list(super().answers(questions))[:20]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_judge(made, Leaves({}), CRITERIA)
    (judged,) = judges_of(made)
    assert len(judged.numbers) == 10
    assert judged.reasons() == {"not asked": NUM - 10}
    (facts,) = with_judges(made, summarize(made)).facts["judges"]
    assert facts["models"]["tuned"]["low"] < 0.5


def test_the_command_asks_an_endpoint_and_a_rating_is_a_number(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    made = review(tmp_path, store, ask="rate")

    def rate(handler: Handler, asked: dict[str, object], count: int) -> None:
        text = str(asked["messages"])
        if "no 3" in text:
            handler.fail(400)
        else:
            handler.say("[[5]]" if "yes" in text else "seven of ten" if "no 4" in text else "[[2]]")

    words = ["review", str(tmp_path / "answers.jsonl"), "--ask", "rate", "--json", "--quiet"]
    with endpoint(rate) as server:
        assert main([*words, "--judge", server.url]) == 1
        assert "--judge-model" in capsys.readouterr().out
        assert main([*words, "--judge", server.url, "--judge-model", "m"]) == 0
        assert len(server.asked) == 2 * NUM
    (facts,) = json.loads(capsys.readouterr().out)["facts"]["judges"]
    assert facts["unknown"] == {"refused": 1, "rubbish": 1}
    assert facts["models"]["tuned"] == {"value": 5, "low": 5, "high": 5}
    plain = facts["models"]["plain"]
    # 22 of 24 are 2; the others may be anything from 1 to 5.
    assert plain["value"] == pytest.approx((22 * 2 + 2 * 3) / 24)
    assert plain["low"] <= (22 * 2 + 2) / 24
    assert plain["high"] >= (22 * 2 + 10) / 24
    assert path_of(made, "m", CRITERIA).exists()


@pytest.mark.slow
def test_models_here_judge_by_words_or_by_scores(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(voices, "LONGEST_REPLY", 4)
    asked = (Message("user", "the film was"),)
    item = Item(0, asked, ("wonderful and moving", "dull and clumsy"), (0, 1))
    scorer = Local(str(tuned_classifier(tmp_path / "reward", ("score",))), store)
    one, other = scorer.answers([question(item, order, "") for order in ((0, 1), (1, 0))])
    assert {verdict(one.text, 2), verdict(other.text, 2)} == {"A", "B"}
    three = Item(0, asked, ("wonderful", "dull", "it rained"), (0, 1, 2))
    ways = orders(3)
    said = scorer.answers([question(three, order, "") for order in ways])
    replies = {order: Reply(0, order, one.text) for order, one in zip(ways, said, strict=True)}
    assert sorted(mind(3, replies).least) == [1, 2, 3]
    alone = Item(0, item.prompt, ("no",), (0,))
    with pytest.raises(ModelError, match="no ratings"):
        list(scorer.answers([question(alone, (0,), "")]))
    (noise,) = Local(str(chat_model(tmp_path / "chat")), store).answers([question(alone, (0,), "")])
    assert (verdict(noise.text, 1), noise.silence) == ("", "")
    sorter = Local(str(tuned_classifier(tmp_path / "classes")), store)
    with pytest.raises(ModelError, match="neither talks nor scores"):
        list(sorter.answers([question(item, (0, 1), "")]))
