"""Conversation to tokens and learn mask: the one place where a chat template is applied.

Only assistant turns are learned, each with the token that ends it, so that the model learns to
stop. What follows that token up to the next turn (a line break, say) is not learned.
"""

from __future__ import annotations

import json
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.models.tools import knows_tools, write_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.message import Message, Turns
    from tuneful.models.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Learnable:
    """A conversation's tokens, and for each whether it is learned (1.0) or given (0.0)."""

    tokens: list[int]
    weights: list[float]
    num_cut: int = 0


@dataclass(frozen=True)
class Talk:
    """A conversation as a template takes it.

    Attributes:
        messages: The turns.
        tools: Functions that may be called.
        first_learned: Number of the first turn that may be learned; those before it are given.
        only_last: Learn the last assistant's turn alone.
    """

    messages: Sequence[Message]
    tools: Sequence[dict[str, Any]] = ()
    first_learned: int = 0
    only_last: bool = False

    def until(self, end: int) -> Talk:
        """The first turns of it."""
        return replace(self, messages=self.messages[:end])

    def learned(self) -> list[int]:
        """Numbers of the turns that are learned."""
        found = [
            number
            for number, turn in enumerate(self.messages)
            if turn.role == "assistant" and number >= self.first_learned and turn.weight > 0
        ]
        return found[-1:] if self.only_last else found


def render(tokenizer: Tokenizer, talk: Talk, *, for_answer: bool) -> str:
    """The conversation as text in the model's own template.

    Args:
        tokenizer: Carries the template; where it has no word for tools, they are written out
            (models.tools).
        talk: The conversation.
        for_answer: End with what stands before an assistant's answer.

    Raises:
        DataError: The template refuses the conversation (two user turns in a row, say).
    """
    from jinja2.exceptions import TemplateError

    messages, tools = tuple(talk.messages), list(talk.tools)
    if not knows_tools(tokenizer.template):
        messages, tools = write_out(messages, tools), []
    try:
        text = tokenizer.hf.apply_chat_template(
            [_turn(message) for message in messages],
            tools=tools or None,
            tokenize=False,
            add_generation_prompt=for_answer,
        )
    except TemplateError as error:
        raise DataError(
            f"The model's chat template refuses this conversation: {error}",
            where=f"roles {', '.join(m.role for m in messages)}",
            fix="Change the row's roles or their order, or use a model whose template allows them.",
        ) from error
    return cast("str", text)


def _turn(message: Message) -> dict[str, Any]:
    """A turn in OpenAI's form, but for arguments, which templates read as objects, not as text."""
    turn = message.to_json()
    turn.pop("weight", None)
    for call in turn.get("tool_calls", ()):
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return turn


def encode_prompt(tokenizer: Tokenizer, talk: Talk) -> list[int]:
    """Tokens to generate from: the conversation and the opening of the assistant's turn."""
    return tokenizer.encode([render(tokenizer, talk, for_answer=True)])[0]


@dataclass(frozen=True, slots=True)
class Written:
    """A conversation as text, and where in it each learned turn stands.

    Attributes:
        text: In the model's own template.
        spans: [start, end) in characters, of each learned turn.
        of_turn: The weight of each learned turn.
    """

    text: str
    spans: list[tuple[int, int]]
    of_turn: list[float]


def write(tokenizer: Tokenizer, talk: Talk) -> Written:
    """The text of a whole conversation, to be read by `learnable`.

    Raises:
        DataError: The template refuses it, or rewrites earlier turns, so that no mask can be drawn.
    """
    text = render(tokenizer, talk, for_answer=False)
    learned = talk.learned()
    spans = [_span(tokenizer, talk, number, text) for number in learned]
    return Written(text, spans, [talk.messages[number].weight for number in learned])


def learnable(tokenizer: Tokenizer, written: Sequence[Written], max_length: int) -> list[Learnable]:
    """Tokens of conversations and their learn masks, cut at `max_length`.

    Training sees the same tokens as generation: where a token would straddle the border between
    prompt and answer, both sides are tokenized apart. The mask carries each turn's weight.
    """
    found: list[Learnable] = []
    texts = (chat.text for chat in written)
    for chat, pieces in zip(written, tokenizer.encode_all_with_offsets(texts), strict=True):
        tokens, owners = _tokens_by_span(tokenizer, chat, *pieces)
        weights = _end_with_eos(tokens, owners, chat.of_turn, tokenizer.eos_id)
        num_cut = max(0, len(tokens) - max_length)
        found.append(Learnable(tokens[:max_length], weights[:max_length], num_cut))
    return found


