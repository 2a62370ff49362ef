"""More metrics against numbers worked by hand, and where they are not defined."""

from dataclasses import replace
from math import isnan, log
from typing import Any

import numpy as np
import pytest

from tests.evaluating.test_metrics import answers, classes, ratings, value
from tuneful.core.errors import DataError
from tuneful.evaluating.analysing.scores import row_scores
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.calibration import reliability
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.graded import GradedSample
from tuneful.evaluating.measures.rewards import RewardSample
from tuneful.evaluating.measures.tags import TagSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import values, why_undefined
from tuneful.evaluating.metrics.markup import broken
from tuneful.evaluating.speed import speed_of, speed_table
from tuneful.models.spelling import learned_bytes


def test_auroc_counts_pairs_in_order_and_ties_half():
    # Class 1 has 0.8 and 0.5, class 0 has 0.5 and 0.2: three pairs in order, and a tie.
    share = np.array([0.8, 0.5, 0.5, 0.2])
    sample = ClassSample(np.array([1, 1, 0, 0]), np.stack([1 - share, share], axis=1))
    assert value("auroc", sample) == pytest.approx(3.5 / 4)


def test_a_metric_that_is_not_defined_has_no_number():
    known = metric("auroc")
    one_class = known.statistics(classes([1, 1, 1], [1, 0, 1], 2))
    found = compare(known, one_class, one_class, 100)
    assert found.difference is not None
    numbers = (found.tuned.value, found.tuned.low, found.difference.high, found.difference.p)
    assert all(isnan(number) for number in numbers)


def test_metrics_of_classes_by_hand():
    sample = classes([0, 0, 0, 1], [0, 0, 1, 1], 2)
    assert value("balanced_accuracy", sample) == pytest.approx((2 / 3 + 1) / 2)
    # TP 1, TN 2, FP 1, FN 0: (1*2 - 1*0) / sqrt(2 * 1 * 3 * 2).
    assert value("mcc", sample) == pytest.approx(2 / 12**0.5)
    # Each row is sure by 0.9: three miss by 0.1, one by 0.9.
    assert value("brier", sample) == pytest.approx((3 * 0.01 + 0.81) / 4)
    assert value("rmse", ratings([1, 5], [4.0, 1.0])) == pytest.approx(((9 + 16) / 2) ** 0.5)


def test_reliability_is_the_share_of_right_rows_by_confidence():
    share = np.array([[0.85, 0.15], [0.85, 0.15], [0.95, 0.05], [0.05, 0.95]])
    one, two = reliability(share, np.array([0, 1, 0, 1]))
    assert (one["rows"], one["right"], one["confidence"]) == (2, 0.5, pytest.approx(0.85))
    assert (two["rows"], two["right"], two["confidence"]) == (2, 1.0, pytest.approx(0.95))
    assert 0 < one["right_low"] < 0.5 < one["right_high"] < 1 == two["right_high"]


def test_texts_by_hand():
    sample = answers(["the cat sat"], ["the cat sat down"])
    assert value("rouge_1", sample) == pytest.approx(2 * 3 / 7)
    assert value("rouge_2", sample) == pytest.approx(2 * 2 / 5)
    # "abc" of "abcd": 3 of 3 and 4 letters, 2 of 2 and 3 pairs, 1 of 1 and 2 triples; none of four.
    precision, recall = 1.0, (3 / 4 + 2 / 3 + 1 / 2) / 3
    wanted = 5 * precision * recall / (4 * precision + recall)
    assert value("chrf", answers(["abc"], ["ab cd"])) == pytest.approx(wanted)
    known = replace(answers(["x", "y"], ["x", "y"]), bytes_N=np.array([3, 1]))
    assert value("bits_per_byte", known) == pytest.approx(2.0 / log(2) / 4)


class Spelling:
    """Spells ids as letters, as SentencePiece does: without a space at a text's beginning."""

    letters = (" é", " ca", "t", "")

    def decode(self, ids: list[int]) -> str:
        return "".join(self.letters[number] for number in ids).removeprefix(" ")


def test_bytes_are_those_that_learned_tokens_spell():
    # "é cat": the first is not learned; " ca", "t" are 4 bytes, the end spells none.
    known: Any = Spelling()
    assert learned_bytes(known, [0, 1, 2, 3], [0, 1, 1, 1]) == 4
    assert learned_bytes(known, [1, 0, 1, 2], [0, 1, 0, 1]) == 3 + 1
    assert learned_bytes(known, [0, 1], [1, 1]) == 2 + 3
    assert learned_bytes(known, [0], [0]) == 0


