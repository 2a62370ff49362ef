"""Token sequences as methods make them of rows and as the engine packs them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.rows import Labelled, Prompt
    from tuneful.models.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Encoded:
    """One token sequence, ready for packing.

    Attributes:
        tokens: Token ids, at most the run's max_length.
        weights: How much each token is learned as a target, one a token; empty for head "classes".
        label: Class index for head "classes", else -1.
        weight: How much the sequence counts.
        num_cut: Tokens that did not fit into max_length.
        targets: Head "classes": a number for each score, where a class index does not say it all.
            Head "tags": the class index of each token.
        second: Where the second of two texts begins, for models that mark it; 0 for none.
        is_aside: Not learned, only measured before the step for `Needs.step`.
        facts: What the loss needs of each token, by name: a number, or a list of as many for each
            learned one; made in the run, not kept.
    """

    tokens: Sequence[int]
    weights: Sequence[float] = ()
    label: int = -1
    weight: float = 1.0
    num_cut: int = 0
    targets: Sequence[float] = ()
    second: int = 0
    is_aside: bool = False
    facts: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Any])


def encode_prompts(
    rows: Sequence[Prompt], tokenizer: Tokenizer, max_length: int
) -> list[list[Encoded]]:
    """The tokens that each row's answers go on from; long ones lose their beginning."""
    from tuneful.models.chat import Talk, encode_prompt

    encoded: list[list[Encoded]] = []
    for row in rows:
        tokens = encode_prompt(tokenizer, Talk(row.prompt, row.tools))
        kept = tokens[-max(max_length, 1) :]
        num_cut = len(tokens) - len(kept)
        encoded.append([Encoded(kept, [0.0] * len(kept), num_cut=num_cut)])
    return encoded


def encode_labelled(
    rows: Sequence[Labelled], tokenizer: Tokenizer, max_length: int, index: Mapping[str, int]
) -> list[list[Encoded]]:
    """One sequence a row, with the tokenizer's special tokens.

    Args:
        rows: Texts with their labels.
        tokenizer: Of the model.
        max_length: Longest sequence in tokens.
        index: Each label's number.

    Raises:
        DataError: A row's label is not among them.
    """
    encoded: list[list[Encoded]] = []
    for row, ids in zip(rows, tokenizer.encode([row.text for row in rows]), strict=True):
        if row.label not in index:
            raise DataError(
                f"The label {row.label!r} does not occur among the training rows.",
                where=f"text {row.text[:60]!r}",
                fix=f"Add training rows of it, or drop it. Known: {', '.join(index)}.",
            )
        tokens, num_cut = tokenizer.close(ids, max_length)
        label = index[row.label]
        encoded.append([Encoded(tokens, label=label, weight=row.weight, num_cut=num_cut)])
    return encoded


def answered(prompt: Encoded, answer: Sequence[int]) -> Encoded:
    """A prompt with an answer to be learned from."""
    return replace(
        prompt,
        tokens=[*prompt.tokens, *answer],
        weights=[0.0] * len(prompt.tokens) + [1.0] * len(answer),
    )


def asked(sequence: Encoded) -> Encoded | None:
    """What stands before the last run of learned tokens, or None where nothing is learned."""
    end = len(sequence.tokens)
    while end and not sequence.weights[end - 1]:
        end -= 1
    while end and sequence.weights[end - 1]:
        end -= 1
    if not end:
        return None
    return replace(sequence, tokens=sequence.tokens[:end], weights=[0.0] * end, facts={})


def num_learned(sequence: Encoded) -> float:
    """Learned tokens of a sequence, by their weights and its own."""
    return sum(sequence.weights) * sequence.weight
