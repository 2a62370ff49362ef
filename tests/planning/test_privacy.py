"""What a plan says of a promise of privacy."""

from dataclasses import replace
from types import SimpleNamespace

from tuneful.core.report import Level
from tuneful.data.rows import Preference
from tuneful.planning.choose import choose
from tuneful.planning.judge import judge
from tuneful.planning.predict import Prediction
from tuneful.planning.privacy import Budget
from tuneful.planning.settings import Settings

BUDGET = Budget(8.0, 1e-5, 1.0, 0.8, 0.05, "rdp", None)


def found(job, budget: Budget) -> dict[str, Level]:
    settings = replace(choose(job)[0], privacy=budget)
    return {f.code: f.level for f in judge(job, settings, Prediction(1, 1.0, {}, 1.0))}


def test_what_a_promise_does_not_cover_is_said(known):
    codes = ("private-validation", "private-delta", "private-seed")
    loose = replace(BUDGET, delta=0.1, seed=1)
    assert found(known(), loose) == dict.fromkeys(codes, Level.WARNING)
    assert found(known({"keep": "last"}), BUDGET) == {}


def test_a_method_whose_rows_meet_in_the_loss_is_refused(known):
    mixing = SimpleNamespace(
        rows=Preference, head="tokens", learning_rates={"full": (1e-6, 1e-5, 1e-4)}
    )
    job = replace(known({"keep": "last"}), method=mixing)
    assert found(job, BUDGET) == {"private-rows-mix": Level.ERROR}


def test_settings_with_a_promise_come_back_equal(known):
    settings = replace(choose(known())[0], privacy=BUDGET)
    assert Settings.from_json(settings.to_json()) == settings
