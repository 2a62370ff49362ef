"""What every training method is made of.

A method says which rows it needs, which token sequences a row becomes, and what a batch of scores
costs. The engine computes the scores, packed and in chunks; a method sees no model.

Shapes: S sequences of a pass, N learned tokens of a pass, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from tuneful.core.errors import DataError
from tuneful.data.rows import Chat, Preference, Row
from tuneful.models.encoded import Encoded as Encoded  # noqa: PLC0414  (all know it from here)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from tuneful.grading.rollouts import RolloutConfig, Sampled, Weighed
    from tuneful.models.chat import Written
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.recipe.parts import PartConfig

RowT_contra = TypeVar("RowT_contra", bound=Row, contravariant=True)

Head = Literal["classes", "tags", "tokens"]
"""What the engine computes: scores of a whole sequence, scores of each word, or log p of each
learned token."""


@dataclass(frozen=True)
class ClassScores:
    """Heads "classes" and "tags": scores with gradient; S sequences, or words with weight > 0.

    Attributes:
        logits_SC: In nats.
        label_S: True class; -1 where `target_SC` says more.
        weight_S: >= 0.
        target_SC: `Encoded.targets`; [S, 0] where there are none.
        teacher_SC: The teacher's logits, without gradient; where the method has a teacher.
        apart_S: 1 - cosine of the student's and the teacher's last states, the mean over each
            sequence's tokens; where the method asks for it (`Needs.states`).
    """

    logits_SC: Tensor
    label_S: Tensor
    weight_S: Tensor
    target_SC: Tensor
    teacher_SC: Tensor | None = None
    apart_S: Tensor | None = None


@dataclass(frozen=True)
class TokenScores:
    """Head "tokens": log p of each learned token, in nats with gradient, and its weight.

    Attributes:
        logp_N: log p(token | what stands before it) under the model in training.
        weight_N: The token's weight; > 0.
        sequence_N: Which sequence of the pass the token belongs to, 0 to S - 1, ascending.
        num_sequences: S; a sequence may have no learned token left.
        reference_N: log p under the reference, without gradient; where the method needs it.
        divergence_N: What the method's `divergence` made of student and teacher, with gradient.
        label_S: `Encoded.label` of each sequence.
        value_N: What the value head expects before the token, with gradient; if there is one.
        facts: `Encoded.facts` at the learned tokens.
        step: What `Needs.step` made of the whole step.
    """

    logp_N: Tensor
    weight_N: Tensor
    sequence_N: Tensor
    num_sequences: int
    reference_N: Tensor | None = None
    divergence_N: Tensor | None = None
    label_S: Tensor | None = None
    value_N: Tensor | None = None
    facts: Mapping[str, Tensor] = field(default_factory=dict[str, Any])
    step: Mapping[str, float] = field(default_factory=dict[str, float])

    def sums(self, value_N: Tensor) -> Tensor:
        """A number of each token, times its weight, summed over each sequence: [S]."""
        zero_S = value_N.new_zeros(self.num_sequences)
        return zero_S.index_add(0, self.sequence_N, value_N * self.weight_N)

    def means(self, value_N: Tensor) -> Tensor:
        """The weighted mean of a number over each sequence's tokens, 0 where it has none: [S]."""
        weight_S = self.sums(self.weight_N.new_ones(len(self.weight_N)))
        return self.sums(value_N) / weight_S.clamp(min=1e-9)

    def has_learned(self) -> Tensor:
        """1.0 for each sequence that has a learned token, else 0.0: [S]."""
        return (self.sums(self.weight_N.new_ones(len(self.weight_N))) > 0).float()


Scores = ClassScores | TokenScores


@dataclass(frozen=True)
class Loss:
    """A sum to minimise, and sums worth watching.

    Attributes:
        total: Sum over the pass, with gradient. The engine divides by the step's `units`, so the
            passes of a step add up to the step's loss however they were cut.
        sums: Name to a sum over the pass; shown divided by `units` as well.
    """

    total: Tensor
    sums: Mapping[str, Tensor] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class DataFacts:
    """What a method may know of the training rows before it sees them."""

    labels: tuple[str, ...] = ()
    label_counts: tuple[int, ...] = ()


HowReference = Literal["auto", "adapter_off", "precomputed", "frozen"]
"""auto: adapter_off where the adapter can be switched off, else precomputed."""
REFERENCE = (
    "Where the untrained model's probabilities come from. adapter_off: the model in training with "
    "its adapter switched off; precomputed: once, before the first step, kept on disk; frozen: a "
    "second copy of the weights in memory; auto: adapter_off where there is an adapter, else "
    "precomputed."
)
"""Description of the setting of every method that has a reference."""


@dataclass(frozen=True)
class OwnAnswers:
    """Answers of the model in training that stand in for those of its rows, ungraded.

    Attributes:
        share: Of the rows of a step, on average; each row is drawn for itself.
        max_new_tokens: Longest answer.
        temperature: What scores are divided by when tokens are drawn.
    """

    share: float
    max_new_tokens: int
    temperature: float


