"""Metrics against numbers worked by hand and against the textbook's loops."""

import random
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.world import classify_recipe
from tuneful.core.errors import DataError, UnknownName
from tuneful.data.message import Message, ToolCall
from tuneful.data.rows import Chat
from tuneful.evaluating.bootstrap import value_of
from tuneful.evaluating.evaluate import check_metrics
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.measures.classes import ClassSample, class_sample
from tuneful.evaluating.measures.labels import LabelSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.evaluating.measures.tags import TagSample
from tuneful.evaluating.metrics import METRICS, metric
from tuneful.evaluating.metrics.entity_f1 import spans
from tuneful.evaluating.metrics.json_answers import fields
from tuneful.evaluating.metrics.rouge import longest_common, rouge_l
from tuneful.recipe.change import with_changes


def classes(truth: list[int], chosen: list[int], num_classes: int = 3) -> ClassSample:
    probability = np.full((len(truth), num_classes), 0.1)
    probability[np.arange(len(truth)), chosen] = 1 - 0.1 * (num_classes - 1)
    return ClassSample(np.array(truth), probability)


def answers(said: list[str], meant: list[str]) -> AnswerSample:
    return AnswerSample(
        references=tuple(meant),
        answers=tuple(said),
        logp_N=np.array([-1.0] * len(said)),
        tokens_N=np.array([2] * len(said)),
    )


def ratings(truth: list[int], rating: list[float] | list[int]) -> RatingSample:
    rating_N = np.array(rating, dtype=np.float64)
    return RatingSample(np.array(truth, dtype=np.float64), rating_N, np.floor(rating_N + 0.5))


def value(name: str, sample: Any) -> float:
    known = metric(name)
    return value_of(known, known.statistics(sample))


def test_accuracy_and_macro_f1_by_hand():
    sample = classes([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2])
    assert value("accuracy", sample) == pytest.approx(4 / 6)
    # Class 0: 2 right, 2 chosen, 3 true: 4/5. Class 1: 1, 2, 2: 1/2. Class 2: 1, 2, 1: 2/3.
    assert value("macro_f1", sample) == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_macro_f1_leaves_out_a_class_that_is_nowhere():
    assert value("macro_f1", classes([0, 1], [0, 1])) == 1.0


def test_macro_f1_is_the_textbooks_on_random_samples():
    draw = np.random.default_rng(0)
    for _ in range(20):
        truth, chosen = draw.integers(0, 3, 40), draw.integers(0, 3, 40)
        scores: list[float] = []
        for c in range(3):
            right = sum(t == p == c for t, p in zip(truth, chosen, strict=True))
            wrong = sum((t == c) != (p == c) for t, p in zip(truth, chosen, strict=True))
            scores.append(2 * right / (2 * right + wrong))
        found = value("macro_f1", classes(truth.tolist(), chosen.tolist()))
        assert found == pytest.approx(np.mean(scores))


def test_calibration_error_by_hand():
    # Two rows in the bin (0.8, 0.867]: confidence 0.85, one right: gap |0.5 - 0.85|.
    # Two in (0.933, 1]: confidence 0.95, both right: gap |1 - 0.95|.
    probability = np.array([[0.85, 0.15], [0.85, 0.15], [0.95, 0.05], [0.05, 0.95]])
    sample = ClassSample(np.array([0, 1, 0, 1]), probability)
    assert value("ece", sample) == pytest.approx(0.5 * 0.35 + 0.5 * 0.05)


def test_exact_match_forgives_spaces_only():
    sample = answers([" yes ", "Yes", "no"], ["yes", "yes", "no"])
    assert value("exact_match", sample) == pytest.approx(2 / 3)


def test_token_f1_by_hand():
    # "cat sat mat" and "cat mat": 2 shared, 3 and 2 words.
    sample = answers(["The cat sat, a mat."], ["the cat mat"])
    assert value("token_f1", sample) == pytest.approx(2 * 2 / 5)
    assert value("token_f1", answers([""], [""])) == 1.0
    assert value("token_f1", answers(["x"], [""])) == 0.0


def test_rouge_l_is_lins_example():
    # Lin 2004: "police kill the gunman" shares "police the gunman" with the reference.
    assert rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)


def test_longest_common_subsequence_is_the_tables():
    draw = random.Random(0)
    for _ in range(200):
        one = draw.choices("abcd", k=draw.randint(0, 90))
        other = draw.choices("abcd", k=draw.randint(0, 90))
        row = [0] * (len(other) + 1)
        for left in one:
            new = [0]
            for j, right in enumerate(other, 1):
                new.append(row[j - 1] + 1 if left == right else max(row[j], new[j - 1]))
            row = new
        assert longest_common(one, other) == row[-1]


def test_perplexity_weighs_rows_by_their_tokens():
    known = answers(["a", "b"], ["a", "b"])
    sample = replace(known, logp_N=np.array([-3.0, -1.0]), tokens_N=np.array([3, 1]))
    assert value("perplexity", sample) == pytest.approx(np.e)


