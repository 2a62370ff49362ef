"""Remedies against forgetting: what they add to a run, and which of them a recipe cannot have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.planning.settings import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.planning.known import Known
    from tuneful.planning.settings import Settings

FISHER_SEQUENCES = 128
"""What EWC's information is the mean of, at most."""


def remembered(known: Known, settings: Settings, chosen: dict[str, Choice]) -> Settings:
    """The settings with the recipe's remedies in them."""
    asked = known.recipe.remember
    settings = replace(settings, l2_sp=asked.l2_sp, ewc=asked.ewc, kl=asked.kl, replay=asked.replay)
    if asked.replay and known.general is not None:
        count = rows_before(settings.steps, settings)
        why = f"{asked.replay:.0%} of the rows of each step, from {known.general.num_rows:,} of "
        chosen["replay"] = Choice(count, f"{why}{asked.source}")
    return settings


def rows_before(step: int, settings: Settings) -> int:
    """General rows that all steps before one (from 0) have together.

    What a step has is the difference to the next: a fraction of a row waits for a later step.
    """
    share = settings.replay
    return int(step * settings.batch_size * share / (1 - share) + 1e-9)


def tokens_of_replay(known: Known, settings: Settings) -> int:
    """Tokens of the run's general rows."""
    if not settings.replay or known.general is None:
        return 0
    # What does not fit into max_length: of a text it goes on in the next piece, else it is cut.
    is_text = known.recipe.remember.rows == "text"
    per_row = known.general.tokens_per_row(1 << 30 if is_text else settings.max_length)
    return round(rows_before(settings.steps, settings) * per_row)


def tokens_before(known: Known, settings: Settings) -> int:
    """Tokens that are read once before the first step: of the sequences EWC asks about."""
    general = known.general
    if not settings.ewc or general is None:
        return 0
    longest, lengths = settings.max_length, general.lengths
    if known.recipe.remember.rows == "text":  # a long text goes on in the next piece
        total, pieces = sum(lengths), sum(-(-length // longest) for length in lengths)
    else:
        total, pieces = sum(min(length, longest) for length in lengths), len(lengths)
    count = min(FISHER_SEQUENCES, pieces * general.num_rows / general.num_sampled)
    return round(count * total / pieces)


def judge_remember(known: Known) -> Iterator[Finding]:
    """Remedies against forgetting that this method, adapter or model does not take."""
    yield from _judge_weights(known)
    yield from _judge_rows(known)
    yield from _judge_kl(known)


def _judge_weights(known: Known) -> Iterator[Finding]:
    asked, adapter = known.recipe.remember, known.recipe.adapter.name
    for key in ("l2_sp", "ewc"):
        if getattr(asked, key) and adapter != "full":
            yield Finding(
                Level.ERROR,
                "no-way-back",
                f"remember.{key} pulls the base's weights back, which {adapter} leaves as they "
                "are.",
                fix="Set it to 0; remember.wise_ft takes back a part of a LoRA's update.",
                where=f"remember.{key}",
                change={f"remember.{key}": 0},
            )
    is_linear = adapter == "full" or (adapter == "lora" and not _moves_base(known))
    if asked.wise_ft < 1 and (known.method.head != "tokens" or not is_linear):
        yield Finding(
            Level.ERROR,
            "no-way-between",
            f"There is no way between base and tuned weights for {known.recipe.method.name} with "
            f"adapter {adapter}: a new head has no base, and other adapters are not linear.",
            fix="Set it to 1, or train a language model, full or with lora (not init: pissa).",
            where="remember.wise_ft",
            change={"remember.wise_ft": 1},
        )


def _moves_base(known: Known) -> bool:
    """Whether a LoRA begins with a part of the base in it, so that its update is no product."""
    return getattr(known.recipe.adapter, "init", "") == "pissa"


def _judge_rows(known: Known) -> Iterator[Finding]:
    """General rows that cannot be learned beside the recipe's own."""
    asked, method = known.recipe.remember, known.recipe.method.name
    reads_aloud = known.method.head == "tokens"
    if asked.ewc and not reads_aloud:
        yield Finding(
            Level.ERROR,
            "no-fisher",
            f"remember.ewc asks what a text's likelihood depends on; {method} has a new head that "
            "reads no text aloud.",
            fix="Set it to 0; remember.l2_sp holds every weight alike.",
            where="remember.ewc",
            change={"remember.ewc": 0},
        )
    why = ""
    if asked.rows == "text" and not reads_aloud:
        why = f"{method} has a head that does not learn raw text: set remember.rows to method"
    elif asked.rows == "method" and known.method.needs.rollouts is not None:
        why = f"{method} learns from its own answers, not from rows: set remember.rows to text"
    elif known.recipe.privacy is not None:
        why = "privacy draws and hides the recipe's own rows only: leave out one of the two"
    if asked.replay and why:
        yield Finding(
            Level.ERROR,
            "no-replay",
            "General rows cannot be replayed in this run.",
            evidence=why,
            fix="Do as said, or set remember.replay to 0.",
            where="remember.replay",
            change={"remember.replay": 0},
        )


def _judge_kl(known: Known) -> Iterator[Finding]:
    if not known.recipe.remember.kl:
        return
    method, answers = known.recipe.method.name, known.method.needs.rollouts is not None
    if known.method.head == "tokens" and not answers:
        return
    if answers:
        fix = f"Set it to 0, and method.beta to what {method} is to pay for moving from the base."
    else:
        fix = "Set it to 0; remember.l2_sp holds the weights themselves."
    yield Finding(
        Level.ERROR,
        "no-kl",
        f"remember.kl compares the tokens that rows bring; {method} learns none of these.",
        fix=fix,
        where="remember.kl",
        change={"remember.kl": 0},
    )
