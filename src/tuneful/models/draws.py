"""Several answers to each conversation, drawn by their probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.errors import ModelError
from tuneful.models.chat import encode_prompt
from tuneful.models.generate import generate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.models.chat import Talk
    from tuneful.models.generate import Sampling
    from tuneful.models.predict import Chatter


def draw_answers(
    chatter: Chatter,
    talks: Sequence[Talk],
    sampling: Sampling,
    on_done: Callable[[int], None] | None = None,
) -> list[list[str]]:
    """`sampling.num_answers` answers to each conversation, without special tokens.

    Raises:
        ModelError: The model's rows cannot be packed, so that it answers but does not draw.
    """
    if not chatter.scorer.packed:
        raise ModelError(
            "Answers of this model cannot be drawn: its rows are not packed.",
            where="evaluate.metrics",
            fix="Set evaluate.samples to 1, which takes the likeliest answer.",
        )
    encoded = [encode_prompt(chatter.tokenizer, talk) for talk in talks]
    groups = generate(chatter.scorer, encoded, sampling, chatter.tokenizer.eos_id, on_done)
    return [[chatter.tokenizer.decode(ids) for ids in group] for group in groups]
