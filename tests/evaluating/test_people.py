"""Reviews by people: blind, kept, counted, and turned into rows to learn from."""

import json
from pathlib import Path

import pytest

from tuneful.cli.main import main
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.sources import open_source
from tuneful.evaluating.people.desk import Desk
from tuneful.evaluating.people.export import export
from tuneful.evaluating.people.from_file import review_file
from tuneful.evaluating.people.making import Wanted
from tuneful.evaluating.people.order import order_for
from tuneful.evaluating.people.review import Review
from tuneful.evaluating.people.summary import summarize
from tuneful.evaluating.people.verdicts import Verdict, append, read

PAIR = ("plain", "tuned")


def answers(path: Path, count: int = 8, names: tuple[str, ...] = PAIR) -> Path:
    rows = [
        {"prompt": f"question {n}", "answers": {name: f"{name} says {n}" for name in names}}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def review(tmp_path: Path, store: Store, names: tuple[str, ...] = PAIR, **wanted: object) -> Review:
    file = answers(tmp_path / "answers.jsonl", names=names)
    return review_file(str(file), Wanted((str(file),), **wanted), store)  # type: ignore[arg-type]


def say(review: Review, rater: str, *ranks: tuple[int, ...], is_bad: bool = False) -> None:
    """What one person says of the first items, in the models' order."""
    for item, numbers in enumerate(ranks):
        shown = next(one.order for one in order_for(review, rater) if one.item == item)
        append(review.verdicts, Verdict(rater, item, numbers, shown, is_bad=is_bad))


def test_each_person_has_an_order_that_stays_and_sides_that_are_even(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    ann = order_for(made, "Ann")
    assert order_for(made, " ann ") == ann
    assert order_for(made, "Bea") != ann
    assert sorted(one.item for one in ann) == list(range(8))
    assert sum(one.order == (0, 1) for one in ann) == 4


def test_what_a_page_gets_says_nothing_of_models_or_others(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    desk = Desk(made)
    desk.judge("Ann", 0, {"numbers": [1, 2]})
    shown = desk.show("Bea")
    assert set(shown) == {"ask", "done", "total", "at", "prompt", "answers", "reference"}
    assert (shown["done"], shown["total"], shown["at"]) == (0, 8, 0)
    # The texts name the models here; that they change sides is what hides them elsewhere.
    sides = {
        tuple(text.split()[0] for text in desk.show("Bea", at - 1)["answers"]) for at in range(8)
    }
    assert sides == {("plain", "tuned"), ("tuned", "plain")}


def test_a_verdict_is_kept_in_the_models_order_and_can_be_undone(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    desk = Desk(made)
    while desk.show("Ann")["answers"][1].startswith("tuned"):
        desk.judge("Ann", desk.show("Ann")["at"], {"numbers": [1, 1]})
    at, done = desk.show("Ann")["at"], desk.show("Ann")["done"]
    desk.judge("Ann", at, {"numbers": [1, 2], "note": "short\x1b[2J", "seconds": float("nan")})
    (last,) = read(made.verdicts).verdicts[done:]
    assert (last.numbers, last.shown, last.note) == ((2, 1), (1, 0), "short[2J")
    undone = desk.undo("Ann")
    assert (undone["at"], undone["done"], undone["note"]) == (at, done, "short[2J")
    assert len(read(made.verdicts).verdicts) == done
    # Another desk, as after a crash, goes on at the same item.
    assert Desk(made).show("ANN") == {k: v for k, v in undone.items() if k != "note"}
    for wrong in ([1], [1, 3], [0, 1], "12", [1, True]):
        with pytest.raises(DataError, match="numbers from 1 to 2"):
            desk.judge("Ann", at, {"numbers": wrong})
    with pytest.raises(DataError, match="no item"):
        desk.judge("Ann", 8, {"numbers": [1, 2]})
    with pytest.raises(DataError, match="no name"):
        desk.show(" ")


def test_a_torn_line_costs_that_verdict_alone(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    say(made, "Ann", (1, 2), (1, 2))
    whole = made.verdicts.read_bytes()
    made.verdicts.write_bytes(whole[:-20])
    assert (len(read(made.verdicts).verdicts), read(made.verdicts).num_torn) == (1, 1)
    append(made.verdicts, Verdict("Ann", 2, (2, 1), (0, 1)))
    said = read(made.verdicts)
    assert [v.item for v in said.verdicts] == [0, 2]
    assert "torn-verdicts" in {finding.code for finding in summarize(made).findings}


def test_results_count_rows_once_and_say_how_far_people_agree(tmp_path: Path, store: Store):
    made = review(tmp_path, store)
    say(made, "Ann", *[(2, 1)] * 6, (1, 1), (1, 2))
    say(made, "Bea", *[(2, 1)] * 5, (1, 2), (1, 1), (1, 2))
    report = summarize(made)
    (duel,) = report.facts["duels"]
    # Rows: five won by both, one split, one tied, one lost by both.
    assert (duel["num_rows"], duel["won"], duel["tied"], duel["lost"]) == (8, 5, 2, 1)
    assert duel["wins"]["value"] == pytest.approx(6 / 8)
    assert duel["p"] == pytest.approx(14 / 64)
    # Nominal alpha by hand: 16 values, 11 won, 2 tied, 3 lost; one unit of two differing values.
    observed, expected = 2 / 16, (16**2 - 11**2 - 2**2 - 3**2) / (16 * 15)
    assert report.facts["agreement"]["alpha"] == pytest.approx(1 - observed / expected)
    assert {rater["name"]: rater["num"] for rater in report.facts["raters"]} == {"Ann": 8, "Bea": 8}
    codes = {finding.code for finding in report.findings}
    assert {"few-verdicts", "no-preference"} <= codes


def test_ranks_and_ratings_have_means_with_intervals(tmp_path: Path, store: Store):
    ranked = review(tmp_path, store, ("a", "b", "c"))
    assert ranked.ask == "rank"
    say(ranked, "Ann", *[(3, 1, 2)] * 4, *[(3, 2, 1)] * 4)
    facts = summarize(ranked).facts
    assert [s["compared"]["tuned"]["value"] for s in facts["standings"]] == [3.0, 1.5, 1.5]
    assert [(d["model"], d["against"], d["won"]) for d in facts["duels"]] == [
        (1, 0, 8), (2, 0, 8), (2, 1, 4),
    ]  # fmt: skip
    rated = review(tmp_path, store, ask="rate")
    assert len(rated.items) == 16
    for number, item in enumerate(rated.items):
        append(rated.verdicts, Verdict("Ann", number, (2 + 2 * item.models[0],), (0,)))
    plain, tuned = summarize(rated).facts["standings"]
    assert (plain["compared"]["tuned"]["value"], tuned["compared"]["tuned"]["value"]) == (2, 4)
    assert tuned["compared"]["difference"]["low"] == 2


def test_rows_to_learn_from_say_where_they_come_from(tmp_path: Path, store: Store):
    made, file = review(tmp_path, store), tmp_path / "rows.jsonl"
    with pytest.raises(DataError, match="No verdict"):
        export(made, file)
    say(made, "Ann", (2, 1), (1, 2), (1, 1), (2, 1))
    say(made, "Bea", (2, 1), (1, 1), (1, 1), (1, 2))
    append(made.verdicts, Verdict("Ann", 4, (1, 1), (0, 1), is_bad=True))
    done = export(made, file)
    assert (done.rows, done.num_rows, dict(done.left_out)) == (
        "preference", 2, {"tied": 2, "both bad": 1},
    )  # fmt: skip
    first, second = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert first["chosen"] == [{"role": "assistant", "content": "tuned says 0"}]
    assert second["chosen"][0]["content"] == "plain says 1"
    about = first["provenance"]
    assert (about["raters"], about["chosen_from"], about["row"]) == (["Ann", "Bea"], "tuned", 0)
    assert about["votes"] == {"for": 2, "against": 0, "tied": 0, "bad": 0}
    ranked = review(tmp_path, store, ("a", "b", "c"))
    say(ranked, "Ann", (3, 1, 2), (1, 1, 1))
    say(ranked, "Bea", (3, 1, 1))
    assert export(ranked, file).rows == "ranked"
    (row,) = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert (row["answers"], row["ranks"]) == (["a says 0", "b says 0", "c says 0"], [3, 1, 2])
    rated = review(tmp_path, store, ask="rate")
    for number in (0, 1, 2):
        append(rated.verdicts, Verdict("Ann", number, (2 + number,), (0,)))
    assert export(rated, file).left_out == {"only one answer rated": 1}
    (row,) = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert row["ranks"] == [2, 1]
    assert all(record for record in open_source(str(file), print).read())


def test_the_same_answers_are_no_question(tmp_path: Path, store: Store):
    file = tmp_path / "answers.jsonl"
    rows = [{"prompt": "q", "answers": {"a": "yes", "b": word}} for word in ("yes ", "no")]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = review_file(str(file), Wanted((str(file),)), store)
    assert (len(made.items), made.manifest["num_alike"]) == (1, 1)
    for bad, said in [
        ('{"prompt": "q", "answers": {"a": "yes"}}', "no asking to rank of 1"),
        ('{"prompt": "q", "answers": {"a": "y", "b": "y"}}', "nothing to compare"),
        ('{"prompt": "q"}', "not prompt and answers"),
        ('{"prompt": "q", "answers": {"a": "y", "b": "n"}}\n{"prompt": "q", "answers": {"a": "y"}}',
         "others than the first"),
    ]:  # fmt: skip
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(DataError, match=said):
            review_file(str(file), Wanted((str(file),)), store)


def test_the_command_shows_results_and_writes_rows(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    made, file = review(tmp_path, store), tmp_path / "rows.jsonl"
    say(made, "Ann", *[(2, 1)] * 8)
    words = ["review", str(tmp_path / "answers.jsonl")]
    assert main([*words, "--results", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["verdicts"] == 8
    assert main([*words, "--export", str(file)]) == 0
    assert "8 rows of the format preference" in capsys.readouterr().out
    assert len(file.read_text(encoding="utf-8").splitlines()) == 8


def test_verdicts_in_a_file_are_peoples_once(tmp_path: Path, store: Store):
    file = tmp_path / "judged.jsonl"
    rows = [
        {
            "prompt": f"question {n}",
            "answers": {"plain": f"no {n}", "tuned": f"yes {n}"},
            "ranks": {"Ann": {"tuned": 1, "plain": 2}, "Bea": {"plain": 1, "tuned": 1}},
            "ratings": {"Cleo": {"plain": 2, "tuned": 5}},
        }
        for n in range(3)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = review_file(str(file), Wanted((str(file),)), store)
    (duel,) = summarize(made).facts["duels"]
    assert (duel["num_rows"], duel["won"], duel["wins"]["value"]) == (3, 3, 0.75)
    assert {(v.rater, v.numbers) for v in read(made.verdicts).verdicts} == {
        ("Ann", (2, 1)),
        ("Bea", (1, 1)),
    }
    # Nobody knows which stood left: sides are not counted.
    assert {one["decided"] for one in summarize(made).facts["raters"]} == {0}
    Desk(made).undo("Ann")
    review_file(str(file), Wanted((str(file),)), store)
    assert len(read(made.verdicts).verdicts) == 5
    rated = review_file(str(file), Wanted((str(file),), "rate"), store)
    assert {v.numbers for v in read(rated.verdicts).verdicts} == {(2,), (5,)}
    assert {v.rater for v in read(rated.verdicts).verdicts} == {"Cleo"}


@pytest.mark.parametrize("given", [{"plain": 1}, {"plain": 1, "tuned": 3}, {"plain": 1, "x": 2}, 1])
def test_a_verdict_in_a_file_that_is_none_is_refused(tmp_path: Path, store: Store, given: object):
    file = tmp_path / "judged.jsonl"
    answers_ = {"plain": "no", "tuned": "yes"}
    row = {"prompt": "question", "answers": answers_, "ranks": {"Ann": given}}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="ranks has 'Ann'"):
        review_file(str(file), Wanted((str(file),)), store)
