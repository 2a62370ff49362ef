"""What is found before the first step."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tuneful.core.report import Finding, Level, Report
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded
from tuneful.recipe.schema import Recipe
from tuneful.training.preflight import PREFLIGHT, preflight
from tuneful.training.preflight.base import Inspection, Overfit, Rehearsed
from tuneful.training.preflight.overfit import choose_rows

EOS = 2


@dataclass(frozen=True)
class Rows:
    """A data set as far as checks see it."""

    train: int = 1000
    test: int = 500
    findings: tuple[Finding, ...] = ()

    def num_rows(self, split: str) -> int:
        return {"train": self.train, "validation": 0, "test": self.test}[split]

    def report(self) -> Report:
        return Report("Data", self.findings)


@dataclass(frozen=True)
class Tokens:
    """Encoded rows in memory."""

    rows: list[list[Encoded]] = field(default_factory=list)

    @property
    def lengths(self):
        return [sum(len(s.tokens) for s in row) for row in self.rows]

    @property
    def num_learned(self):
        return [sum(w > 0 for s in row for w in s.weights) for row in self.rows]

    @property
    def num_cut(self):
        return [sum(s.num_cut for s in row) for row in self.rows]

    def take(self, rows):
        return [self.rows[number] for number in rows]


def recipe(method: str = "classify", adapter: str = "full", **sections: Any) -> Recipe:
    return Recipe(model="m", data={"source": "d"}, method=method, adapter=adapter, **sections)


def inspection(of: Recipe, rows: Rows = Rows(), **more: Any) -> Inspection:
    method = METHODS[of.method.name](of.method, DataFacts(("neg", "pos"), (1, 1)))
    return Inspection(of, method, rows, **more)


def codes(checked: Inspection) -> list[str]:
    return [finding.code for finding in preflight(checked).findings]


def only(checked: Inspection) -> Finding:
    (finding,) = preflight(checked).findings
    return finding


def settings(**changes: Any):
    from tuneful.planning.settings import Settings

    base = Settings(
        epochs=1, steps=125, batch_size=8, optimizer={"name": "adamw"}, learning_rate=1e-4,
        schedule="linear", warmup_steps=7, weight_decay=0.01, max_grad_norm=1.0, max_length=64,
        tokens_per_pass=512, packed=True, precision="fp32", attention_dropout=0.0,
        freeze_layers=0, validate_every=25,
        checkpoint_every=25, patience=None, keep="best", threads=1, seed=0,
    )  # fmt: skip
    return replace(base, **changes)


def answer(learned: int = 2, *, ends: bool = True, cut: int = 0, prompt: int = 3) -> list[Encoded]:
    tokens = [9] * prompt + [7] * learned
    if ends and learned:
        tokens[-1] = EOS
    return [Encoded(tokens, [0.0] * prompt + [1.0] * learned, num_cut=cut)]


# -- recipe and rows alone -----------------------------------------------------------------------


def test_a_sound_recipe_gives_no_finding():
    assert codes(inspection(recipe())) == []


ONE_CLASS = Finding(Level.ERROR, "single-class", "One class.", change={"data.take.order": "random"})


def test_the_tutorials_three_faults_are_errors_with_evidence_and_a_mend():
    tutorial = recipe(
        train={"epochs": 3, "batch_size": 8, "warmup_steps": 500, "weight_decay": 0.01},
        evaluate={"metrics": []},
    )
    found = preflight(inspection(tutorial, Rows(findings=(ONE_CLASS,)))).findings
    assert {f.code for f in found} == {"single-class", "warmup-too-long", "no-metric"}
    assert all(f.level is Level.ERROR and f.change for f in found)
    warmup = next(f for f in found if f.code == "warmup-too-long")
    assert "1,000 rows x 3 epochs / 8 rows a step = 375 steps" in warmup.evidence
    assert "75%" in warmup.evidence


def test_warm_up_of_the_whole_run_is_an_error_and_of_a_third_a_warning():
    def found(steps: int) -> Finding:
        return only(inspection(recipe(train={"batch_size": 8, "warmup_steps": steps})))

    assert found(125).code == "warmup-too-long"
    assert (found(60).code, found(60).level) == ("warmup-long", Level.WARNING)
    assert codes(inspection(recipe(train={"batch_size": 8, "warmup_steps": 12}))) == []


def test_the_plans_steps_count_once_there_is_a_plan():
    asked = recipe(train={"batch_size": 8, "warmup_steps": 100})
    assert codes(inspection(asked, settings=settings(steps=90))) == ["warmup-too-long"]


def test_findings_of_the_data_pass_through_but_for_notes():
    note = Finding(Level.NOTE, "duplicates", "Few.")
    leak = Finding(Level.WARNING, "split-leak", "Copies.")
    assert codes(inspection(recipe(), Rows(findings=(note, leak)))) == ["split-leak"]


def test_findings_of_the_plan_gate_the_run_too():
    short = Finding(Level.ERROR, "memory-short", "Too little.")
    assert codes(inspection(recipe(), plan_findings=(short,))) == ["memory-short"]


def test_no_test_rows_is_warned_of():
    finding = only(inspection(recipe(), Rows(test=0)))
    assert (finding.code, finding.level) == ("no-test-rows", Level.WARNING)


@pytest.mark.parametrize(
    ("adapter", "rate", "level"),
    [
        ("full", 2e-3, Level.WARNING),
        ("full", 0.1, Level.ERROR),
        ("full", 1e-8, Level.ERROR),
        ("lora", 1e-5, Level.WARNING),
    ],
)
def test_a_learning_rate_off_the_methods_range_is_found(adapter, rate, level):
    finding = only(inspection(recipe(adapter=adapter, train={"learning_rate": rate})))
    assert (finding.code, finding.level) == ("learning-rate-off", level)
    assert finding.change == {"train.learning_rate": "auto"}


def test_the_tutorials_learning_rate_is_fine():
    assert codes(inspection(recipe(train={"learning_rate": 5e-5}))) == []


def test_few_steps_are_warned_of_and_a_large_batch_is_mended():
    finding = only(inspection(recipe(train={"batch_size": 64}), Rows(train=100)))
    assert (finding.code, finding.change) == ("few-steps", {"train.batch_size": "auto"})
    assert only(inspection(recipe(), Rows(train=10))).change == {}


def test_errors_come_before_warnings():
    wrong = recipe(train={"learning_rate": 2e-3}, evaluate={"metrics": []})
    assert codes(inspection(wrong)) == ["no-metric", "learning-rate-off"]


# -- rows as tokens ------------------------------------------------------------------------------


def chat(rows: list[list[Encoded]], eos_id: int | None = EOS, **train: Any) -> Inspection:
    return inspection(
        recipe("sft", train=train), settings=settings(), encoded=Tokens(rows), eos_id=eos_id
    )


def test_answers_that_end_are_fine():
    assert codes(chat([answer()] * 10)) == []


def test_many_rows_without_a_learned_token_are_an_error_that_a_wider_limit_mends():
    finding, _ = preflight(chat([answer()] * 8 + [answer(0, cut=5)] * 2, max_length=64)).findings
    assert (finding.code, finding.level) == ("nothing-learned", Level.ERROR)
    assert "training rows 9, 10; 2 of them were cut" in finding.evidence
    assert finding.change == {"train.max_length": "auto"}


def test_a_single_row_without_a_learned_token_is_a_warning_for_a_person():
    finding = only(chat([answer()] * 30 + [answer(0)]))
    assert (finding.code, finding.level) == ("nothing-learned", Level.WARNING)
    assert finding.change == {}


def test_answers_without_end_token_are_an_error():
    finding = only(chat([answer(ends=False)] * 4))
    assert (finding.code, finding.level) == ("end-not-learned", Level.ERROR)
    assert "training row 1" in finding.evidence


def test_an_end_token_that_is_not_learned_does_not_count():
    given = [Encoded([9, 7, EOS], [0.0, 1.0, 0.0])]
    assert codes(chat([given] * 4)) == ["end-not-learned"]


def test_a_row_that_was_cut_may_lack_its_end():
    assert codes(chat([answer()] * 50 + [answer(ends=False, cut=1)])) == ["truncated"]


@pytest.mark.parametrize(("method", "level"), [("sft", Level.ERROR), ("pretrain", Level.WARNING)])
def test_a_tokenizer_without_end_token_is_told(method: str, level: Level):
    finding = only(
        inspection(recipe(method), settings=settings(), encoded=Tokens([answer()]), eos_id=None)
    )
    assert (finding.code, finding.level) == ("no-end-token", level)


def test_class_rows_need_no_end():
    rows = Tokens([[Encoded([1, 2], label=0)]] * 4)
    assert codes(inspection(recipe(), settings=settings(), encoded=rows, eos_id=EOS)) == []


def test_truncation_counts_rows_and_tokens():
    whole, cut = [Encoded([1] * 10, label=0)], [Encoded([1] * 10, label=1, num_cut=20)]
    rows = Tokens([whole, whole, whole, cut])
    finding = only(inspection(recipe(), settings=settings(max_length=10), encoded=rows))
    assert finding.title.startswith("25% of the training rows are longer than 10 tokens; 33%")
    assert finding.level is Level.WARNING


# -- learning by heart ---------------------------------------------------------------------------


def by_heart(losses: list[float], moved: float = 0.1) -> list[str]:
    rows = Tokens([[Encoded([1, 2], label=0)], [Encoded([1], label=1)]])
    result = Overfit(losses, moved)
    return codes(
        inspection(recipe(), settings=settings(), encoded=rows, overfit=lambda rows: result)
    )


def test_a_falling_loss_is_fine():
    assert by_heart([0.7, 0.7, 0.6, 0.5, 0.4, 0.3]) == []


def test_a_loss_that_stays_is_an_error():
    assert by_heart([0.7, 0.6, 0.7, 0.7, 0.6, 0.7]) == ["does-not-learn"]


def test_weights_that_stay_are_an_error():
    assert by_heart([0.7, 0.6, 0.5, 0.4, 0.3, 0.2], moved=0.0) == ["weights-still"]


def test_a_loss_that_is_no_number_is_an_error():
    assert by_heart([0.7, 0.9, float("nan"), float("nan"), float("nan")]) == ["diverges"]


def test_the_shortest_rows_of_every_class_are_learned():
    rows = Tokens(
        [[Encoded([1] * n, label=label)] for n, label in [(9, 1), (1, 0), (2, 0), (3, 0), (4, 0)]]
    )
    assert choose_rows(rows, "classes") == [1, 0, 2, 3]


def test_rows_without_a_learned_token_are_not_chosen():
    assert choose_rows(Tokens([answer(0), answer(3), answer(1)]), "tokens") == [2, 1]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Rehearsed(0.5, 0.1, 8), []),
        (Rehearsed(0.0, 0.1, 8), ["answers-not-learned"]),
        (Rehearsed(0.0, 0.0, 8), ["weights-still"]),
        (Rehearsed(float("nan"), 0.1, 8), ["answers-diverge"]),
        (None, []),
    ],
)
def test_better_answers_must_become_likelier(result: Rehearsed | None, expected: list[str]):
    assert codes(inspection(recipe(), settings=settings(), rehearse=lambda: result)) == expected


def test_every_check_says_nothing_where_it_lacks_what_it_needs():
    bare = inspection(recipe())
    assert [list(PREFLIGHT[name](bare)) for name in PREFLIGHT] == [[]] * len(list(PREFLIGHT))
