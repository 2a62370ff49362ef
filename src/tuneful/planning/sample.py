"""A few hundred training rows as tokens: what lengths, memory and time are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.models.encoded import answered, asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.dataset import Dataset
    from tuneful.grading.rollouts import RolloutConfig
    from tuneful.methods.base import Encoded, Method
    from tuneful.models.tokenizer import Tokenizer

NUM_ROWS = 512
"""The 99th percentile of 512 lengths rests on the 5 longest; the mean is within 5 % for reviews."""
NO_LIMIT = 1 << 30


@dataclass(frozen=True)
class Sample:
    """Rows spread evenly over the training split, encoded whole.

    Attributes:
        sequences: What the method made of them, nothing cut.
        rows: Number of the row (from 0, in the split) that each sequence came from.
        num_rows: Rows of the whole split.
    """

    sequences: Sequence[Encoded]
    rows: Sequence[int]
    num_rows: int

    @property
    def num_sampled(self) -> int:
        """Rows looked at."""
        return len(set(self.rows))

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence."""
        return [len(sequence.tokens) for sequence in self.sequences]

    def percentile(self, share: float) -> int:
        """The length that this share of the sequences does not exceed."""
        ordered = sorted(self.lengths)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def tokens_per_row(self, max_length: int) -> float:
        """Mean tokens of a row once cut to `max_length`."""
        return sum(min(n, max_length) for n in self.lengths) / self.num_sampled

    def cut_share(self, max_length: int) -> float:
        """Share of the sequences that are longer than `max_length`."""
        return sum(n > max_length for n in self.lengths) / len(self.lengths)

    def attention_span(self, max_length: int) -> float:
        """Tokens that a token of the same sequence can meet, on average: sum L^2 / sum L."""
        cut = [min(n, max_length) for n in self.lengths]
        return sum(n * n for n in cut) / sum(cut)

    def learned_share(self, max_length: int) -> float:
        """Share of the tokens whose prediction is learned; 0 for class scores."""
        learned = sum(sum(w > 0 for w in s.weights[:max_length]) for s in self.sequences)
        return learned / sum(min(n, max_length) for n in self.lengths)


def take_sample(
    data: Dataset, method: Method[Any], tokenizer: Tokenizer, num_rows: int = NUM_ROWS
) -> Sample:
    """Encode up to `num_rows` rows of the training split, spread evenly over it."""
    total = data.num_rows("train")
    count = min(num_rows, total)
    numbers = [index * total // count for index in range(count)]
    rows = [data.row("train", number) for number in numbers]
    encoded = method.encode(rows, tokenizer, NO_LIMIT)
    rollouts = method.needs.rollouts
    if rollouts is not None:
        encoded = [_answered(prompt, rollouts) for (prompt,) in encoded]
    own = method.needs.own_answers
    if own is not None:
        encoded = [[_longer(sequence, own.max_new_tokens) for sequence in row] for row in encoded]
    return Sample(
        sequences=[sequence for sequences in encoded for sequence in sequences],
        rows=[n for n, sequences in zip(numbers, encoded, strict=True) for _ in sequences],
        num_rows=total,
    )


def _longer(sequence: Encoded, max_new_tokens: int) -> Encoded:
    """A row as it is, or with the longest answer the model may give in place of its own."""
    prompt = asked(sequence)
    if prompt is None or len(prompt.tokens) + max_new_tokens <= len(sequence.tokens):
        return sequence
    return answered(prompt, [prompt.tokens[-1]] * max_new_tokens)


def _answered(prompt: Encoded, rollouts: RolloutConfig) -> list[Encoded]:
    """What a prompt's answers will be at the longest: which tokens, nobody knows yet."""
    longest = [prompt.tokens[-1]] * rollouts.max_new_tokens
    return [answered(prompt, longest)] * rollouts.num_answers
