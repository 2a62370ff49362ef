"""A whole small world on disk: random models with real tokenizers, and rows to train them on."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

from tuneful.core.artifact import MANIFEST
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.models import attention
from tuneful.planning.plan import plan
from tuneful.planning.settings import Settings
from tuneful.planning.speed import Timing
from tuneful.recipe.schema import Recipe

attention.register()

GOOD = ["wonderful", "moving", "brilliant", "funny", "warm", "clever"]
BAD = ["dull", "clumsy", "boring", "loud", "cold", "pointless"]
PLAIN = ["the", "film", "was", "and", "its", "story", "a", "very", "often", "cast", "scene", "plot"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def encoder(folder: Path, dropout: float = 0.1) -> Path:
    """A two-layer BERT with a word tokenizer, as an untuned encoder is published."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD, *BAD, *PLAIN, "."]
    inner = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)
    config = AutoConfig.for_model(
        "bert",
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
    )
    torch.manual_seed(1)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def tuned_classifier(folder: Path, labels: tuple[str, ...] = ("a", "b"), **config: Any) -> Path:
    """The small encoder as a classifier that Tuneful has trained; its weights are random."""
    encoder(folder)
    known = AutoConfig.from_pretrained(folder, num_labels=len(labels), **config)
    known.initializer_range = 0.2
    torch.manual_seed(2)
    AutoModelForSequenceClassification.from_config(known).save_pretrained(folder)
    facts = {"kind": "model", "name": "tuned", "hash": "0", "head": "classes", "max_length": 64}
    manifest = {**facts, "labels": list(labels), "measured_as": "classes"}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def chat_model(folder: Path, seed: int = 1, width: int = 32) -> Path:
    """A two-layer Llama over bytes, with ChatML's template."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    inner = Tokenizer(models.BPE({c: n for n, c in enumerate([*special, *alphabet])}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(special)
    PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<|endoftext|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        chat_template=TEMPLATE,
        model_max_length=256,
    ).save_pretrained(folder)
    config = AutoConfig.for_model(
        "llama",
        vocab_size=inner.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def review(draw: random.Random, *, is_good: bool) -> str:
    """A sentence whose words tell its class."""
    words = draw.choices(PLAIN, k=draw.randint(3, 20)) + draw.choices(GOOD if is_good else BAD, k=3)
    draw.shuffle(words)
    return " ".join(words) + " ."


def reviews(path: Path, count: int = 200, seed: int = 0) -> Path:
    """A csv of reviews, text and label, half of each class."""
    draw = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(count):
            is_good = number % 2 == 0
            writer.writerow([review(draw, is_good=is_good), "good" if is_good else "bad"])
    return path


def chats(path: Path, count: int = 80, seed: int = 0) -> Path:
    """JSON lines of conversations whose answer is one word."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            is_good = number % 2 == 0
            turns = [
                {"role": "user", "content": review(draw, is_good=is_good)[:60]},
                {"role": "assistant", "content": "good" if is_good else "bad"},
            ]
            file.write(json.dumps({"messages": turns}) + "\n")
    return path


def classify_recipe(folder: Path, dropout: float = 0.1, **train: Any) -> Recipe:
    """A recipe that trains the small encoder on 160 reviews, in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 5e-3,
        "precision": "fp32",
        "threads": 1,
    }
    return Recipe.make(
        {
            "name": "small",
            "model": str(encoder(folder / "model", dropout)),
            "data": {"source": str(reviews(folder / "reviews.csv"))},
            "method": "classify",
            "train": {**settings, **train},
        }
    )


def chat_recipe(folder: Path, **train: Any) -> Recipe:
    """A recipe that trains LoRA on the small chat model, in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 5e-3,
        "precision": "fp32",
        "threads": 1,
    }
    return Recipe.make(
        {
            "name": "small-chat",
            "model": str(chat_model(folder / "model")),
            "data": {"source": str(chats(folder / "chats.jsonl"))},
            "method": "sft",
            "adapter": {"name": "lora", "rank": 4},
            "train": {**settings, **train},
            "evaluate": {"max_new_tokens": 8},
        }
    )


def settings_of(recipe: Recipe, data: Dataset, store: Store) -> Settings:
    """What a plan settles, without a timed pass."""
    return plan(recipe, data, store, probe=lambda settings: Timing(1e-6)).settings
