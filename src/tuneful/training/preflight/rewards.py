"""Rewards that teach nothing: all alike, missing, or of answers that were cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.training.preflight.base import Inspection, Tried

MUCH_CUT = 0.5
"""Share of answers that run out of tokens from which a warning is due."""
FEW_DIFFER = 0.1
"""Share of prompts with different rewards below which training is slow: only they teach."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Let the model answer a few prompts, and look at what the graders think of it."""
    if inspection.ask is None:
        return
    groups = inspection.ask()
    said = [one for group in groups for one in group]
    missing = [one for one in said if one.reward is None]
    if missing:
        yield _about_missing(said, missing)
    if len(missing) < len(said):
        yield from _about_spread(groups)
    cut = sum(not one.is_ended for one in said)
    if cut > MUCH_CUT * len(said):
        yield Finding(
            Level.WARNING,
            "answers-cut",
            f"{cut} of {len(said)} answers of the untrained model run out of tokens.",
            evidence=f"the first such: {next(o.text for o in said if not o.is_ended)[:80]!r}",
            fix="Raise method.max_new_tokens, ask for shorter answers, or reward short ones.",
            where="method.max_new_tokens",
        )


def _about_missing(said: Sequence[Tried], missing: Sequence[Tried]) -> Finding:
    title, why = next(iter(missing[0].failed.items()))
    return Finding(
        Level.ERROR if len(missing) == len(said) else Level.WARNING,
        "no-score",
        f"{len(missing)} of {len(said)} answers got no score from a grader.",
        evidence=f"{title}: {why}; the first such answer: {missing[0].text[:80]!r}",
        fix="Try the grader by itself on that answer; raise its timeout_s if it is slow.",
        where="method.rewards",
    )


def _about_spread(groups: Sequence[Sequence[Tried]]) -> Iterator[Finding]:
    rewards = [[one.reward for one in group if one.reward is not None] for group in groups]
    every = sorted({reward for group in rewards for reward in group})
    differ = sum(len(set(group)) > 1 for group in rewards)
    evidence = (
        f"{sum(map(len, rewards))} answers to {len(groups)} prompts have rewards {every[0]:g} to "
        f"{every[-1]:g}; those to {differ} prompts differ; one of them: "
        f"{next(one.text for group in groups for one in group)[:80]!r}"
    )
    if len(every) == 1:
        yield Finding(
            Level.ERROR,
            "rewards-alike",
            f"Every sampled answer has the reward {every[0]:g}: there is nothing to learn from.",
            evidence=evidence,
            fix="Give a step on the way (for_json, falloff, another grader), show the form in the "
            "prompt, or teach it with method: sft first.",
            where="method.rewards",
        )
    elif any(len(group) > 1 for group in rewards) and differ < FEW_DIFFER * len(groups):
        yield Finding(
            Level.WARNING,
            "rewards-rarely-differ",
            "Answers to the same prompt nearly always have the same reward.",
            evidence=evidence,
            fix="Raise method.num_answers or temperature, or let graders tell more degrees apart.",
            where="method.rewards",
        )
