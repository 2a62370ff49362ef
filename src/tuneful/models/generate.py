"""Answers to many prompts at once, greedy or sampled.

Prompts are read once, packed, whatever the number of answers (models.decoding). A prompt leaves the
batch once all its answers have ended. What is drawn for an answer depends on the seed and its place
alone, not on what else is in the batch.

Shapes: P prompts, G answers each, B = P G, V vocabulary, M longest answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from tuneful.models.decoding import Decoding, Prefill, catching, going_on
from tuneful.models.logprobs import logits, projection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from tuneful.models.scoring import Scorer

ROWS_AT_ONCE = 128
"""Answers in the making: beyond, larger products gain little and keys and values fill memory."""
TOKENS_AT_ONCE = 16_384
"""Prompts' tokens in memory: their keys and values are kept while answers are made."""
LOOK_EVERY = 4
"""Tokens between looks at which prompts are done."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: Longest answer.
        temperature: What scores are divided by; 0 takes the likeliest token.
        top_p: Smallest set of likeliest tokens whose probability reaches this (Holtzman et al.
            2020, arXiv:1904.09751); 1 for all.
        num_answers: To each prompt.
        seed: Of what is drawn.
    """

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    num_answers: int = 1
    seed: int = 0


class _How(NamedTuple):
    """How answers are made, and what ends them."""

    sampling: Sampling
    eos_id: int | None
    is_over: Callable[[list[int]], bool] | None


def generate(
    scorer: Scorer,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    eos_id: int | None,
    on_done: Callable[[int], None] | None = None,
    is_over: Callable[[list[int]], bool] | None = None,
) -> list[list[list[int]]]:
    """Token ids of each prompt's answers; the end token stands last where it was said.

    Args:
        scorer: Of the model; one that packs.
        prompts: Token ids, none empty.
        sampling: How tokens are chosen.
        eos_id: The token that ends an answer.
        on_done: Told how many prompts are done, now and then.
        is_over: Whether an answer may end with these tokens; asked every LOOK_EVERY tokens. Tokens
            after such an end mean nothing: who asks cuts them off.
    """
    how = _How(sampling, eos_id, is_over)
    result: list[list[list[int]]] = [[] for _ in prompts]
    was_training = scorer.model.training
    scorer.model.eval()
    done = 0
    lengths = [scorer.num_before + len(prompt) for prompt in prompts]
    for members in _batches(lengths, sampling.num_answers):
        with torch.inference_mode():
            found = _batch(scorer, [prompts[n] for n in members], members, how)
        for number, answers in zip(members, found, strict=True):
            result[number] = answers
        done += len(members)
        if on_done:
            on_done(done)
    scorer.model.train(was_training)
    return result


def _batches(lengths: Sequence[int], num_answers: int) -> list[list[int]]:
    """Numbers of prompts of like length that fit into memory together."""
    found: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lambda number: lengths[number]):
        both = [*found[-1], number] if found else [number]
        fits = (
            len(both) * num_answers <= ROWS_AT_ONCE
            and len(both) * lengths[number] <= TOKENS_AT_ONCE
        )
        if found and fits:
            found[-1] = both
        else:
            found.append([number])
    return found


