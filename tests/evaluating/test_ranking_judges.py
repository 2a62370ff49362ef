"""Judges that rank: pairs in both orders, bounds where some are unknown, held against people."""

import json
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.endpoint import Asked, Handler, endpoint
from tuneful.cli.main import main
from tuneful.core.store import Store
from tuneful.evaluating.judges.held import held
from tuneful.evaluating.judges.judge import Judged, ask_judge
from tuneful.evaluating.judges.lessons import export_questions
from tuneful.evaluating.judges.minds import CIRCLE, Mind, Reply, mind, orders
from tuneful.evaluating.judges.questions import CRITERIA, question
from tuneful.evaluating.judges.summary import with_judges
from tuneful.evaluating.judges.voices import Remote
from tuneful.evaluating.people.from_file import review_file
from tuneful.evaluating.people.making import Wanted
from tuneful.evaluating.people.review import Review
from tuneful.evaluating.people.summary import summarize
from tuneful.evaluating.people.verdicts import Verdict, append

NUM = 20
WORTH = {"gold": 3, "silver": 2, "bronze": 1}


def review(folder: Path, store: Store, num: int = NUM) -> Review:
    """Three models; whose answer is gold goes round."""
    file = folder / "three.jsonl"
    words = list(WORTH)
    rows = [
        {"prompt": f"question {n}.", "answers": {f"m{m}": words[(m + n) % 3] for m in range(3)}}
        for n in range(num)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return review_file(str(file), Wanted((str(file),)), store)


def text_of(asked: Asked) -> str:
    """What a judge was asked."""
    return asked["messages"][0]["content"]


def better(handler: Handler, text: str) -> None:
    """Say which answer is worth more."""
    first, second = (text.split(f"answer {name}>")[1].split(maxsplit=1)[0] for name in "AB")
    handler.say(f"[[{'A' if WORTH[first] > WORTH[second] else 'B'}]]")


def said_by(pairs: dict[tuple[int, int], str]) -> dict[tuple[int, ...], Reply]:
    """Replies to each pair, turned round for the other order."""
    turned = {"A": "B", "B": "A"}
    found: dict[tuple[int, ...], Reply] = {}
    for (a, b), word in pairs.items():
        found[a, b] = Reply(0, (a, b), f"[[{word}]]")
        found[b, a] = Reply(0, (b, a), f"[[{turned.get(word, word)}]]")
    return found


def test_pairs_make_ranks_and_ties_share_one():
    assert [len(orders(num)) for num in (1, 2, 3, 4, 9)] == [1, 2, 6, 12, 72]
    # 2 is better than 0 and 1, which are as good; 3 is worst.
    pairs = {(0, 1): "TIE", (0, 2): "B", (0, 3): "A", (1, 2): "B", (1, 3): "A", (2, 3): "A"}
    known = mind(4, said_by(pairs))
    assert (known.least, known.most, known.unknown) == ((2, 2, 1, 4), (2, 2, 1, 4), "")
    bad = mind(3, said_by(dict.fromkeys(combinations(range(3), 2), "BAD")))
    assert (bad.least, bad.is_bad) == ((1, 1, 1), True)


def test_a_circle_is_no_order():
    circle = mind(3, said_by({(0, 1): "A", (1, 2): "A", (0, 2): "B"}))
    assert circle == Mind((1, 1, 1), (3, 3, 3), {}, False, CIRCLE)
    # As good as each other in turn, yet one better than the other: no order, either.
    uneven = mind(3, said_by({(0, 1): "TIE", (1, 2): "TIE", (0, 2): "A"}))
    assert uneven.unknown == CIRCLE


def test_what_is_unknown_of_a_pair_leaves_bounds():
    replies = said_by({(0, 1): "A", (0, 2): "A", (1, 2): "A"})
    replies[2, 1] = Reply(0, (2, 1), "[[A]]")
    found = mind(3, replies)
    assert (found.least, found.most) == ((1, 2, 2), (1, 3, 3))
    assert (found.unknown, found.pairs) == ("contradiction", {(0, 1): -1, (0, 2): -1})
    del replies[0, 2]
    assert mind(3, replies).least == (1, 2, 1)
    assert mind(3, {}) == Mind((1, 1, 1), (3, 3, 3), {}, False, "not asked")


def test_an_honest_judge_is_measured_against_peoples_ranks(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    with endpoint(lambda handler, asked, _: better(handler, text_of(asked))) as server:
        judged = ask_judge(made, Remote(server.url, "m"), CRITERIA)
        assert len(server.asked) == 6 * NUM
        ask_judge(made, Remote(server.url, "m"), CRITERIA)
        assert len(server.asked) == 6 * NUM
    assert not judged.unknown
    assert judged.numbers[0] == (1, 2, 3)
    for number, item in enumerate(made.items):
        ranks = [4 - WORTH[answer] for answer in item.answers]
        if number < 2:  # Ann takes silver for gold.
            ranks = [3 - rank if rank < 3 else 3 for rank in ranks]
        append(made.verdicts, Verdict("Ann", number, tuple(ranks), (0, 1, 2)))
    (facts,) = with_judges(made, summarize(made)).facts["judges"]
    assert not facts["is_hint"]
    # Of two items one pair of three stands otherwise.
    assert facts["people"]["same"]["value"] == pytest.approx(1 - 2 / 3 / NUM)
    assert 0.9 < facts["people"]["alpha"] < 1
    assert facts["people"]["low"] < facts["people"]["alpha"] < facts["people"]["high"]
    assert [round(value["value"], 2) for value in facts["models"].values()] == [1.95, 2.05, 2.0]


def lies_by_place(handler: Handler, text: str) -> None:
    handler.say("[[A]]")


def rubbish(handler: Handler, text: str) -> None:
    handler.say("Both have merits.")


def stalls(handler: Handler, text: str) -> None:
    time.sleep(1)


@pytest.mark.parametrize(
    ("behaviour", "reason", "timeout_s"),
    [(lies_by_place, "contradiction", 60), (rubbish, "rubbish", 60), (stalls, "timed-out", 0.2)],
)
def test_who_says_nothing_of_the_answers_is_unknown_of_all(
    behaviour: Callable[[Handler, str], None],
    reason: str,
    timeout_s: float,
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("tuneful.evaluating.judges.voices.RETRIES", 0)
    monkeypatch.setattr("tuneful.evaluating.judges.voices.AT_ONCE", 40)
    made = review(tmp_path, store, 6)
    with endpoint(lambda handler, asked, _: behaviour(handler, text_of(asked))) as server:
        judged = ask_judge(made, Remote(server.url, "m", timeout_s=timeout_s), CRITERIA)
    assert judged.reasons() == {reason: 6}
    for number, item in enumerate(made.items):
        ranks = tuple(4 - WORTH[answer] for answer in item.answers)
        append(made.verdicts, Verdict("Ann", number, ranks, (0, 1, 2)))
    report = with_judges(made, summarize(made))
    (facts,) = report.facts["judges"]
    assert facts["people"]["same"]["value"] == 0
    assert facts["people"]["alpha"] < 0
    assert facts["models"]["m1"] == {"value": 2, "low": 1, "high": 3}
    assert "judge-unknown" in {finding.code for finding in report.findings}


def test_a_judge_gains_nothing_by_silence_where_it_is_wrong(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    minds: dict[int, Mind] = {}
    for number, item in enumerate(made.items):
        ranks = tuple(4 - WORTH[answer] for answer in item.answers)
        append(made.verdicts, Verdict("Ann", number, ranks, (0, 1, 2)))
        silent = Mind((1, 1, 1), (3, 3, 3), {}, False, "timed-out")
        minds[number] = Mind(ranks, ranks) if number < 4 else silent
    one = held(made, Judged("m", "", minds))
    assert one is not None
    assert (one.num, one.is_enough) == (NUM, False)
    assert one.alpha is not None
    assert one.alpha < 0


def test_the_command_shows_ranks_with_what_is_unknown(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    review(tmp_path, store, 6)

    def behave(handler: Handler, asked: Asked, count: int) -> None:
        text = text_of(asked)
        lies_by_place(handler, text) if "question 3." in text else better(handler, text)

    words = ["review", str(tmp_path / "three.jsonl"), "--quiet", "--judge-model", "m"]
    with endpoint(behave) as server:
        assert main([*words, "--judge", server.url]) == 0
    shown = capsys.readouterr().out
    assert "mean rank" in shown
    assert "1 contradiction" in shown
    assert "a hint" in shown


def test_a_judge_learns_from_its_own_questions_in_both_orders(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    made = review(tmp_path, store, 6)
    for number, item in enumerate(made.items):
        ranks = tuple(4 - WORTH[answer] for answer in item.answers)
        append(made.verdicts, Verdict("Ann", number, ranks, (0, 1, 2)))
    file = tmp_path / "lessons.jsonl"
    words = ["review", str(tmp_path / "three.jsonl"), "--export", str(file), "--json", "--quiet"]
    assert main([*words, "--export-for", "judge", "--criteria", "Which is dearer?"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["rows"] == "chat"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert Counter(row["row"] for row in rows) == dict.fromkeys(range(6), 6)
    first = made.items[0].answers
    asked = {tuple(row["provenance"]["order"]): row["messages"] for row in rows if row["row"] == 0}
    for order in orders(3):
        turn, said = asked[order]
        assert turn["content"] == question(made.items[0], order, "Which is dearer?").text
        better_ = "A" if WORTH[first[order[0]]] > WORTH[first[order[1]]] else "B"
        assert said["content"] == f"[[{better_}]]"


def test_people_who_are_split_teach_a_judge_nothing(tmp_path: Path, store: Store):
    file = tmp_path / "two.jsonl"
    said = [((1, 2), (2, 1)), ((1, 2), (1, 2)), ((1, 1), (1, 1))]
    rows = [
        {
            "prompt": f"question {n}",
            "answers": {"a": f"one {n}", "b": f"two {n}"},
            "ranks": {f"p{p}": dict(zip("ab", r, strict=True)) for p, r in enumerate(ranks)},
        }
        for n, ranks in enumerate(said)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = review_file(str(file), Wanted((str(file),)), store)
    done = export_questions(made, tmp_path / "out.jsonl", CRITERIA)
    assert (done.num_rows, done.left_out) == (4, {"people are split": 2})
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line)["messages"][1]["content"] for line in lines]
    assert answers == ["[[A]]", "[[B]]", "[[TIE]]", "[[TIE]]"]
