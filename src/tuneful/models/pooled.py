"""The last encoder layer for the first token of each sequence only: exact, and a sixth cheaper.

A classifier reads one token's last state, so the last layer's queries, output and feed-forward of
all other tokens are never used. Layers not known here are computed whole.

Shapes: S sequences, T tokens of the row, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.models.attention import attend
from tuneful.models.dense import Rule
from tuneful.models.packing import Layout, active_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


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
