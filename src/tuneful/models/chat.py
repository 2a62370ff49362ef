"""Conversation to tokens and learn mask: the one place where a chat template is applied.

Only assistant turns are learned, each with the token that ends it, so that the model learns to
stop. What follows that token up to the next turn (a line break, say) is not learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.rows import Message
    from tuneful.models.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Learnable:
    """A conversation's tokens, and for each whether it is learned (1.0) or given (0.0)."""

    tokens: list[int]
    weights: list[float]
    num_cut: int = 0


def render(tokenizer: Tokenizer, messages: Sequence[Message], *, for_answer: bool) -> str:
    """The conversation as text in the model's own template.

    Args:
        tokenizer: Carries the template.
        messages: The turns.
        for_answer: End with what stands before an assistant's answer.

    Raises:
        DataError: The template refuses the conversation (two user turns in a row, say).
    """
    from jinja2.exceptions import TemplateError

    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text = tokenizer.hf.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=for_answer
        )
    except TemplateError as error:
        raise DataError(
            f"The model's chat template refuses this conversation: {error}",
            where=f"roles {', '.join(m.role for m in messages)}",
            fix="Change the row's roles or their order, or use a model whose template allows them.",
        ) from error
    return cast("str", text)


def encode_prompt(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[int]:
    """Tokens to generate from: the conversation and the opening of the assistant's turn."""
    return tokenizer.encode([render(tokenizer, messages, for_answer=True)])[0]


def encode_chat(tokenizer: Tokenizer, messages: Sequence[Message], max_length: int) -> Learnable:
    """Tokens of a whole conversation and its learn mask, cut at `max_length`.

    Training sees the same tokens as generation: where a token would straddle the border between
    prompt and answer, both sides are tokenized apart.

    Raises:
        DataError: The template rewrites earlier turns, so that no mask can be drawn.
    """
    text = render(tokenizer, messages, for_answer=False)
    spans = _answer_spans(tokenizer, messages, text)
    tokens, learned = _tokens_by_span(tokenizer, text, spans)
    weights = _end_with_eos(tokens, learned, tokenizer.eos_id)
    return Learnable(tokens[:max_length], weights[:max_length], max(0, len(tokens) - max_length))


def _answer_spans(
    tokenizer: Tokenizer, messages: Sequence[Message], text: str
) -> list[tuple[int, int]]:
    """Where each assistant turn stands in the text: [start, end) in characters."""
    spans: list[tuple[int, int]] = []
    for index, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = render(tokenizer, messages[:index], for_answer=True)
        until = render(tokenizer, messages[: index + 1], for_answer=False)
        if not (text.startswith(before) and text.startswith(until)):
            raise DataError(
                f"The chat template writes turn {index + 1} differently once more turns follow, so "
                "what is learned would not be what is generated.",
                where=f"turn {index + 1}: {message.content[:60]!r}",
                fix="Split the conversation so that it ends with its only assistant turn.",
            )
        spans.append((len(before), len(until)))
    return spans


def _tokens_by_span(
    tokenizer: Tokenizer, text: str, spans: list[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """Token ids, and for each the number of its span or -1."""
    ids, offsets = tokenizer.encode_with_offsets(text)
    borders = {border for span in spans for border in span}
    if not any(start < border < end for start, end in offsets for border in borders):
        return ids, [_span_of(start, spans) for start, _ in offsets]
    edges = sorted({0, len(text), *borders})
    tokens: list[int] = []
    learned: list[int] = []
    pieces = [text[a:b] for a, b in pairwise(edges)]
    for start, piece in zip(edges, tokenizer.encode(pieces), strict=False):
        tokens += piece
        learned += [_span_of(start, spans)] * len(piece)
    return tokens, learned


def _span_of(position: int, spans: list[tuple[int, int]]) -> int:
    for number, (start, end) in enumerate(spans):
        if start <= position < end:
            return number
    return -1


def _end_with_eos(tokens: list[int], learned: list[int], eos: int | None) -> list[float]:
    """Weights: 1.0 inside a span up to and with its end token, else 0.0."""
    weights: list[float] = []
    ended = -1
    for token, span in zip(tokens, learned, strict=True):
        weights.append(1.0 if span >= 0 and span != ended else 0.0)
        if span >= 0 and token == eos:
            ended = span
    return weights
