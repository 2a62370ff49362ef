"""LoRA over a base in 4 or 8 bits: it learns, is saved, and loads in plain libraries."""

from __future__ import annotations

from pathlib import Path

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.world import chat_model, chat_recipe
from tuneful.core.errors import ModelError
from tuneful.core.store import Store
from tuneful.models import quantize
from tuneful.models.adapters.qlora import QLora, QLoraConfig
from tuneful.models.load import load_weights
from tuneful.models.predict import load_predictor
from tuneful.models.quantize import BITS, Compact, Quantization
from tuneful.models.scoring import Scorer
from tuneful.recipe.change import with_changes
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:MatMul8bitLt")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("name", "kind"), [("qlora", "nf4"), ("lora_int8", "int8")])
def test_a_quantized_base_learns_and_its_adapter_loads_anywhere(
    tmp_path: Path, store: Store, name: str, kind: quantize.Kind, precision: str
):
    recipe = with_changes(
        chat_recipe(tmp_path, max_steps=12, precision=precision),
        {"adapter": {"name": name, "rank": 4}},
    )
    trained = train_recipe(recipe, store, gate=TRIAL)
    assert trained.plan.settings.quantized == kind
    assert trained.model.manifest["quantized"] == kind
    assert trained.model.manifest["progress"]["best_loss"] < 5.3  # ln 259 = 5.56 at the start
    compute = torch.float32
    ours = load_predictor(trained.model.path, store, precision="fp32")
    plain = AutoModelForCausalLM.from_pretrained(recipe.model, **Compact(kind, compute).options())
    quantize.keep_layout(plain)  # tiny matrices are too small for bitsandbytes' own repacking
    plain = peft.PeftModel.from_pretrained(plain, trained.model.path).eval()
    tokens = [5, 9, 40, 41, 42, 60]
    with torch.no_grad():
        found = ours.scorer.token_logp([tokens], [[0.0] + [1.0] * 5])[0]
        expected = plain(input_ids=torch.tensor([tokens])).logits[0].float().log_softmax(-1)
    expected = expected[:-1].gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_validation_leaves_a_four_bit_base_and_its_gradients_as_they_were(tmp_path: Path):
    base = load_weights(
        chat_model(tmp_path / "base", width=64),
        head="tokens",
        precision=Compact("nf4", torch.float32),
    )
    model = QLora(QLoraConfig(rank=4)).apply(base).model
    scorer, found = Scorer(model, pad_id=0, packed=True), list[list[torch.Tensor]]()
    for _ in range(2):
        model.train()
        scorer.token_logp([[5, 9, 40, 41]], [[0.0, 1.0, 1.0, 1.0]])[0].sum().backward()
        moving = [p for p in model.parameters() if p.requires_grad]
        found.append([p.grad.clone() for p in moving if p.grad is not None])
        model.zero_grad()
        model.eval()
        with torch.no_grad():
            scorer.token_logp([[5, 9, 40, 41]], [[0.0, 1.0, 1.0, 1.0]])
    assert len(found[0]) == len(found[1]) > 0
    assert all(torch.equal(before, after) for before, after in zip(*found, strict=True))


def test_a_machine_that_cannot_quantize_says_what_it_can(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(quantize, "why_not", lambda: "bitsandbytes is not installed")
    with pytest.raises(ModelError, match="bitsandbytes is not installed") as caught:
        Quantization("nf4").here()
    assert "adapter: lora" in caught.value.fix
    assert Quantization("nf4", fallback="lora").here() is None


def test_bits_count_the_scales():
    # NF4: 4 bits, an 8-bit scale for 64 weights, and a 32-bit one for 256 of those.
    assert BITS["nf4"] == pytest.approx(4 + 8 / 64 + 32 / (64 * 256), abs=1e-3)
