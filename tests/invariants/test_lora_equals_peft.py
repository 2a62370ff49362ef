"""Our way through a LoRA layer gives PEFT's numbers, and its saved adapter loads in plain PEFT."""

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests import tiny
from tuneful.models.adapters import ADAPTERS
from tuneful.models.adapters.lora import Lora, LoraConfig
from tuneful.models.scoring import Scorer
from tuneful.recipe.parts import config_of


def learn_once(model, rows):
    weights = [[0.0, *[1.0] * (len(row) - 1)] for row in rows]
    logp, weight, _ = Scorer(model, pad_id=0, packed=True).token_logp(rows, weights)
    (-(logp * weight).sum() / weight.sum()).backward()
    return logp.detach(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def randomise(model):
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)


LOW_RANK = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"}
WAYS = {
    "lora": ({"name": "lora", "rank": 4, "alpha": 8}, LOW_RANK),
    "rslora": (
        {"name": "lora", "rank": 4, "alpha": 8, "rslora": True},
        {**LOW_RANK, "use_rslora": True},
    ),
    "pissa": (
        {"name": "lora", "rank": 4, "alpha": 8, "init": "pissa"},
        {**LOW_RANK, "init_lora_weights": "pissa"},
    ),
    "dora": ({"name": "dora", "rank": 4, "alpha": 8}, {**LOW_RANK, "use_dora": True}),
    "ia3": ({"name": "ia3"}, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_loss_and_gradients_equal_pefts_own(way: str):
    rows = tiny.sequences((7, 12))
    ours_asked, theirs_asked = WAYS[way]
    kind = peft.IA3Config if way == "ia3" else peft.LoraConfig
    torch.manual_seed(1)
    theirs = peft.get_peft_model(tiny.decoder("llama"), kind(**theirs_asked, task_type="CAUSAL_LM"))
    torch.manual_seed(1)
    config = config_of("adapter", ours_asked["name"]).model_validate(ours_asked)
    ours = ADAPTERS[ours_asked["name"]](config).apply(tiny.decoder("llama")).model
    for model in (theirs, ours):
        randomise(model)
    expected, found = learn_once(theirs, rows), learn_once(ours, rows)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-5, atol=1e-6)
    assert found[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-4, atol=1e-6, msg=name)


def test_lora_plus_moves_the_up_projection_by_its_multiple():
    asked = LoraConfig(rank=4, plus=16)
    rate = Lora(asked).apply(tiny.decoder("llama")).rate_factor
    assert rate("base_model.model.model.layers.0.mlp.up_proj.lora_B.default.weight") == 16
    assert rate("base_model.model.model.layers.0.mlp.up_proj.lora_A.default.weight") == 1


def test_merged_equals_unmerged():
    rows = tiny.sequences((7, 12))
    model = Lora(LoraConfig(rank=4, alpha=8)).apply(tiny.decoder("llama")).model
    randomise(model)
    weights = [[0.0, *[1.0] * (len(row) - 1)] for row in rows]
    with torch.no_grad():
        apart = Scorer(model, pad_id=0, packed=True).token_logp(rows, weights)[0]
        merged = model.merge_and_unload()
        whole = Scorer(merged, pad_id=0, packed=True).token_logp(rows, weights)[0]
    torch.testing.assert_close(whole, apart, rtol=1e-5, atol=1e-5)


def test_the_saved_adapter_gives_the_same_logits_in_plain_transformers_and_peft(tmp_path):
    base = tiny.decoder("llama")
    base.save_pretrained(tmp_path / "base")
    model = Lora(LoraConfig(rank=4, alpha=8)).apply(base).model
    randomise(model)
    model.save_pretrained(tmp_path / "adapter")
    tokens = torch.tensor(tiny.sequences((9,)))
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    plain = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    with torch.no_grad():
        expected, found = plain(tokens).logits, model.eval()(tokens).logits
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
