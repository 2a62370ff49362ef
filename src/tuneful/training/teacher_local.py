"""A teacher on this machine that writes answers to many rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import ModelError
from tuneful.data.message import Message
from tuneful.models.chat import Talk, encode_prompt
from tuneful.models.generate import Sampling, generate
from tuneful.models.predict import Chatter, load_predictor
from tuneful.training.teacher_choice import NO_END, NO_ROOM, NO_WORD, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.recipe.data import Answers


def asked_of(prompt: Turns, how: Answers) -> Turns:
    """The turns that the teacher sees: the row's, after the instruction for it alone."""
    if not how.instruction:
        return prompt
    if prompt and prompt[0].role == "system":
        whole = f"{how.instruction}\n\n{prompt[0].content}"
        return (Message("system", whole), *prompt[1:])
    return (Message("system", how.instruction), *prompt)


@dataclass(frozen=True)
class Scribe:
    """Writes answers with a teacher.

    Attributes:
        chatter: The teacher.
        how: How it writes.
        seed: Of what is drawn.
    """

    chatter: Chatter
    how: Answers
    seed: int

    def answers(self, prompts: Sequence[Turns], chunk: int) -> list[list[Said]]:
        """Each row's samples.

        Args:
            prompts: What is asked.
            chunk: Number of these rows among all; what is drawn depends on it.
        """
        how, tokenizer, scorer = self.how, self.chatter.tokenizer, self.chatter.scorer
        room = getattr(cast("Any", scorer.core).config, "max_position_embeddings", None) or 2048
        talks = [Talk(asked_of(prompt, how)) for prompt in prompts]
        encoded = [encode_prompt(tokenizer, talk) for talk in talks]
        longest = room - how.max_new_tokens
        fitting = [number for number, ids in enumerate(encoded) if len(ids) <= longest]
        sampling = Sampling(
            how.max_new_tokens,
            how.temperature,
            num_answers=how.samples,
            seed=self.seed * 1_000_003 + chunk,
        )
        asked = [encoded[number] for number in fitting]
        groups = generate(scorer, asked, sampling, tokenizer.eos_id) if asked else []
        found = [[Said("", NO_ROOM)]] * len(prompts)
        for number, group in zip(fitting, groups, strict=True):
            found[number] = [self._said(ids) for ids in group]
        return found

    def _said(self, ids: Sequence[int]) -> Said:
        tokenizer = self.chatter.tokenizer
        text = tokenizer.decode(list(ids)).strip()
        why = "" if text else NO_WORD
        return Said(text, why if ids[-1] == tokenizer.eos_id else NO_END)


def load_scribe(
    how: Answers, seed: int, store: Store, listener: Listener, where: str = "data.answers"
) -> Scribe:
    """The teacher, loaded.

    Raises:
        ModelError: It is not to be found, or does not write.
    """
    found = load_predictor(how.model, store, listener=listener)
    if not isinstance(found, Chatter) or not found.scorer.packed:
        raise ModelError(
            "This model cannot write answers to many rows at once.",
            where=f"{where}.model: {how.model}",
            fix="Name a causal language model with a chat template.",
        )
    return Scribe(found, how, seed)
