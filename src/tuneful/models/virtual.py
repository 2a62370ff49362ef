"""Learned tokens before every sequence: prompt tuning, P-tuning and prefix tuning on packed rows.

Papers: Lester et al. 2021, arXiv:2104.08691: the embeddings of V tokens are learned.
        Li and Liang 2021, arXiv:2101.00190: their keys and values are, in every layer.

Weights are PEFT's own. In a causal model what stands first depends on nothing behind it, so the V
tokens stand in a packed row once and every sequence sees them; with noise in training each sequence
has them by itself, as in PEFT's padded batches. Their states are dropped again, so that whoever
scores sees the row's own tokens alone.

Shapes: V virtual tokens, T tokens of the row, D width, K key-value heads, W width of a head.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from tuneful.models.decoding import Prefill, active_prefill, catching
from tuneful.models.packing import Layout, active, pack

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from torch import Tensor, nn

    from tuneful.models.packing import Packed

WORDS = 5000
"""Virtual tokens begin as some of the first of the vocabulary, which tokenizers order by frequency;
5,000 is Lester et al.'s number."""


class Row(NamedTuple):
    """A packed row with V tokens put in.

    Attributes:
        order: Which of [V virtual, T own] stands where; None: as they are.
        layout: Of the row.
        own_T: Where the own tokens stand.
    """

    order: Tensor | None
    layout: Layout
    own_T: Tensor | slice


class Virtual:
    """The tokens that a PEFT model puts before every sequence.

    Args:
        model: Wrapped by PEFT for prompt, prefix or P-tuning.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.count = int(model.active_peft_config.num_virtual_tokens)

    @property
    def is_on(self) -> bool:
        """Whether they stand there, or the adapter is switched off."""
        return not self.model._adapters_disabled

    @property
    def _is_prefix(self) -> bool:
        return self.model.active_peft_config.peft_type == "PREFIX_TUNING"

    def run(self, encoder: Any, packed: Packed, options: dict[str, Any], *, shares: bool) -> Tensor:
        """Last hidden states of a packed row's own tokens: [1, T, D].

        Args:
            encoder: The base model without its head.
            packed: The row.
            options: More arguments of the encoder.
            shares: Whether equal tokens have equal states, so that the V may stand there once.
        """
        positions_1T = packed.positions_1T + self.count
        if self._is_prefix:
            layout = Layout(packed.layout.starts, packed.layout.above, self.count)
            with active(layout), _standing(self.keys_and_values()):
                inputs = {"input_ids": packed.tokens_1T, "position_ids": positions_1T}
                return encoder(**inputs, **options).last_hidden_state
        # Answers in the making go on from keys and values that are sequence after sequence.
        row = with_tokens_before(packed.layout, self.count, once=shares and not active_prefill())
        with active(packed.layout):  # noise on embeddings has to do with the own tokens' number
            embedded_TD = encoder.get_input_embeddings()(packed.tokens_1T)[0]
        embedded_TD = torch.cat([self.embeddings().to(embedded_TD.dtype), embedded_TD])
        positions_T = torch.cat([torch.arange(self.count).to(positions_1T), positions_1T[0]])
        if row.order is not None:
            order = row.order.to(positions_T.device)
            embedded_TD, positions_T = embedded_TD[order], positions_T[order]
        with active(row.layout):
            inputs = {"inputs_embeds": embedded_TD[None], "position_ids": positions_T[None]}
            return encoder(**inputs, **options).last_hidden_state[:, row.own_T]

    def run_padded(self, encoder: Any, tokens_ST: Tensor, mask_ST: Tensor) -> Tensor:
        """Last hidden states of a padded batch's own tokens [S, T, D], as PEFT computes them."""
        size = len(tokens_ST)
        mask = torch.cat([mask_ST.new_ones(size, self.count), mask_ST], dim=1)
        before = self.model.get_prompt(batch_size=size)
        if self._is_prefix:
            inputs = {"input_ids": tokens_ST, "past_key_values": before}
            return encoder(**inputs, attention_mask=mask, use_cache=False).last_hidden_state
        own = encoder.get_input_embeddings()(tokens_ST)
        embedded = torch.cat([before.to(own.dtype), own], dim=1)
        out = encoder(inputs_embeds=embedded, attention_mask=mask, use_cache=False)
        return out.last_hidden_state[:, self.count :]

    def embeddings(self) -> Tensor:
        """Of the virtual tokens: [V, D]."""
        return self.model.get_prompt(batch_size=1)[0]

    def keys_and_values(self) -> Tensor:
        """Of the virtual tokens in every layer: [layers, 2, K, V, W]."""
        config, table = self.model.active_peft_config, self.model.prompt_encoder["default"]
        flat = table.embedding.weight
        flat = table.transform(flat) if hasattr(table, "transform") else flat
        width = config.token_dim // config.num_attention_heads
        shape = (self.count, config.num_layers, 2, config.num_attention_heads, width)
        return flat.view(shape).permute(1, 2, 3, 0, 4)


