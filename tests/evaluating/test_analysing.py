"""Slices worked by hand, a weakness that was planted, and a page that loads nothing."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.world import tuned_classifier
from tuneful.core.store import Store
from tuneful.data.rows import Labelled, Rated
from tuneful.evaluating.analysing.columns import dividing, is_about
from tuneful.evaluating.analysing.examples import examples
from tuneful.evaluating.analysing.facets import Facet, facets
from tuneful.evaluating.analysing.listing import few_shows, slice_cells
from tuneful.evaluating.analysing.page import page
from tuneful.evaluating.analysing.people import beside_people
from tuneful.evaluating.analysing.scores import FieldsRight, Scores, row_scores
from tuneful.evaluating.analysing.slices import slices
from tuneful.evaluating.analysing.topics import topics
from tuneful.evaluating.bootstrap import value_of
from tuneful.evaluating.calibration import reliability
from tuneful.evaluating.formulas import (
    detectable,
    mean_interval,
    paired_interval,
    student_quantile,
)
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.measures.classes import ClassSample, class_sample
from tuneful.evaluating.summary import summarize
from tuneful.models.attributions import Question, attribute, integrated
from tuneful.models.predict import load_predictor


def world(seed: int, *, flips: bool) -> tuple[Scores, list[Facet]]:
    """Rows of which nine in ten are right anywhere; labels of half a slice may be flipped."""
    draw = np.random.default_rng(seed)
    size = 600
    base = (draw.random(size) < 0.6).astype(float)
    tuned = (draw.random(size) < 0.9).astype(float)
    names = [f"topic {number}" for number in range(6)]
    found = [
        Facet(facet, tuple(names[int(at)] for at in draw.integers(0, 6, size)))
        for facet in ("one", "two", "three")
    ]
    if flips:
        is_in = np.array([name == "topic 3" for name in found[1].slice_N])
        is_flipped = is_in & (draw.random(size) < 0.5)
        tuned, base = (np.where(is_flipped, 1 - part, part) for part in (tuned, base))
    return Scores("accuracy", True, True, tuned, base), found


def test_a_planted_weakness_is_found_and_nothing_else():
    scores, found = world(1, flips=True)
    known = slices(scores, found, 0)
    assert [(one.facet, one.name) for one in known if one.verdict] == [("two", "topic 3")]


@pytest.mark.slow
def test_a_planted_weakness_is_found_and_its_clean_twin_is_quiet():
    alarms = hits = 0
    for seed in range(20):
        alarms += any(one.verdict for one in slices(*world(seed, flips=False), seed))
        weak = [
            one for one in slices(*world(seed, flips=True), seed) if one.verdict in {"weak", "both"}
        ]
        hits += ("two", "topic 3") in [(one.facet, one.name) for one in weak]
    assert alarms <= 1  # of 20: five in a hundred
    assert hits >= 19


def test_what_tuning_broke_is_told_apart_from_what_is_weak():
    base = np.ones(300)
    tuned = np.ones(300)
    tuned[:30] = 0  # all within the first slice of 60
    facet = Facet("kind", ("a",) * 60 + ("b",) * 240)
    first, second = sorted(
        slices(Scores("accuracy", True, True, tuned, base), [facet], 0), key=lambda one: one.name
    )
    assert (first.name, first.verdict, second.verdict) == ("a", "both", "")
    assert first.difference is not None
    # (0 - 30) of 60, with one more row of each kind: -30 / 62, spread sqrt((32 / 62 - m^2) / 62).
    middle = -30 / 62
    reach = 1.959964 * math.sqrt((32 / 62 - middle**2) / 62)
    assert first.difference.value == -0.5
    assert first.difference.low == pytest.approx(middle - reach, abs=1e-6)
    assert first.difference.high == pytest.approx(middle + reach, abs=1e-6)
    # An untrained base that always says "a" has lost no skill where "a" is true.
    is_truth = Facet("class", facet.slice_N, is_truth=True)
    fresh = slices(Scores("accuracy", True, True, tuned, base), [is_truth], 0, base_is_fresh=True)
    assert {one.p_worse for one in fresh} == {None}


def test_intervals_are_those_worked_by_hand():
    known = mean_interval(np.array([1.0] * 8 + [0.0] * 2), is_binary=True)
    assert (known.low, known.high) == (  # Wilson 1927, 8 of 10
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    assert mean_interval(np.ones(5), is_binary=True).high == 1
    student = mean_interval(np.array([1.0, 2, 3, 4, 5]), is_binary=False)  # t of 4: 2.776
    assert student.low == pytest.approx(3 - 2.776 * math.sqrt(2.5 / 5), abs=0.02)
    assert student_quantile(0.975, 30) == pytest.approx(2.0423, abs=1e-3)
    apart = paired_interval(np.array([2.0, 3, 5]), np.array([1.0, 1, 1]), is_binary=False)
    assert apart.value == pytest.approx(7 / 3)
    # 2 standard deviations of 100 rows each: (1.96 + 0.84) * 0.5 * sqrt(2 / 100)
    assert detectable(0.5, 2 / 100, 1) == pytest.approx(2.8016 * 0.5 * math.sqrt(0.02), abs=1e-3)
    assert detectable(0.5, 2 / 100, 40) > detectable(0.5, 2 / 100, 1)


def test_three_rows_are_never_given_a_share():
    scores = Scores("accuracy", True, True, np.array([1.0, 0, 0] + [1.0] * 97), None)
    known = slices(scores, [Facet("kind", ("rare",) * 3 + ("usual",) * 97)], 0)
    (rare,) = [one.to_json() for one in known if one.name == "rare"]
    assert rare["verdict"] == "few"
    assert rare["p_weak"] is None
    score = {"is_share": True, "is_binary": True, "is_up": True, "title": "accuracy"}
    cells = [str(value) for value in slice_cells(rare, score)]
    assert "1 of 3 right" in cells
    assert "points or more would show" in cells[-1]
    assert not any("%" in text for text in cells)


def test_the_interval_of_a_share_ends_at_zero_and_one():
    scores = Scores("fields right", True, True, np.array([0.0] * 29 + [0.5] + [1.0] * 30), None)
    low, high = slices(scores, [Facet("kind", ("low",) * 30 + ("high",) * 30)], 0)
    assert low.tuned.low == 0  # Student's alone would be below
    assert high.tuned.high == 1


def sample_of(truth: list[int], p_second: list[float]) -> ClassSample:
    p = np.array(p_second)
    return ClassSample(np.array(truth), np.stack([1 - p, p], axis=1))


def test_examples_are_those_that_moved_most():
    rows = [Labelled(f"text {number}", "ab"[number % 2]) for number in range(4)]
    tuned = sample_of([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.3])
    base = sample_of([0, 1, 0, 1], [0.6, 0.4, 0.2, 0.2])
    scores = row_scores(["macro_f1"], "classes", tuned, base)
    assert scores is not None
    assert (scores.title, scores.is_binary) == ("accuracy", True)
    found = examples(scores, tuned, base, rows, ("a", "b"))
    assert [one["row"] for one in found["mended"]] == [0, 1]  # both by 0.5
    assert [one["row"] for one in found["broken"]] == [2]
    assert [one["row"] for one in found["worst"]] == [2, 3]
    assert found["broken"][0]["tuned"] == "b (80%)"
    assert found["counts"] == {"rows": 4, "mended": 2, "broken": 1, "wrong": 2}


def test_fields_right_is_a_metric_of_answers_in_json():
    known = FieldsRight.of(["field_accuracy:a", "field_accuracy:b"])
    wanted = ('{"a": 1, "b": 2}',) * 4
    said = ('{"a": 1, "b": 2}', '{"a": 1, "b": 3}', "no JSON", '{"b": 2}')
    none = np.zeros(4)
    sample = AnswerSample(
        references=wanted, answers=said, logp_N=none, tokens_N=none.astype(np.int64)
    )
    assert known.statistics(sample)[:, 0].tolist() == [1.0, 0.5, 0.0, 0.5]
    assert value_of(known, known.statistics(sample)) == 0.5


def test_facets_divide_by_what_rows_are():
    texts = ["a film", "a long dull film that goes on and on", "fine", "one two three four"] * 10
    rows = [Labelled(text, "good" if at % 2 else "bad") for at, text in enumerate(texts)]
    sure = np.array([0.5, 0.99] * 20)
    found = {one.name: one for one in facets(rows, object(), {"site": ["x", "y"] * 20}, sure, 0)}
    assert found["length"].slices() == ["1 word", "2 words", "4 words", "9 words"]
    assert found["class"].is_truth
    assert found["confidence"].slices() == ["0 to 60 %", "95 to 100 %"]
    assert found["site"].slice_N[:2] == ("x", "y")
    stars = [Rated("text", float(number % 3)) for number in range(9)]
    assert [one.name for one in facets(stars, object(), {}, None, 0)] == ["class"]


def test_columns_that_repeat_the_class_are_left_out():
    truth = ["good", "bad"] * 10
    values = [
        {"label": str(at % 2), "id": at, "shop": "xyz"[at % 3], "stars": 1 + at % 2 + at % 4 // 2}
        for at in range(20)
    ]
    assert set(dividing(values, truth)) == {"shop", "stars"}
    assert not is_about(dividing(values, truth)["shop"], truth)
    assert is_about(dividing(values, truth)["stars"], truth)


def test_topics_are_named_by_their_own_words():
    draw = np.random.default_rng(0)
    words = [
        [f"{stem}{n:c}{m:c}" for n in range(97, 105) for m in range(97, 105)]
        for stem in ("food", "film")
    ]
    texts = [" ".join(draw.choice(words[at % 2], 12)) for at in range(160)]
    found = topics(texts, 0)
    assert len(set(found)) == 2
    assert len(set(found[::2])) == len(set(found[1::2])) == 1
    assert found[0].startswith("food")
    assert topics(["short"] * 30, 0) == [""] * 30


def test_a_model_is_held_against_the_same_people_as_a_person():
    # One item, 1 2 6: the others' means are 4, 3.5 and 1.5; a person is 3, 1.5 and 4.5 away.
    known = beside_people(np.array([3.0]), [[1, 2, 6]], 100, 0)
    assert known is not None
    assert known.person.value == pytest.approx(3.0)
    assert known.model.value == pytest.approx((1 + 0.5 + 1.5) / 3)
    assert known.difference.value == pytest.approx(-2.0)
    assert beside_people(np.array([3.0]), [[1, 2]], 100, 0) is None


def test_attributions_of_a_quadratic_score_are_exact():
    # The integral of d(x1 x2)/dx along a straight way from 0 gives each half of the product.
    start, end = torch.zeros(2, 1, dtype=torch.float64), torch.tensor([[2.0], [3.0]]).double()

    def product(way: torch.Tensor) -> torch.Tensor:
        return way[:, 0, 0] * way[:, 1, 0]

    values = integrated(product, start, end, 4)
    assert values.tolist() == pytest.approx([3.0, 3.0])


@pytest.fixture
def classifier(tmp_path: Path) -> Any:
    folder = tuned_classifier(tmp_path / "tuned")
    return load_predictor(folder, Store(tmp_path), precision="fp32")


def test_attributions_sum_to_the_score(classifier: Any):
    text = "the film was wonderful and clever , its plot dull"
    asked = [Question(text, 1, 0), Question(text * 99, 1, 0), Question("dull", 1, 0)]
    found, long, short = attribute(classifier, asked, 20 * 40)
    assert long is None
    assert found is not None
    assert short is not None  # the one between had no room; this one has
    assert "".join(found.words) == text
    logits = classifier.logits([text])[0]
    assert found.score == pytest.approx(float(logits[1] - logits[0]), abs=1e-4)
    assert abs(found.gap) < 1e-3 * max(1.0, abs(found.score - found.at_padding))


@pytest.mark.slow
def test_attributions_are_captums(classifier: Any):
    import captum.attr as captum

    text = "the film was wonderful and clever , its plot dull"
    (found,) = attribute(classifier, [Question(text, 1, 0)], 10_000, points=32)
    assert found is not None
    known, model = classifier.tokenizer, classifier.scorer.model
    ids, _ = known.encode_with_offsets(text)
    tokens = torch.tensor([known.close(ids, 64)[0]])
    padding = torch.tensor([[*known.prefix, *[known.pad_id] * len(ids), *known.suffix]])

    def score(given: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=given).logits
        return logits[:, 1] - logits[:, 0]

    theirs: Any = captum.LayerIntegratedGradients(score, model.get_input_embeddings())
    values: Any = theirs.attribute(tokens, padding, n_steps=32, method="gausslegendre")
    mine = torch.tensor(found.values)
    assert torch.allclose(values.sum(dim=-1)[0, 1:-1].float(), mine.float(), atol=1e-5)


def evaluation() -> dict[str, Any]:
    """The facts of an evaluation with an example that wants to break the page."""
    scores, found = world(1, flips=True)
    logits = np.random.default_rng(0).normal(size=(600, 2))
    sample = class_sample(np.zeros(600, int), logits)
    rows = [Labelled(f"<script>alert({at})</script>", "a") for at in range(600)]
    measured = {"value": 0.9, "low": 0.87, "high": 0.92}
    known = examples(scores, sample, sample, rows, ("a", "b"))
    known["worst"][0]["why"] = {
        "chosen": "b",
        "other": "a",
        "words": ["<b>", " x"],
        "values": [1.0, -2.0],
        "score": 1.0,
        "at_padding": 0.0,
        "gap": 0.0,
    }
    sliced = [one.to_json() for one in slices(scores, found, 0)]
    return {
        "rows": 600,
        "model": "imdb",
        "base": "package:x",
        "labels": ["a", "b"],
        "confusion": [[500, 100], [0, 0]],
        "reliability": reliability(sample.probability_NC, sample.truth_N),
        "metrics": {
            "accuracy": {
                "title": "accuracy",
                "better": "higher",
                "is_share": True,
                "tuned": measured,
                "base": measured,
                "difference": {**measured, "p": 0.001},
            }
        },
        "analysis": {
            "score": {"title": "accuracy", "is_up": True, "is_share": True, "is_binary": True},
            "rows": 600,
            "whole": 0.9,
            "base_is_fresh": False,
            "slices": sliced,
            "tests": 36,
            "columns_problem": "",
            "examples": known,
            "explained": 1,
        },
    }


def test_the_page_shows_all_and_loads_nothing():
    text = page(summarize(evaluation()))
    assert "<script" not in text
    assert "&lt;script&gt;alert(" in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!#|data:,)""", text)
    assert text.count('tabindex="0"') == text.count('class="card scroll"') >= 5
    for word in ("topic 3", "weaker than elsewhere", "Rows to read", "confidence"):
        assert word in text


def test_the_page_says_whose_rows_they_are():
    facts = evaluation()
    assert "600 rows that it was not trained on" in page(summarize(facts))
    facts |= {"elsewhere": None, "seen_in_training": 7}
    assert (
        "600 rows of another data set, of which 7 stand among its training or validation rows"
        in page(summarize(facts))
    )


def test_a_weak_slice_is_a_finding_with_its_numbers():
    report = summarize(evaluation())
    (found,) = [one for one in report.findings if one.code == "weak-slice"]
    assert "two topic 3" in found.title
    assert re.search(r"p (=|<) .* \(among 36 tests\)", found.evidence)


def test_few_rows_that_are_all_alike_do_not_claim_to_show_the_smallest_difference():
    share = {"is_share": True}
    assert few_shows({"detectable": 0.0}, share) == "too few rows to show anything"
    assert (
        few_shows({"detectable": 0.3}, share) == "too few rows: only 30 points or more would show"
    )