def encode_chat(tokenizer: Tokenizer, talk: Talk, max_length: int) -> Learnable:
    """Tokens of one conversation and its learn mask, as `learnable` makes them.

    Raises:
        DataError: The template refuses it, or rewrites earlier turns.
    """
    return learnable(tokenizer, [write(tokenizer, talk)], max_length)[0]


def encode_answers(
    tokenizer: Tokenizer, prompt: Turns, answers: Sequence[Turns], max_length: int
) -> list[Learnable]:
    """A conversation for each answer to a prompt; only the answers' tokens are learned.

    Where max_length leaves one of them without a token of its answer, none has a learned token:
    the row does not count, and preflight says so.

    Raises:
        DataError: The template refuses a conversation, or rewrites its earlier turns.
    """
    found: list[Learnable] = []
    for answer in answers:
        talk = Talk((*prompt, *answer), first_learned=len(prompt))
        try:
            chat = encode_chat(tokenizer, talk, max_length)
        except DataError as error:
            where = f"{error.where}; first turn {talk.messages[0].content[:60]!r}"
            raise DataError(error.message, where=where, fix=error.fix) from error
        # The first token has nothing before it to be predicted from.
        found.append(replace(chat, weights=[0.0, *chat.weights[1:]]))
    if all(any(chat.weights) for chat in found):
        return found
    return [replace(chat, weights=[0.0] * len(chat.tokens)) for chat in found]


def _span(tokenizer: Tokenizer, talk: Talk, number: int, text: str) -> tuple[int, int]:
    """Where an assistant's turn stands in the text: [start, end) in characters."""
    before = render(tokenizer, talk.until(number), for_answer=True)
    is_last = number + 1 == len(talk.messages)
    until = text if is_last else render(tokenizer, talk.until(number + 1), for_answer=False)
    if text.startswith(before) and text.startswith(until):
        return len(before), len(until)
    raise DataError(
        f"The chat template writes turn {number + 1} differently once more turns follow, so "
        "what is learned would not be what is generated.",
        where=f"turn {number + 1}: {talk.messages[number].content[:60]!r}",
        fix="Split the conversation so that it ends with its only assistant turn.",
    )


def _tokens_by_span(
    tokenizer: Tokenizer, chat: Written, ids: list[int], offsets: list[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """Token ids, and for each the number of its span or -1."""
    text = chat.text
    borders = [border for span in chat.spans for border in span]
    owners = _owners(offsets, borders)
    if owners is not None:
        return ids, owners
    edges = sorted({0, len(text), *borders})
    tokens: list[int] = []
    learned: list[int] = []
    pieces = [text[a:b] for a, b in pairwise(edges)]
    for start, piece in zip(edges, tokenizer.encode(pieces), strict=False):
        tokens += piece
        learned += [_owner(bisect(borders, start))] * len(piece)
    return tokens, learned


def _owners(offsets: list[tuple[int, int]], borders: list[int]) -> list[int] | None:
    """The span that each token begins in, or -1; None where a token straddles a border."""
    owners: list[int] = []
    for start, end in offsets:
        passed = bisect(borders, start)
        if passed < len(borders) and borders[passed] < end:
            return None
        owners.append(_owner(passed))
    return owners


def _owner(passed: int) -> int:
    """The span that begins with the last border passed; -1 where that one ends a span."""
    return passed // 2 if passed % 2 else -1


def _end_with_eos(
    tokens: list[int], owners: list[int], of_turn: Sequence[float], eos: int | None
) -> list[float]:
    """The turn's weight inside a span up to and with its end token, else 0."""
    weights: list[float] = []
    ended = -1
    for token, span in zip(tokens, owners, strict=True):
        weights.append(of_turn[span] if span >= 0 and span != ended else 0.0)
        if span >= 0 and token == eos:
            ended = span
    return weights
