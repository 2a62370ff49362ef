"""How a classifier reads a packed row: one token of each sequence, and the head after it.

A classifier reads one token's last state, so the last layer's queries, output and feed-forward of
all other tokens are never used: the last encoder layer is computed for the first token of each
sequence only. It is exact, and a sixth cheaper. Layers not known here are computed whole.

Shapes: S sequences, T tokens of the row, D width, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.models.attention import attend
from tuneful.models.dense import Rule
from tuneful.models.packing import Layout, active_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


@dataclass(frozen=True)
class Pool:
    """How a classifier reads a sequence: which token, and what follows its last state."""

    reads_first: bool
    logits: Callable[[Tensor], Tensor]
    """From the chosen states [S, D] to logits [S, C]."""
    last_layer_pools: bool = False


def pool_of(core: Any, *, every_state: bool) -> Pool | None:
    """How this classifier reads a packed row, or None where its head is not known here.

    Args:
        core: The model, without PEFT's wrapping.
        every_state: Keep the last layer whole, for who needs the last states of all tokens.
    """
    encoder = core.base_model
    if not type(core).__name__.endswith("ForSequenceClassification"):
        return None
    if hasattr(core, "score"):
        return Pool(reads_first=False, logits=core.score)
    if hasattr(core, "pre_classifier"):
        head = _distilbert_head(core)
    elif getattr(encoder, "pooler", None) is not None and hasattr(core, "dropout"):
        head = _bert_head(core)
    else:
        return None
    if every_state:
        read_every_token(encoder)
        return Pool(reads_first=True, logits=head)
    return Pool(reads_first=True, logits=head, last_layer_pools=pool_last_layer(encoder))


def _bert_head(core: Any) -> Callable[[Tensor], Tensor]:
    def logits(state_SD: Tensor) -> Tensor:
        return core.classifier(core.dropout(core.base_model.pooler(state_SD[:, None])))

    return logits


def _distilbert_head(core: Any) -> Callable[[Tensor], Tensor]:
    def logits(state_SD: Tensor) -> Tensor:
        return core.classifier(core.dropout(torch.relu(core.pre_classifier(state_SD))))

    return logits


def pool_last_layer(encoder: nn.Module) -> bool:
    """Make the encoder's last layer return [1, S, D] on packed rows; padded batches are untouched.

    Returns whether the architecture is known here (BERT, DistilBERT).
    """
    found = _last_layer(encoder)
    if found is None:
        return False
    layer, compute = found
    whole: Callable[..., Any] = layer.forward

    def forward(hidden: Tensor, *args: Any, **kwargs: Any) -> Any:
        layout = active_layout()
        return whole(hidden, *args, **kwargs) if layout is None else compute(layer, hidden, layout)

    cast("Any", layer).forward = forward
    return True


def read_every_token(encoder: nn.Module) -> None:
    """Undo `pool_last_layer`."""
    found = _last_layer(encoder)
    if found is not None:
        vars(found[0]).pop("forward", None)


def _last_layer(encoder: nn.Module) -> tuple[nn.Module, Callable[..., Tensor]] | None:
    kind = getattr(getattr(encoder, "config", None), "model_type", "")
    if kind == "bert" and not cast("Any", encoder).config.is_decoder:
        return cast("Any", encoder).encoder.layer[-1], _bert
    if kind == "distilbert":
        return cast("Any", encoder).transformer.layer[-1], _distilbert
    return None


def _heads(state_1ND: Tensor, num_heads: int) -> Tensor:
    """[1, N, D] to [1, H, N, D / H]."""
    return state_1ND.view(1, state_1ND.shape[1], num_heads, -1).transpose(1, 2)


def _first_tokens_attend(
    projections: tuple[nn.Module, nn.Module, nn.Module],
    hidden_1TD: Tensor,
    first_1SD: Tensor,
    layout: Layout,
    rule: tuple[int, float],
) -> Tensor:
    """Attention output of each sequence's first token: [1, S, D]. rule: heads, dropout."""
    num_heads, dropout = rule
    query, key, value = projections
    q = _heads(query(first_1SD), num_heads)
    k, v = _heads(key(hidden_1TD), num_heads), _heads(value(hidden_1TD), num_heads)
    how = Rule(is_causal=False, scale=q.shape[-1] ** -0.5, dropout=dropout)
    one_each = tuple(range(layout.num_sequences + 1))
    return attend(q, k, v, layout, how, one_each).flatten(2)


def _bert(layer: Any, hidden_1TD: Tensor, layout: Layout) -> Tensor:
    own = layer.attention.self
    first = hidden_1TD[:, list(layout.starts[:-1])]
    dropout = own.dropout.p if layer.training else 0.0
    state = _first_tokens_attend(
        (own.query, own.key, own.value),
        hidden_1TD,
        first,
        layout,
        (own.num_attention_heads, dropout),
    )
    return layer.feed_forward_chunk(layer.attention.output(state, first))


def _distilbert(layer: Any, hidden_1TD: Tensor, layout: Layout) -> Tensor:
    own = layer.attention
    first = hidden_1TD[:, list(layout.starts[:-1])]
    dropout = own.dropout.p if layer.training else 0.0
    state = _first_tokens_attend(
        (own.q_lin, own.k_lin, own.v_lin), hidden_1TD, first, layout, (own.n_heads, dropout)
    )
    state = layer.sa_layer_norm(own.out_lin(state) + first)
    return layer.output_layer_norm(layer.ffn(state) + state)