def test_json_must_be_the_whole_answer_with_the_same_keys():
    said = ['{"a": 2}', 'Sure: {"a": 1}', '{"a": 1', '{"b": 1}', "[1]", '{"a": NaN}', "[" * 9999]
    # More digits than Python reads as a number.
    said.append('{"a": ' + "1" * 5000 + "}")
    assert value("json_valid", answers(said, ['{"a": 1}'] * 8)) == pytest.approx(1 / 8)


def test_a_field_is_equal_by_json_s_rules():
    meant = ['{"a": 1}', '{"a": 1}', '{"a": "x"}', '{"a": true}', '{"a": [1, {"b": 0}]}']
    said = ['{"a": 1.0}', '{"a": true}', '{"a": "y"}', "no", '{"a": [1, {"b": false}]}']
    assert value("field_accuracy:a", answers(said, meant)) == pytest.approx(1 / 5)


def test_fields_are_those_that_all_references_have():
    assert fields(('{"a": 1, "b": 2}', '{"b": 3, "a": 4}')) == ["a", "b"]
    assert fields(('{"a": 1}', "text")) == []
    assert fields(()) == []


def test_field_accuracy_asks_for_the_field():
    with pytest.raises(DataError, match="which field"):
        metric("field_accuracy")


def test_an_unknown_metric_names_a_close_one():
    with pytest.raises(UnknownName) as caught:
        metric("acuracy")
    assert "accuracy" in caught.value.fix


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_names_measures_that_there_are(name: str):
    assert METRICS[name].measures
    assert all(kind in MEASURES for kind in METRICS[name].measures)


def test_a_metric_of_another_measure_is_refused_before_training(tmp_path: Path):
    recipe = with_changes(classify_recipe(tmp_path), {"evaluate.metrics": ["rouge_l"]})
    with pytest.raises(DataError, match="rouge_l does not measure classes") as caught:
        check_metrics(recipe)
    assert "accuracy" in caught.value.fix


def test_temperature_divides_logits():
    logits = np.array([[2.0, 0.0]])
    warm = class_sample([0], logits, 2.0).probability_NC[0, 0]
    assert warm == pytest.approx(1 / (1 + np.exp(-1.0)))


def called(name: str, said: list[str], accepted: list[str], own: list[str] | None = None) -> float:
    known = answers(said, own or accepted)
    return value(name, replace(known, accepted=tuple(accepted)))


CALL = '{"name": "f", "arguments": {"a": 1, "b": "x y"}}'
ACCEPTED = '[{"name": "f", "accepted": {"a": [1, 2], "b": ["x y", ""]}}]'


def test_calls_are_right_by_their_arguments_and_rows_without_tools_do_not_count():
    near = CALL.replace("1", "2").replace("x y", "X-Y")
    wrong = CALL.replace("1", "3")
    tagged = [f"<tool_call>{call}</tool_call>" for call in (CALL, near, wrong)]
    assert called("tool_calls", tagged, [ACCEPTED] * 3) == pytest.approx(2 / 3)
    assert called("tool_calls", [*tagged, "Good."], [*[ACCEPTED] * 3, ""]) == pytest.approx(2 / 3)
    assert called("tool_calls_exact", tagged, [ACCEPTED] * 3, [f"[{CALL}]"] * 3) == pytest.approx(
        1 / 3
    )


def test_where_no_call_is_right_words_are_and_a_broken_call_is_not():
    said = ["I cannot do that.", "<tool_call>f(</tool_call>", CALL]
    assert called("tool_calls", said, ["[]"] * 3) == pytest.approx(1 / 3)
    assert called("tool_calls_exact", said, ["[]"] * 3, ["No."] * 3) == pytest.approx(1 / 3)


def test_calls_of_rows_without_tools_are_refused():
    with pytest.raises(DataError, match="offers tools"):
        called("tool_calls", ["x"], [""])


def test_rows_with_tools_are_measured_by_their_calls():
    measure = MEASURES["answers"](Context())
    asked = (Message("user", "?"), Message("assistant", "", (ToolCall("f", '{"a": 1}'),)))
    rows = [Chat(asked, ({"type": "function", "function": {"name": "f"}},)), Chat(asked)]
    sample = measure.sample([["x", -1.0, 1, 1, {}], ["y", -1.0, 1, 1, {}]], rows)
    assert sample.accepted == ('[{"name": "f", "arguments": {"a": 1}}]', "")
    assert measure.metrics(sample) == ["tool_calls", "tool_calls_exact"]


def test_errors_of_ratings_by_hand():
    sample = ratings([1, 2, 3, 5], [1.5, 2.0, 1.0, 5.0])
    assert value("mae", sample) == pytest.approx((0.5 + 0 + 2 + 0) / 4)
    # 1.5 rounds to 2: two of four are right.
    assert value("rating_accuracy", sample) == pytest.approx(2 / 4)


