"""Two-layer random models of the architectures that users tune, for tests of equality."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from tuneful.models import attention

VOCABULARY = 128
_SIZES = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2}
_DECODER = {
    **_SIZES,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
ENCODERS = {
    "bert": {
        **_SIZES,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    },
    "distilbert": {
        "vocab_size": VOCABULARY,
        "dim": 32,
        "n_layers": 2,
        "n_heads": 4,
        "hidden_dim": 64,
        "max_position_embeddings": 64,
    },
}
DECODERS = {
    "llama": _DECODER,
    "qwen2": _DECODER,
    "qwen3": _DECODER,
    "gemma": _DECODER,
    "gemma2": {**_DECODER, "query_pre_attn_scalar": 8, "sliding_window": 6},
    "gemma3_text": {**_DECODER, "query_pre_attn_scalar": 8, "sliding_window": 6},
}


def encoder(family: str, *, num_labels: int = 3, dropout: float = 0.0) -> torch.nn.Module:
    """A random classifier with our attention, in float32."""
    attention.register()
    torch.manual_seed(0)
    silent = dict.fromkeys(
        (
            "hidden_dropout_prob",
            "attention_probs_dropout_prob",
            "dropout",
            "attention_dropout",
            "seq_classif_dropout",
        ),
        dropout,
    )
    config = AutoConfig.for_model(family, **ENCODERS[family], **silent, num_labels=num_labels)
    model = AutoModelForSequenceClassification.from_config(
        config, attn_implementation=attention.NAME
    )
    return model.float().eval()


def decoder(family: str) -> torch.nn.Module:
    """A random causal language model with our attention, in float32."""
    attention.register()
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **DECODERS[family])
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention.NAME)
    model.get_input_embeddings().padding_idx = None
    return model.float().eval()


def sequences(lengths: tuple[int, ...] = (5, 17, 1, 9), seed: int = 0) -> list[list[int]]:
    """Random token ids above the special ones."""
    draw = torch.Generator().manual_seed(seed)
    return [torch.randint(3, VOCABULARY, (n,), generator=draw).tolist() for n in lengths]
