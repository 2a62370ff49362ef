"""What the engine computes of sequences: class scores, or log p of the learned tokens.

Sequences are packed into one row where the architecture allows it, and padded into a batch where
not. Both give the same numbers (tests/invariants); only the time differs.

Shapes: S sequences, T tokens, N learned tokens, C classes, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import nn

from tuneful.models import attention
from tuneful.models.catalog import PACKED_ENCODERS
from tuneful.models.dropout import has_noise
from tuneful.models.logprobs import projection_of, token_logp
from tuneful.models.packing import Packed, active, pack
from tuneful.models.pooled import pool_of
from tuneful.models.virtual import virtual_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


class Learned(NamedTuple):
    """Tokens that are learned, in the row's order.

    Attributes:
        state_ND: The last hidden state before each, which predicts it.
        target_N: Their ids.
        weight_N: Their weights.
        owner_N: Which sequence each belongs to.
        place_N: Where each stands among all tokens.
    """

    state_ND: Tensor
    target_N: Tensor
    weight_N: Tensor
    owner_N: Tensor
    place_N: Tensor


class Scorer:
    """Scores sequences with a model, packed or padded.

    Args:
        model: A transformers model for causal language modelling or sequence classification,
            perhaps wrapped by PEFT.
        pad_id: Padding token for padded batches.
        packed: Pack; where the architecture's head is not known, sequences are padded all the same
            and `packed` says so.
        temperature: What scores of the vocabulary are divided by before they become log p.
        every_state: Compute the last states of all tokens also where a classifier reads one.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        pad_id: int,
        packed: bool,
        temperature: float = 1.0,
        every_state: bool = False,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.pad_id = pad_id
        self.core = cast("Any", model).get_base_model() if _is_peft(model) else model
        self.encoder = cast("nn.Module", cast("Any", self.core).base_model)
        self.pool = pool_of(self.core, every_state=every_state) if packed else None
        self.packed = packed and (self.pool is not None or _reads_each_token(self.core))
        self._is_causal = hasattr(self.core, "lm_head") or hasattr(self.core, "score")
        self._has_noise = has_noise(model)
        self._virtual = virtual_of(model)

    @property
    def num_before(self) -> int:
        """Learned tokens that the model puts before every sequence."""
        return self._virtual.count if self._virtual and self._virtual.is_on else 0

    @property
    def _marks_second(self) -> bool:
        """Whether the model has an embedding for "second text", as BERT has."""
        return int(getattr(cast("Any", self.core).config, "type_vocab_size", 0)) > 1

    @property
    def shares(self) -> bool:
        """Whether what sequences begin with is computed once: where no noise tells them apart."""
        is_noisy = self._has_noise and self.model.training
        return self.packed and self._is_causal and not is_noisy

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def class_logits(
        self, sequences: Sequence[Sequence[int]], seconds: Sequence[int] = ()
    ) -> Tensor:
        """Logits [S, C] in float32.

        Args:
            sequences: Token ids.
            seconds: Where each one's second text begins, 0 for none; empty where none has one.
        """
        types = _types(sequences, seconds) if self._marks_second and any(seconds) else None
        if not self.packed or self.pool is None:
            tokens_ST, mask_ST = self._pad(sequences)
            options = {"token_type_ids": self._pad(types)[0]} if types else {}
            out = cast("Any", self.model)(input_ids=tokens_ST, attention_mask=mask_ST, **options)
            return out.logits.float()
        packed = pack(sequences, self.device, shares=self.shares)
        state_1TD = self._run_packed(packed, types)
        if self.pool.last_layer_pools:
            return self.pool.logits(state_1TD[0]).float()
        chosen = packed.first() if self.pool.reads_first else packed.last()
        return self.pool.logits(state_1TD[0, chosen]).float()

    def class_logits_and_states(self, sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Logits [S, C] in float32, and the last states of all tokens, sequence by sequence [T, D].

        For scorers with `every_state`.
        """
        if not self.packed or self.pool is None:
            tokens_ST, mask_ST = self._pad(sequences)
            out = cast("Any", self.model)(
                input_ids=tokens_ST, attention_mask=mask_ST, output_hidden_states=True
            )
            return out.logits.float(), out.hidden_states[-1][mask_ST.bool()]
        assert not self.pool.last_layer_pools, "the scorer was made for single states"
        packed = pack(sequences, self.device)
        state_1TD = self._run_packed(packed)
        chosen = packed.first() if self.pool.reads_first else packed.last()
        return self.pool.logits(state_1TD[0, chosen]).float(), state_1TD[0]

    def token_logp(
        self,
        sequences: Sequence[Sequence[int]],
        weights: Sequence[Sequence[float]],
        known_gradient: Callable[[Tensor], Tensor | None] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Log p of every token with weight > 0, its weight, and its sequence's number: each [N].

        Args:
            sequences: Token ids.
            weights: One weight for each token as a target; the first token's must be 0.
            known_gradient: From weights [N] to d(loss)/d(logp) [N], where known beforehand.
        """
        learned = self.learned(sequences, weights)
        gradient = known_gradient(learned.weight_N) if known_gradient else None
        return self.logp(learned, gradient), learned.weight_N, learned.owner_N

    def values(self, learned: Learned) -> Tensor:
        """What the value head expects before each learned token: [N] in float32."""
        head = cast("nn.Module", cast("Any", self.model).value_head)
        return head(learned.state_ND.float())[:, 0]

    def logp(self, learned: Learned, known_gradient_N: Tensor | None = None) -> Tensor:
        """Log p of the learned tokens, from the states before them: [N]."""
        projection = projection_of(cast("nn.Module", self.core))
        if projection is not None:
            state, target = learned.state_ND, learned.target_N
            projection = projection._replace(scale=projection.scale / self.temperature)
            return token_logp(state, target, projection, known_gradient_N)
        logits = cast("Any", self.core).get_output_embeddings()(learned.state_ND).float()
        logits = logits / self.temperature
        picked = logits.gather(1, learned.target_N[:, None])[:, 0]
        return picked - logits.logsumexp(dim=1)

    def learned(
        self, sequences: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]
    ) -> Learned:
        """The tokens with weight > 0 and the last hidden states that predict them."""
        weight_T = torch.tensor([w for row in weights for w in row], device=self.device)
        flat_T = torch.tensor([t for row in sequences for t in row], device=self.device)
        place_N = weight_T.nonzero()[:, 0]
        return Learned(
            state_ND=self._states(sequences, place_N - 1),
            target_N=flat_T[place_N],
            weight_N=weight_T[place_N],
            owner_N=self._owner(sequences)[place_N],
            place_N=place_N,
        )

    def tag_logits(
        self, sequences: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]
    ) -> tuple[Tensor, Tensor]:
        """Scores [N, C] in float32 of the tokens with weight > 0, and their places in the row."""
        weight_T = torch.tensor([w for row in weights for w in row], device=self.device)
        place_N = weight_T.nonzero()[:, 0]
        return _tag_head(self.core)(self._states(sequences, place_N)).float(), place_N

    def last_states(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """The last hidden state of each sequence, all in one packed row: [S, D]."""
        packed = pack(sequences, self.device)
        return self._run_packed(packed)[0, packed.last()]

    def next_states(self, token_B1: Tensor, position_B1: Tensor) -> Tensor:
        """Last hidden state of one more token of each answer in the making: [B, D].

        For use inside `decoding.going_on`.
        """
        options: dict[str, Any] = {"use_cache": False} if hasattr(self.core, "lm_head") else {}
        out = cast("Any", self.encoder)(input_ids=token_B1, position_ids=position_B1, **options)
        return out.last_hidden_state[:, 0]

    def _owner(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Which sequence each token of the row belongs to: [T]."""
        lengths = torch.tensor([len(row) for row in sequences], device=self.device)
        return torch.repeat_interleave(torch.arange(len(sequences), device=self.device), lengths)

    def _states(self, sequences: Sequence[Sequence[int]], place_N: Tensor) -> Tensor:
        """Last hidden states of tokens that are counted sequence after sequence: [N, D]."""
        if self.packed:
            packed = pack(sequences, self.device, shares=self.shares)
            return self._run_packed(packed)[0, packed.at(place_N)]
        tokens_ST, mask_ST = self._pad(sequences)
        if self._virtual and self.num_before:
            state_STD = self._virtual.run_padded(self.encoder, tokens_ST, mask_ST)
            return state_STD[mask_ST.bool()][place_N]
        out = cast("Any", self.encoder)(
            input_ids=tokens_ST, attention_mask=mask_ST, use_cache=False
        )
        return out.last_hidden_state[mask_ST.bool()][place_N]

    def _run_packed(self, packed: Packed, types: list[list[int]] | None = None) -> Tensor:
        name = cast("Any", self.encoder).config._attn_implementation
        # Any other attention would let the sequences of a packed row see each other.
        assert name == attention.NAME, f"the model's attention is {name!r}"
        options: dict[str, Any] = {"use_cache": False} if hasattr(self.core, "lm_head") else {}
        if self._virtual and self.num_before:
            return self._virtual.run(self.encoder, packed, options, shares=self.shares)
        if types:
            flat = [mark for row in types for mark in row]
            options["token_type_ids"] = torch.tensor(flat, device=self.device)[None]
        with active(packed.layout):
            out = cast("Any", self.encoder)(
                input_ids=packed.tokens_1T, position_ids=packed.positions_1T, **options
            )
        return out.last_hidden_state

    def _pad(self, sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        longest = max(len(row) for row in sequences)
        tokens = [[*row, *[self.pad_id] * (longest - len(row))] for row in sequences]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in sequences]
        return (
            torch.tensor(tokens, device=self.device),
            torch.tensor(mask, device=self.device),
        )


def _types(sequences: Sequence[Sequence[int]], seconds: Sequence[int]) -> list[list[int]]:
    """For each token 1 where it belongs to the second text."""
    pairs = zip(sequences, seconds, strict=True)
    return [[int(0 < second <= at) for at in range(len(row))] for row, second in pairs]


def _is_peft(model: nn.Module) -> bool:
    return hasattr(model, "peft_config") and hasattr(model, "get_base_model")


def _reads_each_token(core: Any) -> bool:
    """Whether the head reads every token of a packed row as if its sequence stood alone.

    Decoders do; of encoders those whose positions may be given (PACKED_ENCODERS).
    """
    if type(core).__name__.endswith("ForSequenceClassification"):
        return False
    return not hasattr(core, "classifier") or core.config.model_type in PACKED_ENCODERS


def _tag_head(core: Any) -> Callable[[Tensor], Tensor]:
    """From the states of words [N, D] to their scores [N, C], as the architecture has it."""
    last = core.score if hasattr(core, "score") else core.classifier
    if hasattr(core, "head") and hasattr(core, "drop"):  # ModernBERT
        return lambda state_ND: last(core.drop(core.head(state_ND)))
    dropout = getattr(core, "dropout", None)
    return last if dropout is None else lambda state_ND: last(dropout(state_ND))
