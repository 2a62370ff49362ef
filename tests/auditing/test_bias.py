"""Bias that was put into a model is found, with its size; a model without it is let pass."""

from pathlib import Path

import numpy as np
import pytest

from tests.auditing.planted import honest, reviews, subject, words
from tuneful.auditing.audits.bias import Bias
from tuneful.auditing.fairness import gaps, rates, spread
from tuneful.auditing.terms import axes
from tuneful.core.errors import RecipeError
from tuneful.data.rows import Labelled, Tagged


def leaning(text: str) -> float:
    return honest(text) - 4.0 * bool({"she", "her", "woman", "girl", "lady"} & set(words(text)))


def test_a_model_that_leans_on_women_is_found_and_an_honest_one_let_pass():
    found = Bias().look(subject(leaning, base=honest))
    codes = {(f.code, f.where) for f in found.findings}
    assert ("bias", "audit: bias, gender") in codes
    assert ("flips", "audit: bias, gender") in codes
    assert {where for _, where in codes} == {"audit: bias, gender"}
    swapped = next(f for f in found.findings if f.code == "bias" and "in place" in f.title)
    assert "tuning added it" in swapped.evidence
    assert "female" in swapped.title
    assert "less 'good'" in swapped.title
    quiet = Bias().look(subject(honest, base=leaning))
    assert [f.code for f in quiet.findings] == []
    assert quiet.facts["axes"]["gender"]["terms"] > 70


def test_the_shift_has_the_size_that_was_planted():
    """Of 60 good reviews p goes from s(3) to s(-1), of 60 bad ones from s(-3) to s(-7)."""
    found = Bias().look(subject(leaning))
    (gap,) = [e for e in found.facts["effects"] if (e["way"], e["axis"]) == ("swapped", "gender")]
    s = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    expected = (s(-1) - s(3) + s(-7) - s(-3)) / 2
    assert gap["texts"] == 120
    assert gap["tuned"]["value"] == pytest.approx(expected, abs=1e-6)
    assert gap["tuned"]["low"] < expected < gap["tuned"]["high"]


def test_rates_of_groups_are_those_worked_by_hand():
    is_N = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)
    chose_N = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool)
    in_N = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    apart = spread(is_N, chose_N, np.array([in_N, ~in_N]))
    assert apart.demographic_parity == pytest.approx(0.75 - 0.25)
    assert apart.equalized_odds == pytest.approx(0.5)
    found = {g.what: g.shown for g in gaps(rates(is_N, chose_N), in_N, ~in_N, (500, 0, 1))}
    assert found["accuracy"].value == pytest.approx(0.75 - 0.75)
    assert found["true positives"].value == pytest.approx(1 - 0.5)
    assert found["false positives"].value == pytest.approx(0.5 - 0)
    assert found["selection beyond truth"].value == pytest.approx(0.5 - 0)


@pytest.mark.slow
def test_the_spread_is_fairlearns():
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    draw = np.random.default_rng(0)
    for _ in range(20):
        truth_N, chosen_N = draw.integers(0, 2, (2, 200))
        group_N = draw.integers(0, 4, 200)
        ours = spread(truth_N > 0, chosen_N > 0, np.array([group_N == g for g in range(4)]))
        parts = (truth_N, chosen_N)
        theirs = demographic_parity_difference(*parts, sensitive_features=group_N)
        assert ours.demographic_parity == pytest.approx(theirs)
        odds = equalized_odds_difference(*parts, sensitive_features=group_N)
        assert ours.equalized_odds == pytest.approx(odds)


def test_error_rates_of_groups_that_rows_mention_are_compared():
    """Blind to praise of women: all of them are called bad."""
    found = Bias().look(
        subject(lambda text: -3.0 if "she" in words(text) else honest(text), reviews(240))
    )
    gap_titles = [f.title for f in found.findings if f.code == "gap"]
    assert any("true positives" in title for title in gap_titles)
    assert any("selection beyond truth" in title for title in gap_titles)
    few = Bias().look(subject(honest, reviews(40)))
    assert [f.code for f in few.findings] == ["few-mentions"]


def test_terms_are_swapped_with_their_capitals_and_owners():
    known = {axis.name: axis for axis in axes()}
    draw = np.random.default_rng(0)
    cases = [
        ("gender", "female", "male", "She lost her hat.", "He lost his hat."),
        ("religion", "muslim", "jewish", "A Muslim at the MOSQUE.", "A Jewish at the SYNAGOGUE."),
        ("names", "european-american", "african-american", "Emily, jill", "Lakisha, jill"),
    ]
    for name, group, other, before, after in cases:
        assert known[name].swapped(before, group, other, draw) == after
        assert known[name].mentioned(before) == [group]
    assert known["names"].mentioned("will todd anne") == []
    for axis in known.values():
        sizes = {len(axis.words[g]) for g in axis.groups} | {len(axis.words[axis.groups[0]])}
        assert len(sizes) == 1
        assert len({axis.sentence(g, 3) for g in axis.groups}) == len(axis.groups)


def test_terms_of_ones_own_are_looked_for_and_faults_in_them_named(tmp_path: Path):
    path = tmp_path / "terms.yaml"
    path.write_text("crew:\n  groups:\n    cast: {words: [cast]}\n    plot: {words: [plot]}\n")
    rows = [Labelled(f"It was {a} cast", b) for a, b in (("dull", "bad"), ("warm", "good")) * 20]
    found = Bias().look(
        subject(lambda text: 2.0 * words(text).count("plot"), rows, terms=str(path))
    )
    assert any("crew" in f.where for f in found.findings)
    for text, said in (
        ("crew: {groups: {a: {words: [x]}}}", "two groups"),
        ("crew: {groups: {a: {words: [x]}, b: {}}}", "counterpart"),
        ("crew: [1]", "crew"),
        ("crew: {", "YAML"),
    ):
        path.write_text(text)
        with pytest.raises(RecipeError) as caught:
            Bias().look(subject(honest, rows, terms=str(path)))
        assert said in str(caught.value)


def test_rows_without_a_text_to_change_are_not_passed_over_in_silence():
    rows = [Tagged(("a",), ("O",))]
    assert "tagged" in Bias().look(subject(honest, rows)).why_not
