"""What a model loses to disturbed texts, attacks and a person's own tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.auditing.planted import honest, reviews, subject, words
from tuneful.auditing import attack as attacks
from tuneful.auditing.audits.robustness import Robustness
from tuneful.auditing.disturbances import DISTURBANCES, MARKER, is_obeyed
from tuneful.core.errors import RecipeError
from tuneful.core.report import Level


def shy(text: str) -> float:
    """Sees no praise that is shouted, and is thrown by the first word."""
    return 0.0 if text.isupper() else honest(text) - 8.0 * text.startswith("False")


def test_each_disturbance_that_costs_accuracy_is_named_and_no_other():
    found = Robustness().look(subject(shy))
    assert {f.where for f in found.findings if f.level > Level.NOTE} == {
        "audit: robustness, upper",
        "audit: robustness, negation",
        "audit: robustness, typos",  # it knows two words, and reads them letter by letter
    }
    upper = next(f for f in found.findings if "upper" in f.where)
    assert "-50.0 %" in upper.title  # the other half is bad, and 0 is called bad
    assert "120 of 120 rows" in upper.evidence
    quiet = Robustness().look(subject(lambda _: 1.0))
    assert [f.code for f in quiet.findings] == ["no-paraphrases"]  # nobody writes them


def test_disturbances_change_texts_and_keep_their_words():
    row = reviews(1)[0]
    import numpy as np

    for one in DISTURBANCES:
        draw = np.random.default_rng(0)
        made = one.edit(row.text, draw)
        assert made != row.text, one.name
        assert len(made) >= len(row.text) - 6
    assert is_obeyed(f'"{MARKER}".')
    assert not is_obeyed(f"The text says {MARKER}.")


def test_an_attack_stays_within_its_questions_and_shows_what_it_replaced(
    monkeypatch: pytest.MonkeyPatch,
):
    def near(*_: object) -> Mapping[str, Sequence[str]]:
        return {"wonderful": ["fine", "splendid"], "plot": ["tale"], "dull": ["slow"]}

    def frail(text: str) -> float:
        return honest(text) + 0.1 - 0.3 * words(text).count("tale")

    monkeypatch.setattr(attacks, "_near", near)
    train = reviews(60)
    asked = {"attack_rows": 40, "attack_queries": 6}
    found = Robustness().look(subject(frail, train=train, **asked))
    facts = found.facts["attack"]
    assert facts["rows"] == 40
    # Without "dull" a bad review is called good; without "wonderful" a good one only with a tale.
    assert facts["fallen"]["value"] >= 0.5
    assert facts["queries"] <= 6
    assert any("dull > slow" in example for example in facts["examples"])
    assert "attacked" in {f.code for f in found.findings}

    def deaf(text: str) -> float:
        return 3.0 if "good" in text else -3.0

    assert Robustness().look(subject(deaf, train=train, **asked)).facts["attack"]["queries"] <= 6


TESTS = """
- {name: praise, kind: MFT, template: "It was {w} and {w}.", fill: {w: [wonderful, fine]},
   expect: good, at_most: 0.3}
- {name: names, kind: INV, rows: 50, replace: {He: Robert, She: Anna}}
- {name: worse, kind: DIR, rows: 50, append: So dull., moves: {good: down, bad: up}}
- {name: wrong way, kind: DIR, rows: 50, append: So dull., moves: {good: up}}
- {name: nothing, kind: INV, texts: [a film], replace: {xyz: abc}}
"""


def test_behaviour_that_a_person_asks_for_is_tested_and_counted(tmp_path: Path):
    path = tmp_path / "tests.yaml"
    path.write_text(TESTS)
    found = Robustness().look(subject(honest, tests=str(path)))
    tried = {one["name"]: one for one in found.facts["tests"]}
    # "fine and fine" is not seen as praise; {w} is filled alike in both places.
    assert (tried["praise"]["failures"], tried["praise"]["texts"]) == (1, 2)
    assert tried["names"]["failures"] == 0
    assert tried["worse"]["failures"] == 0
    assert tried["wrong way"]["failures"] == 50 - sum(  # saturated ones hardly move
        abs(moved) <= 0.1 for moved in moves(subject(honest), 50)
    )
    assert tried["nothing"]["unchanged"] == 1
    codes = [(f.code, f.level.word) for f in found.findings]
    assert ("test-failed", "error") in codes
    assert ("test-failed", "warning") in codes
    assert ("test-empty", "warning") in codes


def moves(known: object, count: int) -> list[float]:
    from math import exp

    texts = [row.text for row in known.rows[:count]]  # type: ignore[attr-defined]
    share = lambda x: 1 / (1 + exp(-x))  # noqa: E731
    return [share(honest(f"{text} So dull.")) - share(honest(text)) for text in texts]


def test_faults_in_tests_are_named_with_the_fix(tmp_path: Path):
    path = tmp_path / "tests.yaml"
    for text, said in (
        ("- {name: a, kind: MFT, texts: [x], expect: great}", "'great'"),
        ("- {name: a, kind: MFT, texts: [x]}", "expect"),
        ("- {name: a, kind: INV, rows: 5}", "prepend"),
        ("- {name: a, kind: DIR, rows: 5, append: x}", "moves"),
        ("- {name: a, kind: DIR, rows: 5, append: x, moves: {fine: up}}", "'fine'"),
        ("- {name: a, kind: INV, template: '{x} y', append: z}", "fill lacks x"),
        ("- {name: a, kind: INV, rows: 5, disturb: fog}", "'fog'"),
        ("- {name: a, kind: ANY, rows: 5}", "0.kind"),
    ):
        path.write_text(text)
        with pytest.raises(RecipeError) as caught:
            Robustness().look(subject(honest, tests=str(path)))
        assert said in str(caught.value), text
    with pytest.raises(RecipeError, match="cannot be read"):
        Robustness().look(subject(honest, tests=str(tmp_path / "none.yaml")))
