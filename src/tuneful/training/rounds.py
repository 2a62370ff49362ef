"""Rounds of answers on disk: one JSON object a line, the round itself first, then each answer."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuneful.methods.base import Encoded
from tuneful.training.answers import learnable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass
class Said:
    """An answer, what graders thought of it, and what is learned from it.

    Attributes:
        prompt: The conversation before it, each turn {"role", "content"}.
        answer: Its text.
        scores: By grader.
        failed: By grader, the reason why it has no score.
        reward: Their weighted sum; None where one failed.
        tokens: Of the answer.
        is_ended: Whether the model ended it, rather than running out of tokens.
        facts: A number for each token of the answer, by name.
    """

    prompt: list[dict[str, Any]]
    answer: str
    scores: dict[str, float]
    failed: dict[str, str]
    reward: float | None
    tokens: list[int]
    is_ended: bool
    facts: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Round:
    """The answers that some steps learn from.

    Attributes:
        step: The first of these steps, from 0.
        numbers: Of the rows, one for each group.
        prompts: Their tokens.
        groups: The answers to each.
        kept: What the next round needs of this one.
        metrics: Worth showing.
    """

    step: int
    numbers: list[int]
    prompts: list[list[int]]
    groups: list[list[Said]]
    kept: dict[str, float]
    metrics: dict[str, float]

    @cached_property
    def rows(self) -> list[list[Encoded]]:
        """What is learned: the answers to each prompt that have a reward, with their facts."""
        found = [
            [
                learnable(Encoded(prompt, [0.0] * len(prompt)), one.tokens, one.facts)
                for one in group
                if one.reward is not None
            ]
            for prompt, group in zip(self.prompts, self.groups, strict=True)
        ]
        return [row for row in found if row]


def path_of(folder: Path, step: int) -> Path:
    """Where the round that begins with a step stands; files are numbered from 1 as steps are."""
    return folder / f"{step + 1:06d}.jsonl"


def write(path: Path, made: Round) -> None:
    """Write a round whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    head = {"step": made.step + 1, "metrics": made.metrics, "kept": made.kept}
    lines: list[dict[str, Any]] = [head]
    for place, (number, prompt, group) in enumerate(
        zip(made.numbers, made.prompts, made.groups, strict=True)
    ):
        for one in group:
            line = asdict(one)
            advantage = one.facts.get("advantage")
            mean = statistics.fmean(advantage) if advantage else None
            for_program = {"tokens": line.pop("tokens"), "facts": line.pop("facts")}
            for_person = {"row": number, **line, "advantage": mean}
            lines.append(for_person | {"group": place, "prompt_tokens": prompt} | for_program)
    draft = path.with_suffix(".draft")
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)


def read(path: Path) -> Round:
    """Read what `write` wrote."""
    # Not splitlines: an answer may have other ends of line in it than \n, which JSON escapes.
    text = path.read_text(encoding="utf-8")
    head, *lines = (json.loads(line) for line in text.split("\n")[:-1])
    numbers: list[int] = []
    prompts: list[list[int]] = []
    groups: list[list[Said]] = []
    for line in lines:
        if line["group"] == len(groups):
            numbers.append(line["row"])
            prompts.append(line["prompt_tokens"])
            groups.append([])
        groups[-1].append(Said(**{name: line[name] for name in Said.__dataclass_fields__}))
    return Round(head["step"] - 1, numbers, prompts, groups, head["kept"], head["metrics"])