@dataclass(frozen=True)
class Needs:
    """What a method asks of the engine beside its head.

    Attributes:
        reference: How log p under the model as it was before training is had, if it is needed.
        teacher: A recipe's reference of a model whose distribution is imitated; "" for none.
        neftune_alpha: Size of the noise on embeddings while training; 0 for none.
        divergence: Of student and teacher, from their log-probabilities [N, V] to [N] nats.
        temperature: What both models' logits are divided by before that.
        states: Compare last states with the teacher's, for head "classes".
        teacher_top_k: The teacher reads the rows before training, and both are compared at its
            likeliest tokens, V = teacher_top_k and the rest as one; 0: in memory, all tokens.
        problem_type: What transformers calls the task of head "classes", kept in the saved config
            so that its pipelines read the scores rightly; "" where it needs no word.
        step: Numbers that the loss needs of a whole step, however it is cut into passes: from the
            scores of each pass's `is_aside` sequences, which come without gradient and dropout.
        rollouts: How the model's own answers are sampled and graded; the method is a `Reinforced`.
        own_answers: The model's own answers to a share of the rows; each row is one sequence.
        old_logp: log p of those answers under the model that sampled them.
        value: A head that says what to expect before each token.
    """

    reference: HowReference | None = None
    teacher: str = ""
    neftune_alpha: float = 0.0
    divergence: Callable[[Tensor, Tensor], Tensor] | None = None
    temperature: float = 1.0
    states: bool = False
    teacher_top_k: int = 0
    problem_type: Literal["", "multi_label_classification", "regression"] = ""
    step: Callable[[Sequence[TokenScores]], Mapping[str, float]] | None = None
    rollouts: RolloutConfig | None = None
    own_answers: OwnAnswers | None = None
    old_logp: bool = False
    value: bool = False


Measured = str
"""How a model is compared with the truth: a name in evaluating.measures."""


class Method(Protocol[RowT_contra]):
    """A way to turn rows into a loss. Stateless after construction."""

    Config: ClassVar[type[PartConfig]]
    rows: ClassVar[type[Row]]
    head: ClassVar[Head]
    metrics: ClassVar[tuple[str, ...]]
    """Names of the metrics that answer "is it better?" for this method."""
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]]
    """"full" and "lora", which adapters liken themselves to (`Adapter.rates_like`), to (lowest
    sensible, default, highest sensible)."""

    measured: ClassVar[Measured]
    paper: ClassVar[str]
    """Where it was published: authors, year, arXiv number."""

    config: PartConfig
    needs: Needs
    outputs: tuple[str, ...]
    """Names of the head's scores; none for head "tokens"."""

    def __init__(self, config: Any, facts: DataFacts) -> None: ...

    def encode(
        self, rows: Sequence[RowT_contra], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """The sequences of each row, in the order that `loss` relies on."""
        ...

    def units(self, sequences: Sequence[Encoded]) -> float:
        """What the loss of a step made of these sequences is divided by: tokens, rows or pairs."""
        ...

    def loss(self, scores: Any) -> Loss:
        """The summed loss of whole rows."""
        ...

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """d(total)/d(logp_N) where it is known before the model has run, else None.

        Where it is known, the engine need not keep or recompute the vocabulary's logits.
        """
        ...


def encode_pairs(
    rows: Sequence[Preference], tokenizer: Tokenizer, max_length: int
) -> list[list[Encoded]]:
    """Chosen and rejected answer of each row, as `models.chat.encode_answers` does it."""
    from tuneful.models.chat import encode_answers

    return [
        [Encoded(answer.tokens, answer.weights, num_cut=answer.num_cut) for answer in answers]
        for answers in (
            encode_answers(tokenizer, row.prompt, (row.chosen, row.rejected), max_length)
            for row in rows
        )
    ]


def count_pairs(sequences: Sequence[Encoded]) -> float:
    """The weight of the pairs that count: of sequences with learned tokens, two make a pair."""
    return sum(s.weight for s in sequences if any(s.weights)) / 2


def encode_chats(
    rows: Sequence[Chat], tokenizer: Tokenizer, max_length: int, *, only_last: bool
) -> list[list[Encoded]]:
    """One sequence a row; learned are the assistant's tokens and the token that ends each turn.

    Raises:
        DataError: The template refuses a row, or rewrites its earlier turns.
    """
    from tuneful.models.chat import Talk, learnable, write

    written: list[Written] = []
    for row in rows:
        try:
            written.append(write(tokenizer, Talk(row.messages, row.tools, only_last=only_last)))
        except DataError as error:
            where = f"{error.where}; first turn {row.messages[0].content[:60]!r}"
            raise DataError(error.message, where=where, fix=error.fix) from error
    encoded: list[list[Encoded]] = []
    for row, chat in zip(rows, learnable(tokenizer, written, max_length), strict=True):
        # The first token has nothing before it to be predicted from.
        weights = [0.0, *chat.weights[1:]]
        encoded.append([Encoded(chat.tokens, weights, weight=row.weight, num_cut=chat.num_cut)])
    return encoded


class Reinforced(Protocol):
    """What a method with `Needs.rollouts` has beside the rest."""

    needs: Needs

    def weigh(self, groups: Sequence[Sequence[Sampled]], kept: Mapping[str, float]) -> Weighed:
        """From the graded answers to each prompt to the facts that `loss` reads.

        Args:
            groups: The answers to each prompt of the step.
            kept: `Weighed.kept` of the round before; empty at the first.
        """
        ...
