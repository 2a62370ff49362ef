"""What the engine computes of sequences: class scores, or log p of the learned tokens.

Sequences are packed into one row where the architecture allows it, and padded into a batch where
not. Both give the same numbers (tests/invariants); only the time differs.

Shapes: S sequences, T tokens, N learned tokens, C classes, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from tuneful.models import attention
from tuneful.models.logprobs import projection_of, token_logp
from tuneful.models.packing import Packed, active, pack
from tuneful.models.pooled import pool_last_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


@dataclass(frozen=True)
class Pool:
    """How a classifier reads a sequence: which token, and what follows its last state."""

    reads_first: bool
    logits: Callable[[Tensor], Tensor]
    """From the chosen states [S, D] to logits [S, C]."""
    last_layer_pools: bool = False


class Scorer:
    """Scores sequences with a model, packed or padded.

    Args:
        model: A transformers model for causal language modelling or sequence classification,
            perhaps wrapped by PEFT.
        pad_id: Padding token for padded batches.
        packed: Pack; where the architecture's head is not known, sequences are padded all the same
            and `packed` says so.
    """

    def __init__(self, model: nn.Module, *, pad_id: int, packed: bool) -> None:
        self.model = model
        self.pad_id = pad_id
        self.core = cast("Any", model).get_base_model() if _is_peft(model) else model
        self.encoder = cast("nn.Module", cast("Any", self.core).base_model)
        self.pool = _pool_of(self.core) if packed else None
        is_classifier = hasattr(cast("Any", self.core).config, "id2label") and not hasattr(
            self.core, "lm_head"
        )
        self.packed = packed and (self.pool is not None or not is_classifier)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def class_logits(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Logits [S, C] in float32."""
        if not self.packed or self.pool is None:
            tokens_ST, mask_ST = self._pad(sequences)
            out = cast("Any", self.model)(input_ids=tokens_ST, attention_mask=mask_ST)
            return out.logits.float()
        packed = pack(sequences, self.device)
        state_1TD = self._run_packed(packed)
        if self.pool.last_layer_pools:
            return self.pool.logits(state_1TD[0]).float()
        chosen = packed.first() if self.pool.reads_first else packed.last()
        return self.pool.logits(state_1TD[0, chosen]).float()

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
        learned = torch.tensor([w for row in weights for w in row], device=self.device)
        flat = torch.tensor([t for row in sequences for t in row], device=self.device)
        owner = torch.repeat_interleave(
            torch.arange(len(sequences), device=self.device),
            torch.tensor([len(row) for row in sequences], device=self.device),
        )
        target = learned.nonzero()[:, 0]
        hidden_ND = self._hidden(sequences)[target - 1]
        weight_N = learned[target]
        gradient = known_gradient(weight_N) if known_gradient else None
        projection = projection_of(cast("nn.Module", self.core))
        if projection is None:
            logits = cast("Any", self.core).get_output_embeddings()(hidden_ND).float()
            picked = logits.gather(1, flat[target][:, None])[:, 0]
            return picked - logits.logsumexp(dim=1), weight_N, owner[target]
        logp_N = token_logp(hidden_ND, flat[target], projection, gradient)
        return logp_N, weight_N, owner[target]

    def _hidden(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Last hidden states of all tokens, sequence after sequence: [T, D]."""
        if self.packed:
            return self._run_packed(pack(sequences, self.device))[0]
        tokens_ST, mask_ST = self._pad(sequences)
        out = cast("Any", self.encoder)(
            input_ids=tokens_ST, attention_mask=mask_ST, use_cache=False
        )
        return out.last_hidden_state[mask_ST.bool()]

    def _run_packed(self, packed: Packed) -> Tensor:
        name = cast("Any", self.encoder).config._attn_implementation
        # Any other attention would let the sequences of a packed row see each other.
        assert name == attention.NAME, f"the model's attention is {name!r}"
        options = {"use_cache": False} if hasattr(self.core, "lm_head") else {}
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


def _is_peft(model: nn.Module) -> bool:
    return hasattr(model, "peft_config") and hasattr(model, "get_base_model")


def _pool_of(core: Any) -> Pool | None:
    """How this classifier reads a packed row, or None where its head is not known here."""
    encoder = core.base_model
    if hasattr(core, "score"):
        return Pool(reads_first=False, logits=core.score)
    if hasattr(core, "pre_classifier"):  # DistilBERT
        known = pool_last_layer(encoder)
        return Pool(reads_first=True, logits=_distilbert_head(core), last_layer_pools=known)
    if getattr(encoder, "pooler", None) is not None and hasattr(core, "dropout"):  # BERT
        known = pool_last_layer(encoder)
        return Pool(reads_first=True, logits=_bert_head(core), last_layer_pools=known)
    return None


def _bert_head(core: Any) -> Callable[[Tensor], Tensor]:
    def logits(state_SD: Tensor) -> Tensor:
        return core.classifier(core.dropout(core.base_model.pooler(state_SD[:, None])))

    return logits


def _distilbert_head(core: Any) -> Callable[[Tensor], Tensor]:
    def logits(state_SD: Tensor) -> Tensor:
        return core.classifier(core.dropout(torch.relu(core.pre_classifier(state_SD))))

    return logits
