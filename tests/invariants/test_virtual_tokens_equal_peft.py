"""Learned tokens before packed rows give PEFT's numbers: probabilities, training, answers."""

import pytest
import torch
from transformers import AutoTokenizer

from tests import tiny
from tests.world import chat_model
from tuneful.core.errors import ModelError
from tuneful.models.adapters import ADAPTERS
from tuneful.models.generate import Sampling, generate
from tuneful.models.load import load_weights
from tuneful.models.reference import AdapterOff
from tuneful.models.scoring import Scorer
from tuneful.recipe.parts import config_of

COUNT = 9
ROWS = tiny.sequences((5, 17, 2, 9))
ROWS.append([*ROWS[1][:12], 5, 6, 7])  # begins as another does, which the row has once
WEIGHTS = [[0.0, *[1.0] * (len(row) - 1)] for row in ROWS]
WAYS = {
    "prompt_tuning": {"name": "prompt_tuning"},
    "prefix_tuning": {"name": "prefix_tuning"},
    "prefix_tuning, projection": {"name": "prefix_tuning", "projection": 8},
    "p_tuning": {"name": "p_tuning"},
    "p_tuning, lstm": {"name": "p_tuning", "network": "lstm"},
}


def adapted(way: str, family: str = "llama"):
    asked = {**WAYS[way], "tokens": COUNT}
    config = config_of("adapter", asked["name"]).model_validate(asked)
    torch.manual_seed(5)
    return ADAPTERS[asked["name"]](config).apply(tiny.decoder(family)).model


def pefts_logp(model, way):
    """Log p of every token but the first of each row, by PEFT's own forward on padded rows."""
    longest = max(map(len, ROWS))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in ROWS])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ROWS])
    logits = model(input_ids=tokens, attention_mask=mask).logits
    logp = logits[:, 0 if way.startswith("prefix") else COUNT :].log_softmax(-1)
    return torch.cat(
        [logp[s, range(len(row) - 1), row[1:]] for s, row in enumerate(ROWS)],
    )


def steps(model, logp_of, count=20):
    """Losses of a few steps of Adam."""
    moved = [p for p in model.parameters() if p.requires_grad]
    optimizer, losses = torch.optim.Adam(moved, lr=0.01), []
    for _ in range(count):
        loss = -logp_of(model).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@pytest.mark.parametrize("way", WAYS)
def test_twenty_steps_on_packed_rows_are_those_of_pefts_padded_forward(way: str):
    family = "gemma2"  # soft caps, and windows shorter than the learned tokens
    ours = steps(
        adapted(way, family),
        lambda model: Scorer(model, pad_id=0, packed=True).token_logp(ROWS, WEIGHTS)[0],
    )
    theirs = steps(adapted(way, family), lambda model: pefts_logp(model, way))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert ours[-1] < ours[0] - 0.01


@pytest.mark.parametrize("way", ["prompt_tuning", "prefix_tuning"])
@pytest.mark.parametrize("family", tiny.DECODERS)
def test_every_family_gives_the_same_packed_padded_and_in_peft(way: str, family: str):
    model = adapted(way, family)
    with torch.no_grad():
        expected = pefts_logp(model, way)
        for packed in (True, False):
            found = Scorer(model, pad_id=0, packed=packed).token_logp(ROWS, WEIGHTS)[0]
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_with_noise_each_sequence_has_learned_tokens_of_its_own():
    model = adapted("prompt_tuning").train()
    expected = pefts_logp(model, "prompt_tuning")
    scorer = Scorer(model, pad_id=0, packed=True)
    scorer._has_noise = True
    assert not scorer.shares
    found = scorer.token_logp(ROWS, WEIGHTS)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Position ids are not supported")  # PEFT makes its own
@pytest.mark.parametrize("way", ["prompt_tuning", "prefix_tuning"])
def test_answers_are_those_of_pefts_own_generation(way: str):
    model = adapted(way)
    found = generate(Scorer(model, pad_id=0, packed=True), ROWS, Sampling(6), eos_id=None)
    for row, (answer,) in zip(ROWS, found, strict=True):
        asked = torch.tensor([row])
        said = model.generate(
            input_ids=asked,
            attention_mask=torch.ones_like(asked),
            max_new_tokens=6,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
        assert said[0, len(row) :].tolist() == answer


@pytest.mark.parametrize("way", ["prompt_tuning", "prefix_tuning"])
def test_it_begins_as_the_model_that_has_read_its_text(way: str, tmp_path):
    folder, text = chat_model(tmp_path / "model"), "answer in one word"
    model = load_weights(folder, head="tokens", precision=torch.float32)
    config = config_of("adapter", way).model_validate({"name": way, "tokens": 18, "text": text})
    before = AutoTokenizer.from_pretrained(folder)(text)["input_ids"]
    assert len(before) == 18
    with torch.no_grad():
        scorer = Scorer(model, pad_id=0, packed=True)
        read = [before + row for row in ROWS]
        expected = scorer.token_logp(read, [[0.0] * 18 + weights for weights in WEIGHTS])[0]
        adapted = ADAPTERS[way](config).apply(model).model
        found = Scorer(adapted, pad_id=0, packed=True).token_logp(ROWS, WEIGHTS)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", ["prompt_tuning", "prefix_tuning"])
def test_switched_off_it_is_the_base(way: str):
    model = adapted(way)
    with torch.no_grad():
        base = Scorer(tiny.decoder("llama"), pad_id=0, packed=True).token_logp(ROWS, WEIGHTS)[0]
        scorer = Scorer(model, pad_id=0, packed=True)
        assert not torch.allclose(scorer.token_logp(ROWS, WEIGHTS)[0], base, atol=1e-3)
        found = AdapterOff(scorer).logp(ROWS, WEIGHTS)
    assert torch.equal(found, base)


def test_classifiers_are_refused_with_the_reason():
    config = config_of("adapter", "prompt_tuning").model_validate({"name": "prompt_tuning"})
    with pytest.raises(ModelError, match="gives classes"):
        ADAPTERS["prompt_tuning"](config).apply(tiny.encoder("bert"))
