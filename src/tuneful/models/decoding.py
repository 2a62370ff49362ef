"""Attention of answers in the making: one new token each, prompts kept once for all their answers.

Keys and values are caught where attention computes them, so that every model which our attention
reaches can be decoded without a cache of its own. A prompt's are computed once, packed, and read
by all its answers in one product; only what an answer adds is kept for each.

Shapes: P prompts, G answers each, B = P G, H heads, K key-value heads, R = H / K, L longest prompt,
M longest answer, D width of a head.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from torch import Tensor

    from tuneful.models.dense import Rule


class Kept(NamedTuple):
    """A layer's keys and values."""

    key: Tensor
    value: Tensor


class Prefill:
    """Catches the keys and values of a packed row of prompts, layer after layer."""

    def __init__(self) -> None:
        self.layers: list[Kept] = []

    def catch(self, key: Tensor, value: Tensor) -> None:
        """Keep what a layer has computed: [1, K, T, D] each."""
        self.layers.append(Kept(key, value))


class Decoding:
    """Keys and values of prompts and of their answers so far.

    Args:
        prefill: Of the prompts, packed in their order.
        lengths: Of the prompts.
        num_answers: G.
        longest: M.
    """

    def __init__(
        self, prefill: Prefill, lengths: Sequence[int], num_answers: int, longest: int
    ) -> None:
        device = prefill.layers[0].key.device
        self.num_answers = num_answers
        self.length_P = torch.tensor(lengths, device=device)
        index_PL = torch.arange(max(lengths), device=device)[None].expand(len(lengths), -1)
        start_P = self.length_P.cumsum(0) - self.length_P
        place_PL = start_P[:, None] + index_PL.minimum(self.length_P[:, None] - 1)
        self.padding_PL = index_PL >= self.length_P[:, None]
        self.prompts = [
            Kept(_spread(key, place_PL), _spread(value, place_PL)) for key, value in prefill.layers
        ]
        size = len(lengths) * num_answers
        self.answers = [
            Kept(*(x.new_zeros(size, x.shape[1], longest, x.shape[3]) for x in kept))
            for kept in self.prompts
        ]
        self.num_tokens = 0
        self._layer = 0

    @property
    def position_B1(self) -> Tensor:
        """Where each answer's next token stands."""
        return (self.length_P + self.num_tokens).repeat_interleave(self.num_answers)[:, None]

    def begin(self) -> None:
        """Say that the model is about to read one more token of each answer."""
        self.num_tokens += 1
        self._layer = 0

    def keep(self, prompt_P: Tensor) -> None:
        """Go on with some of the prompts, and forget the others with their answers."""
        number_B = torch.arange(self.num_answers, device=prompt_P.device)
        answer_B = (prompt_P[:, None] * self.num_answers + number_B).flatten()
        self.length_P, self.padding_PL = self.length_P[prompt_P], self.padding_PL[prompt_P]
        self.prompts = [Kept(key[prompt_P], value[prompt_P]) for key, value in self.prompts]
        self.answers = [Kept(key[answer_B], value[answer_B]) for key, value in self.answers]

    def attend(self, query: Tensor, key: Tensor, value: Tensor, rule: Rule) -> Tensor:
        """A layer's attention of one new token of each answer.

        Args:
            query: [B, H, 1, D].
            key: [B, K, 1, D], of the new tokens.
            value: [B, K, 1, D].
            rule: How this layer attends.

        Returns:
            [B, 1, H, D].
        """
        prompts, answers = self.prompts[self._layer], self.answers[self._layer]
        self._layer += 1
        now = self.num_tokens
        answers.key[:, :, now - 1] = key[:, :, 0]
        answers.value[:, :, now - 1] = value[:, :, 0]
        size, heads, _, width = query.shape
        groups, shared = self.num_answers, key.shape[1]
        ratio, count = heads // shared, size // groups
        query = query.view(size * shared, ratio, width)
        with_prompt = (
            query.view(count, groups, shared, ratio, width)
            .transpose(1, 2)
            .reshape(count * shared, groups * ratio, width)
        )
        longest = prompts.key.shape[2]
        to_prompt = with_prompt @ prompts.key.flatten(0, 1).transpose(1, 2)
        to_prompt = (
            to_prompt.view(count, shared, groups, ratio, longest).transpose(1, 2).float()
        )  # [P, G, K, R, L]
        to_answer = query @ answers.key[:, :, :now].flatten(0, 1).transpose(1, 2)
        to_answer = to_answer.view(count, groups, shared, ratio, now).float()
        share = self._shares(to_prompt, to_answer, rule).to(value.dtype)
        of_prompt, of_answer = share[..., :longest], share[..., longest:]
        of_prompt = of_prompt.transpose(1, 2).reshape(count * shared, groups * ratio, longest)
        read = of_prompt @ prompts.value.flatten(0, 1)
        read = read.view(count, shared, groups, ratio, width).transpose(1, 2)
        own = of_answer.reshape(size * shared, ratio, now) @ answers.value[:, :, :now].flatten(0, 1)
        return read.reshape(size, 1, heads, width) + own.view(size, 1, heads, width)

    def _shares(self, to_prompt: Tensor, to_answer: Tensor, rule: Rule) -> Tensor:
        """Softmax over prompt and answer together: [P, G, K, R, L + now], float32."""
        hidden_PL = self.padding_PL
        score = torch.cat([to_prompt, to_answer], dim=-1) * rule.scale
        if rule.softcap:
            score = torch.tanh(score / rule.softcap) * rule.softcap
        longest, now = to_prompt.shape[-1], to_answer.shape[-1]
        hidden = torch.nn.functional.pad(hidden_PL, (0, now))
        if rule.window:
            place_L = torch.arange(longest, device=score.device)[None].expand_as(hidden_PL)
            place_M = self.length_P[:, None] + torch.arange(now, device=score.device)
            distance = (self.length_P + now - 1)[:, None] - torch.cat([place_L, place_M], dim=1)
            hidden = hidden | (distance >= rule.window)
        return score.masked_fill_(hidden[:, None, None, None], -torch.inf).softmax(dim=-1)


def _spread(packed: Tensor, place_PL: Tensor) -> Tensor:
    """From a packed row [1, K, T, D] to [P, K, L, D]."""
    return packed[0][:, place_PL].transpose(0, 1).contiguous()


_prefill: ContextVar[Prefill | None] = ContextVar("prefill", default=None)
_decoding: ContextVar[Decoding | None] = ContextVar("decoding", default=None)


def active_prefill() -> Prefill | None:
    """What catches keys and values now, or None."""
    return _prefill.get()


def active_decoding() -> Decoding | None:
    """The answers that the model goes on with now, or None."""
    return _decoding.get()


@contextmanager
def catching(prefill: Prefill) -> Generator[None]:
    """Let attention hand its keys and values to `prefill`."""
    token = _prefill.set(prefill)
    try:
        yield
    finally:
        _prefill.reset(token)


@contextmanager
def going_on(decoding: Decoding) -> Generator[None]:
    """Let attention treat what the model reads as one new token of each answer."""
    token = _decoding.set(decoding)
    try:
        yield
    finally:
        _decoding.reset(token)
