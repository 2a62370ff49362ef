"""The model's own answers in place of its rows', ungraded: what on-policy distillation learns from.

Source: Agarwal et al. 2024 (GKD, arXiv:2306.13649, algorithm 1). What is drawn is a function of the
seed, the step and the weights, so a resumed run answers as the broken one did.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tuneful.models.encoded import answered, asked
from tuneful.models.generate import Sampling, generate
from tuneful.training.rounds import path_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tuneful.methods.base import Encoded, OwnAnswers
    from tuneful.models.scoring import Scorer
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.training.setup import Setup
    from tuneful.training.steps import Learner


@dataclass(frozen=True)
class OnPolicy:
    """Answers a share of each step's rows with the model in training.

    Attributes:
        how: Which share, and how tokens are drawn.
        scorer: Of the model in training.
        tokenizer: Its tokenizer.
        max_length: Longest sequence; a row without room for an answer keeps its own.
        seed: Of what is drawn.
        folder: Where answers are written for a person to read; None for nowhere.
    """

    how: OwnAnswers
    scorer: Scorer
    tokenizer: Tokenizer
    max_length: int
    seed: int
    folder: Path | None

    def of_step(
        self, step: int, numbers: Sequence[int], rows: Sequence[Sequence[Encoded]]
    ) -> tuple[list[Sequence[Encoded]], Mapping[str, float]]:
        """The rows, some with the model's answer instead of their last one; what to show of it.

        Args:
            step: From 0.
            numbers: Of the rows.
            rows: One sequence each.
        """
        began = time.perf_counter()
        prompts = self._prompts(step, rows)
        answers = self._answers(step, list(prompts.values()))
        taken = list(rows)
        for (place, prompt), answer in zip(prompts.items(), answers, strict=True):
            taken[place] = [answered(prompt, answer)]
        ended = [answer[-1] == self.tokenizer.eos_id for answer in answers]
        if self.folder is not None and answers:
            said = zip(prompts.items(), answers, ended, strict=True)
            lines = [
                {"row": numbers[place], **self._words(prompt, answer), "is_ended": is_ended}
                for (place, prompt), answer, is_ended in said
            ]
            self.folder.mkdir(exist_ok=True)
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            path_of(self.folder, step).write_text(text, encoding="utf-8")
        return taken, {
            "own_answers": len(answers) / max(1, len(rows)),
            "answer_tokens": statistics.fmean(map(len, answers)) if answers else 0.0,
            "ended": statistics.fmean(ended) if ended else 0.0,
            "sampling_seconds": time.perf_counter() - began,
        }

    def _prompts(self, step: int, rows: Sequence[Sequence[Encoded]]) -> dict[int, Encoded]:
        """What the rows that were drawn ask, by their place in the step."""
        drawn = np.random.default_rng([self.seed, step]).random(len(rows)) < self.how.share
        found = {place: self.prompt_of(rows[place]) for place in np.flatnonzero(drawn).tolist()}
        return {place: prompt for place, prompt in found.items() if prompt is not None}

    def prompt_of(self, row: Sequence[Encoded]) -> Encoded | None:
        """What a row asks, or None where nothing of it is learned or an answer has no room."""
        prompt = asked(row[0])
        longest = self.max_length - self.how.max_new_tokens
        return prompt if prompt is not None and len(prompt.tokens) <= longest else None

    def _answers(self, step: int, prompts: Sequence[Encoded]) -> list[list[int]]:
        seed = self.seed * 1_000_003 + step
        sampling = Sampling(self.how.max_new_tokens, self.how.temperature, seed=seed)
        tokens = [prompt.tokens for prompt in prompts]
        return [one for (one,) in generate(self.scorer, tokens, sampling, self.tokenizer.eos_id)]

    def _words(self, prompt: Encoded, answer: Sequence[int]) -> dict[str, str]:
        decode = self.tokenizer.decode
        return {"prompt": decode(prompt.tokens), "answer": decode(answer)}


def make_on_policy(folder: Path | None, setup: Setup, learner: Learner) -> OnPolicy | None:
    """What answers a run's rows, where its method learns from the model's own answers."""
    how, settings = setup.method.needs.own_answers, setup.settings
    if how is None:
        return None
    return OnPolicy(
        how, learner.scorer, setup.tokenizer, settings.max_length, settings.seed, folder
    )