def test_yaml_is_a_mapping_or_list_with_the_references_keys():
    cases = {
        ("a: 1\nb: x", "a: 2\nb: y"): 1, ("a: 1", "a: 2\nb: y"): 0, ("- 1\n- 2", "- 3"): 1,
        ("- 1", "a: 2"): 0, ("just words", "words"): 0, ("a: [1", "a: 1"): 0,
        ("a: 1\na: 2", "a: 1"): 0, ("```yaml\na: 1\n```", "a: 1"): 0, ("", "a: 1"): 0,
        ("a: 2020-99-99", "a: x"): 0, ("{a: b}", "no mapping"): 1, ("[" * 300, "a: 1"): 0,
    }  # fmt: skip
    for (said, meant), wanted in cases.items():
        assert value("yaml_valid", answers([said], [meant])) == wanted, said


RIGHT = [
    "Plain words, 2 ** 3 and snake__case.",
    "# Title\n\n**bold** and `code` and [link](http://x.y)\n\n- one\n- two",
    "```py\nx = a['**']\n```",
    "~~~~\n```\n~~~~",
    "> ```\n> quoted\n> ```",
    "| a | b |\n|---|---|\n| 1 | `x` |\n| \\| | 2 |",
    "See [it][1].\n\n[1]: http://x.y",
    "Escaped \\` and \\*\\*no bold.",
    "x[0][1] is a cell; call f(a)[b](c)? No: text.",
]
BROKEN = {
    "```py\nx = 1": "fence",
    "```\nx\n~~~": "fence",
    "This is **bold.": "**",
    "A `code": "`",
    "See [it](http://x.y": "[it](",
    "See [it](http://x y z)": "[it](",
    "See [it][nowhere].": "[it][nowhere]",
    "##Title": "##T",
    "| a | b |\n|---|---|\n| 1 |": "1 cells under a head of 2",
    "| a | b |\n| 1 | 2 |": "| a | b |",
}


def test_markdown_is_broken_where_marks_stand_as_text():
    assert [text for text in RIGHT if broken(text)] == []
    for text, why in BROKEN.items():
        assert any(why in found for found in broken(text)), text
    sample = answers([RIGHT[0], "A `code", " "], ["", "", ""])
    assert value("markdown_valid", sample) == pytest.approx(1 / 3)


def test_rules_of_style():
    cases = {
        "regex:^\\d+$": {" 12 ": 1, "12 a": 0},
        "words:2-3": {"one": 0, "one two": 1, "don't you-know me": 1, "a b c d": 0},
        "words:-1": {"": 1, "a b": 0},
        "words:2-": {"a": 0, "a b c": 1},
        "uses:thank you|please": {"Thank  you": 0, "PLEASE!": 1, "pleased": 0, "Thank you.": 1},
        "avoids:as an AI": {"As an ai I": 0, "as an AIde": 1},
        "reading_grade:5": {"The cat sat. It ran.": 1, "": 1},
    }
    for name, known in cases.items():
        for said, wanted in known.items():
            assert value(name, answers([said], [""])) == wanted, (name, said)
    for name in ("regex", "regex:(", "words:many", "words:-", "uses:|", "reading_grade:low"):
        with pytest.raises(DataError, match=r"metric|pattern"):
            metric(name)


