"""Answers of the model in training: sampled, graded, weighed, kept where a person can read them.

A round is a function of the seed, its first step and the weights, and it is written down before it
is learned from; a resumed run reads what it finds. An answer that a grader has no score for is left
out and counted by its reason.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RunError
from tuneful.core.events import Event
from tuneful.grading.graders.base import Answer
from tuneful.grading.panel import Panel
from tuneful.models.generate import Sampling, generate
from tuneful.training import rounds
from tuneful.training.answers import Graded, weigh
from tuneful.training.rounds import Round, Said
from tuneful.training.samples import reasons_of
from tuneful.training.sequences import encode_split
from tuneful.training.steps import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.grading.rollouts import RolloutConfig
    from tuneful.methods.base import Encoded
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup
    from tuneful.training.steps import Learner


@dataclass(frozen=True)
class Prompts:
    """The rows of a split that answers are asked to.

    Attributes:
        data: Their data set.
        split: "train" or "validation".
        encoded: Their tokens.
    """

    data: Dataset
    split: str
    encoded: Sequences

    def __len__(self) -> int:
        return len(self.encoded)

    def take(self, numbers: Sequence[int]) -> tuple[list[Any], list[Encoded]]:
        """Some rows, and their tokens."""
        rows = [self.data.row(self.split, number) for number in numbers]
        return rows, [encoded for (encoded,) in self.encoded.take(numbers)]


@dataclass
class Rollouts:
    """Gives each step its answers.

    Attributes:
        learner: Of the model in training.
        tokenizer: Its tokenizer.
        panel: Grades answers.
        prompts: Rows to train on.
        held: Rows to validate on.
        folder: Where rounds are written.
        seed: Of what is sampled.
        listener: Hears of answers without a score.
    """

    learner: Learner
    tokenizer: Tokenizer
    panel: Panel
    prompts: Prompts
    held: Prompts | None
    folder: Path
    seed: int
    listener: Listener
    _last: Round | None = None

    @property
    def config(self) -> RolloutConfig:
        """How answers are sampled."""
        config = self.learner.method.needs.rollouts
        assert config is not None, "only methods with rollouts have them"
        return config

    def of_step(self, step: int, numbers: Sequence[int]) -> Round:
        """The round that a step (from 0) learns from; sampled at its first step.

        Raises:
            RunError: Not one answer has a reward.
            RecipeError: A grader cannot be made.
        """
        first = step - step % self.config.updates_per_rollout
        if self._last is None or self._last.step != first:
            path = rounds.path_of(self.folder, first)
            self._last = rounds.read(path) if path.exists() else self._make(first, numbers)
        return self._last

    def sampling(self, step: int) -> Sampling:
        """How answers are drawn at a step."""
        config = self.config
        return Sampling(
            config.max_new_tokens,
            config.temperature,
            config.top_p,
            config.num_answers,
            self.seed * 1_000_003 + step,
        )

    def measure(self) -> Measured:
        """The likeliest answers to the held-out prompts: minus their mean reward as the loss."""
        held = self.held
        assert held is not None
        rows, prompts = held.take(range(len(held)))
        groups = self.ask(rows, prompts, Sampling(self.config.max_new_tokens))
        said = [one for group in groups for one in group]
        metrics = self._metrics(groups)
        graded = [one.reward for one in said if one.reward is not None]
        self._refuse_if_none(said, "validation")
        tokens = sum(len(one.tokens) for one in said)
        return Measured(-statistics.fmean(graded), len(graded), tokens, metrics)

    def ask(
        self, rows: Sequence[Any], prompts: Sequence[Encoded], sampling: Sampling
    ) -> list[list[Said]]:
        """Let the model answer, and grade what it says."""
        tokens = [prompt.tokens for prompt in prompts]
        scorer, eos_id = self.learner.scorer, self.tokenizer.eos_id
        groups = generate(scorer, tokens, sampling, eos_id)
        answers = [
            Answer(self.tokenizer.decode(ids), row.reference, row.prompt, row.tools)
            for row, group in zip(rows, groups, strict=True)
            for ids in group
        ]
        graded = iter(zip(answers, self.panel.grade(answers), strict=True))
        return [
            [
                Said(
                    prompt=[turn.to_json() for turn in row.prompt],
                    answer=answer.text,
                    scores=dict(grades.scores),
                    failed={title: f.reason for title, f in grades.failed.items()},
                    reward=grades.reward,
                    tokens=ids,
                    is_ended=ids[-1] == eos_id,
                )
                for ids, (answer, grades) in zip(group, graded, strict=False)
            ]
            for row, group in zip(rows, groups, strict=True)
        ]

    def close(self) -> None:
        """End the graders' process."""
        self.panel.close()

    def _make(self, first: int, numbers: Sequence[int]) -> Round:
        began = time.perf_counter()
        rows, prompts = self.prompts.take(numbers)
        groups = self.ask(rows, prompts, self.sampling(first))
        sampled = time.perf_counter() - began
        self._tell_of_failures([one for group in groups for one in group], first)
        graded = [[Graded(one.tokens, one.reward) for one in group] for group in groups]
        weighed = weigh(self.learner, prompts, graded, self._kept_before(first))
        for group, facts in zip(groups, weighed.facts, strict=True):
            for one, own in zip(group, facts, strict=True):
                one.facts = own
        metrics = {**self._metrics(groups), **weighed.metrics, "sampling_seconds": sampled}
        tokens = [list(prompt.tokens) for prompt in prompts]
        made = Round(first, list(numbers), tokens, groups, dict(weighed.kept), metrics)
        rounds.write(rounds.path_of(self.folder, first), made)
        return made

    def _kept_before(self, first: int) -> Mapping[str, float]:
        """What the round before left behind."""
        before = rounds.path_of(self.folder, first - self.config.updates_per_rollout)
        return rounds.read(before).kept if before.exists() else {}

    def _metrics(self, groups: Sequence[Sequence[Said]]) -> dict[str, float]:
        said = [one for group in groups for one in group]
        graded = [one.reward for one in said if one.reward is not None]
        spread = [len({one.reward for one in g if one.reward is not None}) > 1 for g in groups]
        found = {
            "reward": statistics.fmean(graded) if graded else 0.0,
            "groups_that_differ": statistics.fmean(spread),
            "answer_tokens": statistics.fmean(len(one.tokens) for one in said),
            "ended": statistics.fmean(one.is_ended for one in said),
            "without_score": float(sum(one.reward is None for one in said)),
        }
        for title in self.panel.titles:
            scores = [one.scores[title] for one in said if title in one.scores]
            if scores:
                found[f"score_{title}"] = statistics.fmean(scores)
        return found

    def _tell_of_failures(self, said: Sequence[Said], step: int) -> None:
        reasons = reasons_of(said)
        if reasons:
            words = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
            text = f"step {step + 1}: of {len(said)} answers these have no score: {words}"
            self.listener(Event("message", {"text": text}))
        self._refuse_if_none(said, f"step {step + 1}")

    def _refuse_if_none(self, said: Sequence[Said], where: str) -> None:
        if all(one.reward is None for one in said):
            reasons = ", ".join(f"{why} {count}" for why, count in reasons_of(said).items())
            raise RunError(
                f"Not one of {len(said)} answers has a reward: {reasons}.",
                where=where,
                fix="Try the grader by itself on an answer; raise its timeout_s if it is slow.",
            )


def make_rollouts(
    folder: Path,
    setup: Setup,
    learner: Learner,
    data: Dataset,
    store: Store,
    listener: Listener,
) -> Rollouts:
    """What gives a run's steps their answers, written into `folder`."""
    config = setup.method.needs.rollouts
    assert config is not None
    if setup.settings.privacy is not None:
        raise RunError(
            "Learning from the model's own answers is not private: graders see every row.",
            where="privacy",
            fix="Leave out privacy, or choose a method that learns from the rows themselves.",
        )
    prompts = {
        split: Prompts(data, split, encode_split(data, split, setup.encoding, store, listener))
        for split in ("train", "validation")
        if data.num_rows(split)
    }
    return Rollouts(
        learner=learner,
        tokenizer=setup.tokenizer,
        panel=Panel(config.graders, store),
        prompts=prompts["train"],
        held=prompts.get("validation"),
        folder=folder,
        seed=setup.settings.seed,
        listener=listener,
    )
