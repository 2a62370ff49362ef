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
        raise _no_draws()
    encoded = [encode_prompt(chatter.tokenizer, talk) for talk in talks]
    groups = generate(chatter.scorer, encoded, sampling, chatter.tokenizer.eos_id, on_done)
    return [[chatter.tokenizer.decode(ids) for ids in group] for group in groups]


def go_on_until(
    chatter: Chatter,
    encoded: Sequence[list[int]],
    sampling: Sampling,
    stops: Sequence[str],
    on_done: Callable[[int], None] | None = None,
) -> list[str]:
    """How the model goes on with sequences of token ids, up to the first of some texts.

    Args:
        chatter: The model.
        encoded: Token ids, none empty.
        sampling: How tokens are chosen.
        stops: Texts that end what is said; they are not part of it.
        on_done: Told how many sequences are done, now and then.

    Raises:
        ModelError: As `draw_answers`, where the likeliest tokens are not asked for.
    """
    decode = chatter.tokenizer.decode
    if chatter.scorer.packed:
        eos_id = chatter.tokenizer.eos_id

        def is_over(ids: list[int]) -> bool:
            said = decode(ids)
            return any(stop in said for stop in stops)

        groups = generate(chatter.scorer, encoded, sampling, eos_id, on_done, is_over)
        found = [decode(ids) for (ids,) in groups]
    elif sampling.temperature:
        raise _no_draws()
    else:
        found = chatter.continued(encoded, sampling.max_new_tokens, on_done)
    return [_cut(text, stops) for text in found]


def _cut(text: str, stops: Sequence[str]) -> str:
    """What stands before the first of the stops."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _no_draws() -> ModelError:
    return ModelError(
        "Answers of this model cannot be drawn: its rows are not packed.",
        where="evaluate.metrics",
        fix="Set evaluate.samples to 1, which takes the likeliest answer.",
    )