def virtual_of(model: nn.Module) -> Virtual | None:
    """The tokens that a model puts before every sequence, if it does."""
    config = getattr(model, "active_peft_config", None)
    return Virtual(model) if getattr(config, "is_prompt_learning", False) else None


def with_tokens_before(layout: Layout, count: int, *, once: bool) -> Row:
    """Put `count` tokens before what a row's pieces see first.

    Args:
        layout: Of the row without them.
        count: V.
        once: Let one piece of them stand for all; else every piece must be a sequence.
    """
    if once:
        starts = (0, *(start + count for start in layout.starts))
        paths = layout.above or tuple(() for _ in layout.lengths)
        above = ((), *((0, *(number + 1 for number in path)) for path in paths))
        return Row(None, Layout(starts, above), slice(count, None))
    assert not layout.above, "sequences share a piece that has noise in it"
    parts = [
        torch.cat([torch.arange(count), torch.arange(start, start + length) + count])
        for start, length in zip(layout.starts, layout.lengths, strict=False)
    ]
    order = torch.cat(parts)
    starts = tuple(accumulate((len(part) for part in parts), initial=0))
    return Row(order, Layout(starts), (order >= count).nonzero()[:, 0])


def first_words(model: nn.Module, count: int, text: str) -> list[int]:
    """Ids of the tokens that virtual ones begin as: a text's, again and again, or drawn ones."""
    if not text:
        size = cast("Any", model).get_input_embeddings().num_embeddings
        return cast("list[int]", torch.randint(min(WORDS, size), (count,)).tolist())
    from transformers import AutoTokenizer

    tokenizer = cast("Any", AutoTokenizer).from_pretrained(cast("Any", model).name_or_path)
    ids = cast("list[int]", tokenizer(text, add_special_tokens=False)["input_ids"])
    return (ids * (count // len(ids) + 1))[:count]


def keys_and_values_of(model: nn.Module, tokens: Sequence[int]) -> Tensor:
    """What a model's layers make of tokens at the beginning of a text: [V, layers x 2 x K x W]."""
    packed, prefill = pack([tokens], next(model.parameters()).device), Prefill()
    encoder = cast("Any", model).base_model
    with torch.no_grad(), active(packed.layout), catching(prefill):
        encoder(input_ids=packed.tokens_1T, position_ids=packed.positions_1T, use_cache=False)
    kept = [state[0].transpose(0, 1).flatten(1) for layer in prefill.layers for state in layer]
    return torch.cat(kept, dim=1).float()


def without_network(model: nn.Module) -> nn.Module:
    """Keep what a network has made of the virtual tokens in its place, as PEFT's folders do."""
    wrapped = cast("Any", model)
    made = wrapped.get_prompt_embedding_to_save("default")
    wrapped.active_peft_config.inference_mode = True
    table = type(wrapped.prompt_encoder["default"])(wrapped.active_peft_config)
    table.embedding.weight = torch.nn.Parameter(made, requires_grad=False)
    wrapped.prompt_encoder["default"] = table.to(wrapped.device)
    return model


_layers: ContextVar[Tensor | None] = ContextVar("keys_and_values_before", default=None)


@contextmanager
def _standing(layers: Tensor) -> Generator[None]:
    token = _layers.set(layers)
    try:
        yield
    finally:
        _layers.reset(token)


def with_keys_before(module: nn.Module, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """A layer's keys and values [1, K, T, W] with those of the virtual tokens, if any, at first."""
    layers = _layers.get()
    if layers is None:
        return key, value
    before = layers[cast("Any", module).layer_idx].to(key.dtype)
    return torch.cat([before[:1], key], dim=2), torch.cat([before[1:], value], dim=2)