def _batch(
    scorer: Scorer,
    prompts: Sequence[Sequence[int]],
    numbers: Sequence[int],
    how: _How,
) -> list[list[list[int]]]:
    """Answers to prompts that fit into memory together; `numbers` are theirs among all."""
    sampling, eos_id = how.sampling, how.eos_id
    count, groups, longest = len(prompts), sampling.num_answers, sampling.max_new_tokens
    uniform_BM = torch.cat([_uniforms(sampling, number) for number in numbers]).to(scorer.device)
    prefill = Prefill()
    with catching(prefill):
        state_PD = scorer.last_states(prompts)
    lengths = [scorer.num_before + len(prompt) for prompt in prompts]
    decoding = Decoding(prefill, lengths, groups, longest)
    state_BD = state_PD.repeat_interleave(groups, dim=0)
    said_BM = torch.zeros(count * groups, longest, dtype=torch.long, device=scorer.device)
    row_B: Tensor = torch.arange(count * groups, device=scorer.device)
    ended_B: Tensor = torch.zeros(count * groups, dtype=torch.bool, device=scorer.device)
    for at in range(longest):
        token_B: Tensor = choose(scores_of(scorer, state_BD), sampling, uniform_BM[row_B, at])
        said_BM[row_B, at] = token_B
        if eos_id is not None:
            ended_B = torch.logical_or(ended_B, token_B == eos_id)
        if how.is_over and at % LOOK_EVERY == LOOK_EVERY - 1:
            ended_B = _over(ended_B, said_BM[row_B, : at + 1], how.is_over)
        if at + 1 == longest or bool(ended_B.all()):
            break
        if at % LOOK_EVERY == LOOK_EVERY - 1:
            going_P = ended_B.view(-1, groups).logical_not().any(dim=1).nonzero()[:, 0]
            if len(going_P) < len(decoding.length_P):
                decoding.keep(going_P)
                row_B = _of(row_B, going_P, groups)
                token_B = _of(token_B, going_P, groups)
                ended_B = _of(ended_B, going_P, groups)
        position_B1 = decoding.position_B1
        decoding.begin()
        with going_on(decoding):
            state_BD = scorer.next_states(token_B[:, None], position_B1)
    said = cast("list[list[list[int]]]", said_BM.view(count, groups, longest).tolist())
    return [[_until(answer, eos_id) for answer in answers] for answers in said]


def _over(ended_B: Tensor, said_BM: Tensor, is_over: Callable[[list[int]], bool]) -> Tensor:
    """Which answers have ended, by what they say so far: [B]."""
    ended = cast("list[bool]", ended_B.tolist())
    said = cast("list[list[int]]", said_BM.tolist())
    over = [has_ended or is_over(ids) for has_ended, ids in zip(ended, said, strict=True)]
    return torch.tensor(over, device=ended_B.device)


def _of(value_B: Tensor, prompt_P: Tensor, num_answers: int) -> Tensor:
    """The answers of some prompts."""
    return value_B.view(-1, num_answers)[prompt_P].flatten()


def _uniforms(sampling: Sampling, number: int) -> Tensor:
    """What decides the tokens of a prompt's answers: [G, M] in [0, 1)."""
    draw = torch.Generator().manual_seed(sampling.seed * 1_000_003 + number)
    return torch.rand(sampling.num_answers, sampling.max_new_tokens, generator=draw)


def scores_of(scorer: Scorer, state_BD: Tensor) -> Tensor:
    """Scores of the whole vocabulary, from the states before: [B, V] in float32."""
    projection = projection_of(cast("Any", scorer.core))
    if projection is not None:
        return logits(state_BD, projection)
    return cast("Any", scorer.core).get_output_embeddings()(state_BD).float()


def choose(logits_BV: Tensor, sampling: Sampling, uniform_B: Tensor) -> Tensor:
    """One token of each row: the first at which the summed probability passes the number drawn."""
    if sampling.temperature == 0:
        return logits_BV.argmax(dim=-1)
    share_BV = (logits_BV / sampling.temperature).softmax(dim=-1)
    if sampling.top_p < 1:
        sorted_BV, order_BV = share_BV.sort(dim=-1, descending=True)
        before_BV = sorted_BV.cumsum(dim=-1) - sorted_BV
        sorted_BV[before_BV >= sampling.top_p] = 0.0
        share_BV = torch.zeros_like(share_BV).scatter(-1, order_BV, sorted_BV)
    sum_BV = share_BV.cumsum(dim=-1)
    drawn_B1 = uniform_B[:, None] * sum_BV[:, -1:]
    found_B = torch.searchsorted(sum_BV, drawn_B1, right=True)[:, 0]
    return found_B.clamp(max=logits_BV.shape[-1] - 1)


def _until(answer: list[int], eos_id: int | None) -> list[int]:
    return answer[: answer.index(eos_id) + 1] if eos_id in answer else answer
