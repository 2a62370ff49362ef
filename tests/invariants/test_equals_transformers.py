"""Loss and gradient of one step are those of transformers' own pass, to float32 rounding."""

from copy import deepcopy

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests import tiny
from tuneful.data.rows import Labelled, to_json
from tuneful.methods.base import ClassScores, DataFacts, TokenScores
from tuneful.methods.classify import Classify, ClassifyConfig
from tuneful.methods.sft import SFT, SFTConfig
from tuneful.models.scoring import Scorer


def reference_of(model, auto):
    """The same weights in a model that knows nothing of ours."""
    reference = auto.from_config(deepcopy(model.config), attn_implementation="eager").float().eval()
    reference.load_state_dict(model.state_dict())
    reference.get_input_embeddings().padding_idx = None
    return reference


def assert_equal_gradients(model, reference):
    own = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        if parameter.grad is None:
            assert own[name].grad is None or not own[name].grad.any()
            continue
        torch.testing.assert_close(own[name].grad, parameter.grad, rtol=1e-4, atol=2e-6, msg=name)


NO_TARGETS = torch.zeros(4, 0)


def padded(rows):
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return tokens, mask


@pytest.mark.parametrize("family", tiny.ENCODERS)
def test_classify_equals_transformers_in_loss_and_gradient(family):
    rows, label = tiny.sequences(), torch.tensor([0, 1, 2, 0])
    model = tiny.encoder(family)
    reference = reference_of(model, AutoModelForSequenceClassification)
    tokens, mask = padded(rows)
    expected = reference(input_ids=tokens, attention_mask=mask, labels=label).loss
    expected.backward()

    method = Classify(ClassifyConfig(), DataFacts(("a", "b", "c"), (2, 1, 1)))
    logits = Scorer(model, pad_id=0, packed=True).class_logits(rows)
    loss = method.loss(ClassScores(logits, label, torch.ones(4), NO_TARGETS)).total / 4
    loss.backward()

    assert abs(loss - expected) < 1e-6
    assert_equal_gradients(model, reference)


@pytest.mark.parametrize("family", tiny.DECODERS)
def test_sft_equals_transformers_in_loss_and_gradient(family):
    rows = tiny.sequences((5, 17, 2, 9))
    weights = [[0.0] * (len(row) // 2 + 1) + [1.0] * (len(row) - len(row) // 2 - 1) for row in rows]
    weights[2] = [0.0, 1.0]
    model = tiny.decoder(family)
    reference = reference_of(model, AutoModelForCausalLM)
    tokens, mask = padded(rows)
    labels = torch.full_like(tokens, -100)
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            if weight:
                labels[i, j] = tokens[i, j]
    expected = reference(input_ids=tokens, attention_mask=mask, labels=labels).loss
    expected.backward()

    method = SFT(SFTConfig(), DataFacts())
    scores = Scorer(model, pad_id=0, packed=True).token_logp(rows, weights, method.known_gradient)
    loss = method.loss(TokenScores(*scores, num_sequences=len(rows))).total / scores[1].sum()
    loss.backward()

    assert abs(loss - expected) < 1e-6
    assert_equal_gradients(model, reference)


def test_class_weights_equal_torchs_weighted_cross_entropy():
    logits = torch.tensor([[2.0, -1.0], [0.5, 0.5], [-1.0, 3.0]], requires_grad=True)
    label = torch.tensor([0, 0, 1])
    method = Classify(ClassifyConfig(class_weights="balanced"), DataFacts(("a", "b"), (2, 1)))
    weight = torch.tensor([method.class_weight[i] for i in label])
    loss = method.loss(ClassScores(logits, label, weight, NO_TARGETS)).total / weight.sum()
    expected = torch.nn.functional.cross_entropy(
        logits, label, weight=torch.tensor(method.class_weight)
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert method.class_weight == pytest.approx([0.75, 1.5])
    assert to_json(Labelled("x", "a")) == {"text": "x", "label": "a"}