TOOLS = (
    {
        "type": "function",
        "function": {
            "name": "f",
            "parameters": {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
        },
    },
)
WANTED = '[{"name": "f", "accepted": {"a": [1, 2], "b": ["x", ""]}}]'
TWO = '[{"name": "f", "accepted": {"a": [1]}}, {"name": "f", "accepted": {"a": [5]}}]'


def called(name: str, *rows: tuple[str, str]) -> float:
    said, accepted = zip(*rows, strict=True)
    known = answers(list(said), [""] * len(said))
    return value(name, replace(known, accepted=tuple(accepted), tools=(TOOLS,) * len(said)))


def call(**arguments: object) -> str:
    return f'{{"name": "f", "arguments": {arguments!r}}}'.replace("'", '"')


def test_parts_of_calls_by_hand():
    both = f"<tool_call>{call(a=5)}</tool_call><tool_call>{call(a=1)}</tool_call>"
    other = '{"name": "g", "arguments": {}}'
    rows = [(call(a=1), WANTED), (other, WANTED), ("No.", WANTED), ("No.", "[]"), ("x", "")]
    assert called("tool_names", *rows) == pytest.approx(2 / 4)
    assert called("tool_relevance", *rows) == pytest.approx(2 / 3)
    assert called("tool_irrelevance", *rows, (call(a=1), "[]")) == pytest.approx(1 / 2)
    assert called("tool_parallel", (both, TWO), (call(a=1), TWO), rows[0]) == pytest.approx(1 / 2)
    # a is right and b left out: 1 of 1. a wrong, b right: 1 of 2. c is unwanted: 1 of 2. None: 0/1.
    given = [call(a=2), call(a=3, b="X"), call(a=1, c=4), "No."]
    assert called("tool_arguments", *((said, WANTED) for said in given)) == pytest.approx(3 / 6)
    assert called("tool_arguments", (both, TWO)) == 1.0
    typed = [call(a=1.5, b="x"), call(a=1, c=1), "<tool_call>{</tool_call>"]
    assert called("tool_types", *((said, WANTED) for said in typed)) == pytest.approx(2 / 3)


def test_parts_of_calls_that_no_row_has_are_not_defined():
    for name in ("tool_parallel", "tool_irrelevance"):
        assert isnan(called(name, (call(a=1), WANTED)))
    assert isnan(called("tool_names", ("x", "")))


def test_a_mean_of_nothing_is_not_defined_and_no_number():
    none = replace(answers(["x"], ["x"]), tokens_N=np.array([0]), bytes_N=np.array([0]))
    graded = GradedSample(("x",), ({},), (None,))
    tied = RewardSample([np.zeros(0)])
    for name, sample in {
        "perplexity": none, "bits_per_byte": none, "reward": graded, "pair_accuracy": tied,
        "pair_margin": tied, "tag_accuracy": TagSample(((),), ((),)),
    }.items():  # fmt: skip
        found = compare(metric(name), metric(name).statistics(sample), None, 50).tuned
        assert isnan(found.value), name
        assert isnan(found.low), name
        assert why_undefined(metric(name)) != why_undefined(metric("accuracy")), name


def test_rows_are_compared_by_a_metric_in_which_each_counts_once():
    said = [call(a=1), "words"]
    some = replace(answers(said, said), accepted=(WANTED, ""), tools=(TOOLS, ()))
    every = replace(some, accepted=(WANTED, "[]"))
    assert titles(some) == "exact match"
    assert titles(every) == "calls right"
    pairs = RewardSample([np.array([1.0]), np.array([-1.0])])
    scores = row_scores(["pair_accuracy"], "rewards", pairs, None)
    assert scores is not None
    assert scores.tuned_N.tolist() == [1.0, 0.0]
    ranked = RewardSample([np.array([1.0]), np.array([-1.0, 2.0])])
    assert row_scores(["pair_accuracy"], "rewards", ranked, None) is None


def titles(sample: AnswerSample) -> str:
    scores = row_scores(["tool_calls"], "answers", sample, None)
    assert scores is not None
    return scores.title


def test_programs_pass_or_not_and_k_of_n_is_estimated():
    test = "assert double(4) == 8"
    right, wrong = "Sure:\n```python\ndef double(x):\n    return 2 * x\n```\nDone.", "double = 3"
    sample = replace(answers([right, wrong, right], [""] * 3), tests=(test, test, ""))
    assert value("pass_at_k", sample) == pytest.approx(1 / 2)
    with pytest.raises(DataError, match="pass@2 needs 2 answers"):
        value("pass_at_k:2", sample)
    # One of three passes: 1 - C(2, 2) / C(3, 2); two of three: certain.
    drawn = ((right, wrong, wrong), (right, wrong, right), (wrong,) * 3)
    assert value("pass_at_k:2", replace(sample, drawn=drawn)) == pytest.approx((2 / 3 + 1) / 2)
    assert isnan(value("pass_at_k", replace(sample, tests=("", "", ""))))
    with pytest.raises(DataError, match="number of answers"):
        metric("pass_at_k:many")


def test_cost_of_answers_by_hand():
    alone = np.array([0.4, np.nan, 0.1, 0.2, np.nan, 0.3])
    sample = replace(answers(["x"] * 6, ["x"] * 6), alone_N=alone, said_N=np.arange(6.0))
    assert value("latency_s", sample) == 0.2
    assert value("latency_s:95", sample) == 0.4
    assert value("answer_tokens", sample) == 2.5
    known = metric("latency_s")
    weights = np.array([[5.0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 3]])
    found = values(known, weights, known.statistics(sample))
    assert found.tolist()[0::2] == [0.4, 0.3]
    assert isnan(found[1])
    assert isnan(value("latency_s", replace(sample, alone_N=np.full(6, np.nan))))
    speed = speed_of(replace(sample, seconds=3.0), 6.0)
    assert speed is not None
    assert (speed["answers_per_s"], speed["tokens_per_s"]) == (2.0, 5.0)
    # Half a second an answer at 6 USD an hour: 500 s for a thousand.
    assert speed["usd_per_1000_answers"] == pytest.approx(500 * 6 / 3600)
    assert speed_table({"tuned": speed}).columns[-1] == "USD for 1,000 answers"