def test_quadratic_kappa_by_hand():
    # Truth 1 1 2 3, chosen 1 2 2 3. Seen: (1-2)^2 = 1. Expected, over all pairs of a true and a
    # chosen rating, by 4: squares of (0 1 1 2) twice, (1 0 0 1), (2 1 1 0): 6 + 6 + 2 + 6 = 20.
    assert value("quadratic_kappa", ratings([1, 1, 2, 3], [1, 2, 2, 3])) == pytest.approx(1 - 1 / 5)
    assert isnan(value("quadratic_kappa", ratings([2, 2], [2, 2])))


def test_quadratic_kappa_is_the_matrix_formula():
    draw = np.random.default_rng(0)
    for _ in range(20):
        truth, chosen = draw.integers(1, 6, 50), draw.integers(1, 6, 50)
        seen = np.zeros((5, 5))
        np.add.at(seen, (truth - 1, chosen - 1), 1)
        chance = np.outer(seen.sum(1), seen.sum(0)) / seen.sum()
        weight = (np.arange(5)[:, None] - np.arange(5)) ** 2
        kappa = 1 - (weight * seen).sum() / (weight * chance).sum()
        found = value("quadratic_kappa", ratings(truth.tolist(), chosen.tolist()))
        assert found == pytest.approx(kappa)


def test_several_classes_a_text_by_hand():
    is_NC = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=np.float64)
    chose_NC = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=np.float64)
    sample = LabelSample(is_NC, log_odds_NC=2 * chose_NC - 1)
    # 2 right, 3 chosen, 3 true; only the third row is wholly right; classes 1, 2/3 and 0.
    assert value("micro_f1", sample) == pytest.approx(4 / 6)
    assert value("subset_accuracy", sample) == pytest.approx(1 / 3)
    assert value("macro_f1", sample) == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-A I-A O B-A", [("A", 0, 2), ("A", 3, 4)]),
        ("B-A B-A I-A", [("A", 0, 1), ("A", 1, 3)]),
        ("B-A I-B I-B", [("A", 0, 1), ("B", 1, 3)]),
        ("O I-A I-A O", [("A", 1, 3)]),
        ("S-A B-A E-A I-A", [("A", 0, 1), ("A", 1, 3), ("A", 3, 4)]),
        ("NOUN NOUN O B-", [("NOUN", 0, 2), ("", 3, 4)]),
        ("O O", []),
    ],
)
def test_spans_are_conllevals(tags: str, found: list[tuple[str, int, int]]):
    assert spans(tags.split()) == set(found)


def test_tags_by_hand():
    truth = (("B-A", "I-A", "O", "B-B"), ("O", "B-A"))
    chosen = (("B-A", "I-A", "O", "B-A"), ("B-A", ""))
    sample = TagSample(truth, chosen)
    # 3 spans chosen, 3 true, 1 right; of 6 words 3 are right, and the one cut off is wrong.
    assert value("entity_f1", sample) == pytest.approx(2 / 6)
    assert value("tag_accuracy", sample) == pytest.approx(3 / 6)


SCHEMA = '{"type": "object", "properties": {"stars": {"enum": [1, 2]}}, "required": ["stars"]}'


def test_answers_fit_the_rows_schema_or_a_files(tmp_path: Path):
    said = ['{"stars": 1}', '{"stars": 3}', "{}", "It has 1 star.", '{"stars": 2}']
    known = answers(said, said)
    rows = replace(known, schemas=(SCHEMA, SCHEMA, SCHEMA, SCHEMA, ""))
    assert value("json_schema", rows) == pytest.approx(1 / 4)
    (tmp_path / "schema.json").write_text(SCHEMA, encoding="utf-8")
    assert value(f"json_schema:{tmp_path / 'schema.json'}", known) == pytest.approx(2 / 5)


def test_a_schema_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="No test row"):
        value("json_schema", answers(["{}"], ["{}"]))
    with pytest.raises(DataError, match="no such file"):
        metric(f"json_schema:{tmp_path / 'none.json'}")
    (tmp_path / "odd.json").write_text('{"type": "object", "dependentRequired": {}}')
    with pytest.raises(DataError, match="words"):
        metric(f"json_schema:{tmp_path / 'odd.json'}")


def test_rows_with_a_schema_are_measured_by_it():
    measure = MEASURES["answers"](Context())
    asked = (Message("user", "?"), Message("assistant", '{"stars": 1}'))
    rows = [Chat(asked, reference=SCHEMA), Chat(asked, reference="1 star"), Chat(asked)]
    sample = measure.sample([["x", -1.0, 1, 1, {}]] * 3, rows)
    assert sample.schemas == (SCHEMA, "", "")
    assert measure.metrics(sample) == ["json_schema", "json_valid", "field_accuracy:stars"]


def test_a_field_that_no_reference_has_is_not_measured():
    sample = answers(['{"a": 1}', "no"], ['{"a": 1}', '{"b": 1}'])
    assert value("field_accuracy:a", sample) == 0.5
    assert isnan(value("field_accuracy:c", sample))
    assert isnan(value("field_accuracy:a", answers(["x"], ["plain"])))
