"""What every adapter owes: only its weights move, and what is saved loads in plain libraries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests import tiny
from tuneful.models.adapters import ADAPTERS
from tuneful.models.adapters.base import Adapted
from tuneful.models.load import load_weights
from tuneful.models.model import put_in_place, save_model
from tuneful.models.scoring import Scorer
from tuneful.recipe.parts import config_of

ROWS = tiny.sequences((7, 12, 3))
WEIGHTS = [[0.0, *[1.0] * (len(row) - 1)] for row in ROWS]
DECODERS = {
    "full": {"name": "full"},
    "lora": {"name": "lora", "rank": 4},
    "rslora": {"name": "lora", "rank": 4, "rslora": True},
    "pissa": {"name": "lora", "rank": 4, "init": "pissa"},
    "pissa, rslora": {"name": "lora", "rank": 4, "init": "pissa", "rslora": True},
    "lora+": {"name": "lora", "rank": 4, "plus": 16},
    "dora": {"name": "dora", "rank": 4},
    "ia3": {"name": "ia3"},
    "shira": {"name": "shira", "rank": 2},
    "vera": {"name": "peft", "tuner": "vera", "settings": {"r": 8}},
    "hra": {"name": "peft", "tuner": "HRA", "settings": {"r": 4}},
    "prompt_tuning": {"name": "prompt_tuning", "tokens": 5},
    "prefix_tuning": {"name": "prefix_tuning", "tokens": 5},
    "prefix_tuning, projection": {"name": "prefix_tuning", "tokens": 5, "projection": 8},
    "p_tuning": {"name": "p_tuning", "tokens": 5},
    "last_layers": {"name": "last_layers", "layers": 1},
    "lisa": {"name": "lisa", "layers": 1},
    "s2ft": {"name": "s2ft", "channels": 0.1},
    "sift": {"name": "sift", "share": 0.05},
}
ENCODERS = {
    "bitfit": {"name": "bitfit"},
    "lora, classes": {"name": "lora", "rank": 4},
    "ia3, classes": {"name": "ia3"},
    "last_layers, classes": {"name": "last_layers", "layers": 1},
    "s2ft, classes": {"name": "s2ft"},
    "sift, classes": {"name": "sift"},
}
CASES = {**DECODERS, **ENCODERS}


@dataclass
class Tuned:
    """A tiny model after three steps, and where it and its base were saved."""

    before: dict[str, torch.Tensor]
    moved: dict[str, torch.Tensor]
    gradients: dict[str, float]
    model: torch.nn.Module
    base: Path
    saved: Path
    logits: torch.Tensor


def is_classifier(case: str) -> bool:
    return case in ENCODERS


def loss_of(model: torch.nn.Module, case: str, *, packed: bool = True) -> torch.Tensor:
    scorer = Scorer(model, pad_id=0, packed=packed)
    if is_classifier(case):
        labels = torch.tensor([0, 1, 2])
        return torch.nn.functional.cross_entropy(scorer.class_logits(ROWS), labels)
    return -scorer.token_logp(ROWS, WEIGHTS)[0].mean()


def adapt(case: str, base: Path) -> Adapted:
    asked = dict(CASES[case])
    head, labels = ("classes", ("a", "b", "c")) if is_classifier(case) else ("tokens", ())
    model = load_weights(base, head=head, labels=labels, precision=torch.float32)
    model.get_input_embeddings().padding_idx = None
    config = config_of("adapter", asked["name"]).model_validate(asked)
    torch.manual_seed(5)
    adapted = ADAPTERS[asked["name"]](config).apply(model)
    if adapted.prepare:
        adapted.prepare(lambda: loss_of(adapted.model, case).backward())
    return adapted


def train(adapted: Adapted, case: str, rate: float = 0.05) -> dict[str, float]:
    model = adapted.model.train()
    norms: dict[str, float] = {}
    for _ in range(3):
        loss_of(model, case).backward()
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                norms[name] = norms.get(name, 0.0) + float(parameter.grad.norm())
                parameter.data -= rate * parameter.grad / (parameter.grad.norm() + 1e-8)
                parameter.grad = None
    model.eval()
    return norms


def logits_of(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        out = [model(input_ids=torch.tensor([row])).logits[0] for row in ROWS]
    return torch.cat([part.reshape(-1, part.shape[-1]) for part in out])


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tuned(case: str, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    folder = tmp_path_factory.mktemp("adapter")
    plain = tiny.encoder("bert") if is_classifier(case) else tiny.decoder("llama")
    plain.save_pretrained(folder / "base")
    adapted = adapt(case, folder / "base")
    model = adapted.model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = train(adapted, case)
    after = dict(model.named_parameters())
    moved = {n: p.detach().clone() for n, p in after.items() if p.requires_grad}
    logits = logits_of(model)
    put_in_place(model, moved, {}, torch.float32)
    finished = adapted.finish(model)
    nothing: Any = SimpleNamespace(save=lambda _: None)
    save_model(folder / "saved", finished, nothing, str(folder / "base"))
    return Tuned(before, moved, gradients, finished, folder / "base", folder / "saved", logits)


def test_all_that_may_move_gets_a_gradient_and_nothing_else_does(tuned: Tuned):
    assert tuned.moved
    assert tuned.gradients.keys() == tuned.moved.keys()
    assert max(tuned.gradients.values()) > 0
    changed = {n for n, value in tuned.moved.items() if not torch.equal(value, tuned.before[n])}
    assert changed == {name for name, norm in tuned.gradients.items() if norm > 0}


def test_the_saved_folder_gives_the_same_logits_in_plain_libraries(case: str, tuned: Tuned):
    kind = AutoModelForSequenceClassification if is_classifier(case) else AutoModelForCausalLM
    if (tuned.saved / "adapter_config.json").exists():
        more = {"num_labels": 3} if is_classifier(case) else {}
        plain = kind.from_pretrained(tuned.base, dtype=torch.float32, **more)
        plain = peft.PeftModel.from_pretrained(plain, tuned.saved)
    else:
        plain = kind.from_pretrained(tuned.saved, dtype=torch.float32)
    torch.testing.assert_close(logits_of(plain.eval()), tuned.logits, rtol=1e-4, atol=1e-5)


def test_what_is_frozen_is_saved_as_the_base_has_it(tuned: Tuned):
    base = load_file(tuned.base / "model.safetensors")
    if (tuned.saved / "adapter_config.json").exists():
        held = load_file(tuned.saved / "adapter_model.safetensors")
        names = {name.removeprefix("base_model.model.") for name in held}
        assert not names & (base.keys() - {"classifier.weight", "classifier.bias"})
        return
    saved = load_file(tuned.saved / "model.safetensors")
    changed = sum(int((saved[name] != base[name]).sum()) for name in base)
    assert 0 < changed <= sum(value.numel() for value in tuned.moved.values())


def test_packed_rows_cost_what_padded_ones_do(case: str, tuned: Tuned):
    adapted = adapt(case, tuned.base)
    with torch.no_grad():
        for name, parameter in adapted.model.named_parameters():
            if name in tuned.moved:
                parameter.copy_(tuned.moved[name])
    model = adapted.model.eval()
    packed, padded = (loss_of(model, case, packed=way) for way in (True, False))
    torch.testing.assert_close(packed, padded, rtol=1e-5, atol=1e-5)


def test_merged_is_unmerged_where_there_is_something_to_merge(case: str, tuned: Tuned):
    model: Any = tuned.model
    if not hasattr(getattr(model, "base_model", None), "merge_and_unload"):
        kind = ADAPTERS[CASES[case]["name"]]
        saves_whole = not (tuned.saved / "adapter_config.json").exists()
        assert saves_whole or hasattr(kind, "num_before")
        return
    torch.testing.assert_close(
        logits_of(model.merge_and_unload()), tuned.logits, rtol=1e-4, atol=1e-4
    )


QUANTIZED = {"qlora", "lora_int8"}
"""Tried in test_quantized.py: their library takes seconds to import."""


def test_every_adapter_is_tried_here():
    assert {asked["name"] for asked in CASES.values()} | QUANTIZED >= set(ADAPTERS.table)
