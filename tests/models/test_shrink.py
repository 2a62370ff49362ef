"""Models with layers taken out: plain folders that other libraries load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from tests import tiny, world
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.models.catalog import describe
from tuneful.models.references import locate
from tuneful.models.shrink import spread, with_layers
from tuneful.models.tokenizer import load_tokenizer

FAMILIES = {**tiny.ENCODERS, **tiny.DECODERS, "gpt2": {"n_layer": 5, "n_embd": 32, "n_head": 4}}


def saved(family: str, folder: Path, num_layers: int) -> Any:
    """A random model of a family on disk; for encoders a classifier."""
    sizes = dict(FAMILIES[family])
    for name in ("num_hidden_layers", "n_layers", "n_layer"):
        sizes |= {name: num_layers} if name in sizes else {}
    config = AutoConfig.for_model(family, **{"vocab_size": tiny.VOCABULARY, **sizes})
    auto: Any = (
        AutoModelForSequenceClassification if family in tiny.ENCODERS else AutoModelForCausalLM
    )
    torch.manual_seed(3)
    model = auto.from_config(config)
    model.save_pretrained(folder)
    return model.eval()


def layers_of(model: Any) -> torch.nn.ModuleList:
    stacks = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList)]
    return max(stacks, key=len)


@pytest.mark.parametrize(
    ("num_all", "num_kept", "numbers"),
    [
        (12, 6, [0, 2, 4, 7, 9, 11]),  # as DistilBERT's own script chooses
        (6, 3, [0, 3, 5]),
        (5, 2, [0, 4]),
        (30, 1, [0]),
        (4, 3, [0, 2, 3]),
    ],
)
def test_kept_layers_are_spread_and_hold_both_ends(num_all: int, num_kept: int, numbers: list[int]):
    assert spread(num_all, num_kept) == numbers


@pytest.mark.parametrize("family", list(FAMILIES))
def test_transformers_loads_it_as_the_same_model_without_the_layers(family: str, tmp_path: Path):
    whole = saved(family, tmp_path / "whole", 5)
    folder = with_layers(tmp_path / "whole", 2, tmp_path / "home")
    auto: Any = type(whole)
    shrunk, info = auto.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    stack = layers_of(whole)
    kept = torch.nn.ModuleList([stack[0], stack[4]])
    for module in whole.modules():
        for name, child in module.named_children():
            if child is stack:
                setattr(module, name, kept)
    whole.config.num_hidden_layers = 2
    if hasattr(whole.config, "layer_types"):
        assert len(shrunk.config.layer_types) == 2
    expected = dict(whole.named_parameters())
    for name, value in shrunk.named_parameters():
        assert torch.equal(value, expected[name]), name
    tokens = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        assert shrunk.eval()(input_ids=tokens).logits.isfinite().all()
    assert describe(folder).layers == 2


def test_a_reference_with_layers_is_made_once_and_keeps_its_tokenizer(tmp_path: Path, store: Store):
    folder = world.chat_model(tmp_path / "model")
    found = locate(f"{folder}#layers=1", store)
    assert not found.is_tuned
    assert describe(found.folder).layers == 1
    whole, own = (load_tokenizer(at, needs_chat=True) for at in (folder, found.folder))
    assert own.template == world.TEMPLATE
    assert own.eos_id == whole.eos_id is not None
    assert own.pad_id == whole.pad_id
    files = {path.name for path in folder.iterdir()} - {"model.safetensors"}
    assert files <= {path.name for path in found.folder.iterdir()}
    before = (found.folder / "model.safetensors").stat().st_mtime_ns
    again = locate(f"{folder}#layers=1", store)
    assert again == found
    assert (again.folder / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("asked", "word"),
    [("2", "2 layers"), ("0", "2 layers"), ("two", "no number"), ("", "no number")],
)
def test_what_is_no_smaller_model_is_refused(asked: str, word: str, tmp_path: Path, store: Store):
    folder = world.chat_model(tmp_path / "model")
    with pytest.raises(ModelError, match=word) as caught:
        locate(f"{folder}#layers={asked}", store)
    assert caught.value.fix


def test_an_adapter_cannot_be_cut(tmp_path: Path, store: Store):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ModelError, match="whole models"):
        locate(f"{tmp_path}#layers=1", store)
