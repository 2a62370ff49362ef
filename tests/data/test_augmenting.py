"""Rows that are made keep what they are called, name their parents, and are counted."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.world import classify_recipe
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.augmenting import AUGMENTERS
from tuneful.data.augmenting.base import Guard, Material, core, in_place_of, is_negation
from tuneful.data.augmenting.typos import KEYS, misspelt
from tuneful.data.deriving.augment import augment
from tuneful.data.faults.leaning import Leaning
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Labelled, Rated
from tuneful.recipe.change import with_changes
from tuneful.training.teacher_asked import Teachers
from tuneful.workflow.stages import prepare


def draw(seed: int = 0):
    return np.random.default_rng(seed)


def made(name: str, **settings: object):
    kind = AUGMENTERS[name]
    return kind(kind.Config.model_validate({"name": name, **settings}))


def material(rows: list, **more: object) -> Material:
    return Material(rows, Leaning.of(rows).guard, **more)


FILMS = [
    *[Labelled(f"A wonderful film number {n} with a plot.", "good") for n in range(4)],
    *[Labelled(f"A tedious film number {n} with a plot.", "bad") for n in range(4)],
]


def test_words_that_lean_to_a_class_are_seen_by_their_counts():
    leaning = Leaning.of(FILMS)
    assert leaning.to("wonderful") == "good"  # 5/6 against 1/6
    assert leaning.to("tedious") == "bad"
    assert leaning.to("film") == ""
    assert leaning.to("0") == ""  # in two texts alone
    few = [*FILMS, *[Labelled("a superb one", "good")] * 2]
    assert Leaning.of(few).to("superb") == ""  # 3/8 against 1/6, but two texts are too few
    assert Leaning.of([*few, few[-1]]).to("superb") == "good"
    guard = leaning.guard(FILMS[0])
    assert guard.holds("Wonderful!")
    assert guard.holds("isn't")
    assert not guard.holds("film")
    assert guard.foreign("tedious")
    assert not guard.foreign("wonderful")


def test_a_conversation_keeps_the_words_that_its_answer_says_again():
    row = Chat((Message("user", "Where is Anna now?"), Message("assistant", "Anna is in Rome.")))
    guard = Leaning.of([row]).guard(row)
    assert guard.holds("Anna")
    assert not guard.holds("Where")


@pytest.mark.parametrize("name", ["swap_words", "delete_words", "synonyms"])
def test_what_the_label_hangs_on_stays(name: str):
    text = "it is not a wonderful film at all"
    near = {word: ["tedious", "movie", "never", "the"] for word in [*text.split(), "all"]}
    part, guard = made(name, rate=0.5), Guard(frozenset({"wonderful"}), lambda w: w == "tedious")
    for seed in range(30):
        more = (near,) if name == "synonyms" else ()
        words = part.edit(text, guard, draw(seed), *more).split()
        assert words.count("wonderful") == words.count("not") == 1
        assert "tedious" not in words
        assert "never" not in words
        assert "the" not in words
        if name != "delete_words":
            assert words.index("not") == 2
            assert len(words) == 8


def test_swapped_words_are_the_same_words_and_space_stays():
    part = made("swap_words", rate=0.2)
    text = "one two  three\nfour five"
    after = part.edit(text, Guard(), draw(3))
    assert after != text
    assert sorted(after.split()) == sorted(text.split())
    assert [len(word) > 0 for word in after.split("\n")] == [True, True]


def test_as_many_words_are_left_out_as_the_rate_says():
    words = " ".join(f"w{n}" for n in range(20))
    after = made("delete_words", rate=0.1).edit(words, Guard(), draw())
    assert len(after.split()) == 18
    assert "  " not in after
    assert made("delete_words", rate=0.5).edit("word", Guard(), draw()) == "word"


def test_a_typo_is_one_inner_letter_of_a_long_word():
    assert set(KEYS["s"]) == set("qweadzxc")
    for seed in range(60):
        wrong = misspelt("(Wonderful)", draw(seed))
        assert wrong != "(Wonderful)"
        assert wrong[:2] == "(W"
        assert wrong[-2:] == "l)"
        assert abs(len(wrong) - len("(Wonderful)")) <= 1
    part = made("typos", rate=1.0)
    assert part.edit("it is never a bad day", Guard(), draw()) == "it is never a bad day"


def test_letters_change_and_words_do_not():
    assert made("case", to="lower").edit("A Film.", Guard(), draw()) == "a film."
    assert made("case", to="upper").edit("A Film.", Guard(), draw()) == "A FILM."


def test_terms_are_swapped_both_ways_with_their_capitals_and_marks():
    part = made("counterfactual")
    before = "He told his mother that the book is hers, and she gave him her pen. It is his."
    after = "She told her father that the book is his, and he gave her his pen. It is hers."
    assert part.edit(before, Guard(), draw()) == after
    assert part.edit("MR. Smith saw her.", Guard(), draw()) == "MRS. Smith saw him."
    assert part.edit("a film", Guard(), draw()) == "a film"
    kept = Guard(frozenset({"mother"}))
    assert part.edit("her mother", kept, draw()) == "her mother"
    own = made("counterfactual", terms="identity", pairs={"Berlin": "Paris"})
    assert own.edit("A church in Berlin, he said", Guard(), draw()) == "A mosque in Paris, he said"


def test_a_class_that_is_called_by_a_term_is_not_swapped():
    rows = [Labelled("she runs", "female voice")]
    with pytest.raises(DataError, match="female"):
        list(made("counterfactual").make(material(rows, labels=("female voice",)), draw()))


def test_halves_of_one_class_are_joined():
    rows = [Labelled("a b c d", "x"), Labelled("e f g h", "x"), Labelled("1 2", "y")]
    tries = list(made("mix", share=10).make(material(rows), draw()))
    texts = {one.row.text for one in tries if one.row is not None}
    assert texts == {"a b g h", "e f c d"}
    assert {one.row.label for one in tries if one.row is not None} == {"x"}
    stars = [Rated("a b", 1.0), Rated("c d", 5.0)]
    assert all(one.row is None for one in made("mix", share=10).make(material(stars), draw()))


def test_rare_classes_are_repeated_to_the_size_of_the_largest():
    rows = [*(Labelled(f"t{n}", "many") for n in range(10)), Labelled("a", "rare"),
            Labelled("b", "rare")]  # fmt: skip
    tries = list(made("balance", to=0.5).make(material(rows), draw()))
    assert sorted(one.row.text for one in tries if one.row) in (["a", "a", "b"], ["a", "b", "b"])
    assert {one.parents[0] for one in tries} == {10, 11}


def test_another_word_takes_the_marks_and_capitals_of_the_one_before():
    assert in_place_of('"Hello,', "bye") == '"Bye,'
    assert in_place_of("HELLO!", "bye") == "BYE!"
    assert core('"Isn\'t!"') == "isn't"
    assert is_negation("Isn\N{RIGHT SINGLE QUOTATION MARK}t")


def test_made_rows_are_listed_counted_and_of_the_training_split_alone(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path)
    parts = [{"name": "typos", "share": 0.25}, {"name": "case", "to": "lower", "share": 0.5}, "mix"]
    changed = with_changes(recipe, {"data.augment": parts})
    whole, more = prepare(recipe, store=store), prepare(changed, store=store)
    total, known = whole.num_rows("train"), more.manifest["augmented"]
    lines = [json.loads(x) for x in (more.path / "augmented.jsonl").read_text().splitlines()]
    assert known["made"] == len(lines) == more.num_rows("train") - total
    assert known["tries"]["typos"]["made"] == 40
    assert known["tries"]["case"] == {"made": 0, "nothing that may change": 80}  # small already
    assert [more.num_rows(s) for s in ("validation", "test")] == [20, 20]
    records = list(more.records("train"))
    assert records[:total] == list(whole.records("train"))
    by_source = {r["source_row"]: r for r in records[:total]}
    for line in lines:
        own, parent = records[line["row"]], by_source[line["from"][0]]
        assert own["label"] == parent["label"]
        assert own["group"] == parent["group"]
        assert own["text"] != parent["text"]
    counts = more.manifest["label_counts"]["train"]
    assert counts == {
        label: sum(record["label"] == label for record in records) for label in ("bad", "good")
    }
    codes = {finding.code: finding for finding in more.report().findings}
    assert "typos: 40 made" in codes["augmented"].evidence
    assert "mix" in codes["label-may-change"].title
    assert "typos" not in codes["label-may-change"].title
    assert prepare(changed, store=store).path == more.path
    first = (more.path / "augmented.jsonl").read_bytes()
    again = prepare(changed, store=Store(tmp_path / "other"))
    assert (again.path / "augmented.jsonl").read_bytes() == first


def test_what_does_not_fit_the_rows_is_refused(tmp_path: Path, store: Store):
    recipe = with_changes(classify_recipe(tmp_path), {"data.augment": ["balance"]})
    data = prepare(recipe, store=store)
    assert data.manifest["augmented"]["made"] == 0  # classes are even already
    chats = type(data)(data.path, {**data.manifest, "rows": "chat"})
    with pytest.raises(DataError, match="does not make chat rows") as caught:
        augment(chats, recipe, store, lambda _: {}, Teachers("", 0, store, ignore))
    assert "typos" in caught.value.fix


def test_synonyms_come_from_the_models_embeddings(tmp_path: Path, store: Store):
    import torch

    from tuneful.models.neighbours import nearest

    vectors = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1], [1, 0.05]])
    found = nearest(["film", "movie", "dog", "filmed"], vectors, 0.5)
    assert found == {"film": ["movie"], "movie": ["filmed", "film"], "filmed": ["movie"]}
    recipe = with_changes(classify_recipe(tmp_path), {"data.augment": ["synonyms"]})
    known = prepare(recipe, store=store).manifest["augmented"]["tries"]["synonyms"]
    assert sum(known.values()) == 32
