"""One step of every head is transformers' own: loss and gradient, packed and padded, float32."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from tests import tiny
from tests.invariants.test_equals_transformers import assert_equal_gradients, padded
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded
from tuneful.models import attention
from tuneful.models.scoring import Scorer
from tuneful.recipe.parts import config_of
from tuneful.training.steps import Learner

BOTH_WAYS = pytest.mark.parametrize("packed", [True, False], ids=["packed", "padded"])
EVERY_ENCODER = pytest.mark.parametrize("family", tiny.ENCODERS)

DROPOUTS = (
    "attention_dropout",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "dropout",
    "hidden_dropout_prob",
    "seq_classif_dropout",
)


def pair_of_models(family: str, auto: Any, **config: Any) -> tuple[Any, Any]:
    """A model with our attention, and one with the same weights that knows nothing of ours."""
    attention.register()
    torch.manual_seed(0)
    still = dict.fromkeys(DROPOUTS, 0.0)
    sizes = (tiny.ENCODERS | tiny.DECODERS | {"modernbert": MODERN})[family]
    # Weights large enough that every part of the model moves the loss.
    known = AutoConfig.for_model(family, **sizes, **still, **config, initializer_range=0.2)
    model = auto.from_config(known, attn_implementation=attention.NAME).float()
    plain = auto.from_config(deepcopy(known), attn_implementation="eager").float()
    plain.load_state_dict(model.state_dict())
    for one in (model, plain):
        one.get_input_embeddings().padding_idx = None
    return model, plain


def step(name: str, model: Any, rows: list[Encoded], *, packed: bool, **settings: Any) -> float:
    """The loss of one step in our engine; its gradient is in the model."""
    config = config_of("method", name).model_validate({"name": name, **settings})
    method = METHODS[name](config, DataFacts(("a", "b", "c"), (1, 1, 1)))
    scorer = Scorer(model, pad_id=0, packed=packed)
    assert scorer.packed == packed
    return Learner(method, scorer, 1 << 20).learn([[row] for row in rows]).loss


MODERN = {
    "vocab_size": tiny.VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "mlp_dropout": 0.0,
    "embedding_dropout": 0.0,
}


@pytest.mark.parametrize(
    ("family", "packed"),
    [(family, packed) for family in (*tiny.ENCODERS, "llama") for packed in (True, False)]
    + [("modernbert", False)],
)
def test_tag_equals_token_classification(family: str, packed: bool):
    model, plain = pair_of_models(family, AutoModelForTokenClassification, num_labels=3)
    sequences = tiny.sequences((5, 17, 2, 9))
    weights = [[float(at % 3 != 1) for at in range(len(row))] for row in sequences]
    targets = [[float((at + 1) % 3) for at in range(len(row))] for row in sequences]
    tokens, mask = padded(sequences)
    labels = torch.full_like(tokens, -100)
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            labels[i, j] = int(targets[i][j]) if weight else -100
    expected = plain.train()(input_ids=tokens, attention_mask=mask, labels=labels).loss
    expected.backward()
    triples = zip(sequences, weights, targets, strict=True)
    rows = [Encoded(t, w, targets=y) for t, w, y in triples]
    assert step("tag", model, rows, packed=packed) == pytest.approx(expected.item(), abs=1e-6)
    assert_equal_gradients(model, plain)


@BOTH_WAYS
@EVERY_ENCODER
def test_regression_is_half_of_transformers(family: str, packed: bool):
    sizes = {"num_labels": 1, "problem_type": "regression"}
    model, plain = pair_of_models(family, AutoModelForSequenceClassification, **sizes)
    target = torch.tensor([-1.0, 0.5, 1.0, 0.0])
    tokens, mask = padded(tiny.sequences())
    out = plain.train()(input_ids=tokens, attention_mask=mask, labels=target[:, None])
    (out.loss / 2).backward()
    pairs = zip(tiny.sequences(), target.tolist(), strict=True)
    rows = [Encoded(tokens, targets=[value]) for tokens, value in pairs]
    ours = step("rate", model, rows, packed=packed, loss="regression")
    assert ours == pytest.approx(out.loss.item() / 2, abs=1e-6)
    assert_equal_gradients(model, plain)


@BOTH_WAYS
@EVERY_ENCODER
@pytest.mark.parametrize("name", ["classify_multi", "rate"])
def test_yes_and_no_equal_transformers_multi_label(name: str, family: str, packed: bool):
    sizes = {"num_labels": 4, "problem_type": "multi_label_classification"}
    model, plain = pair_of_models(family, AutoModelForSequenceClassification, **sizes)
    target = torch.tensor([[1.0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
    tokens, mask = padded(tiny.sequences())
    expected = plain.train()(input_ids=tokens, attention_mask=mask, labels=target).loss
    expected.backward()
    pairs = zip(tiny.sequences(), target.tolist(), strict=True)
    rows = [Encoded(tokens, targets=values) for tokens, values in pairs]
    assert step(name, model, rows, packed=packed) == pytest.approx(expected.item(), abs=1e-6)
    assert_equal_gradients(model, plain)


@BOTH_WAYS
@EVERY_ENCODER
def test_pairs_mark_the_second_text_as_transformers_do(family: str, packed: bool):
    model, plain = pair_of_models(family, AutoModelForSequenceClassification, num_labels=3)
    sequences, seconds = tiny.sequences(), [2, 9, 0, 8]
    label = torch.tensor([0, 1, 2, 0])
    tokens, mask = padded(sequences)
    kinds = torch.tensor(
        [[int(0 < second <= at) for at in range(tokens.shape[1])] for second in seconds]
    )
    given = {"token_type_ids": kinds * mask} if family == "bert" else {}
    out = plain.train()(input_ids=tokens, attention_mask=mask, labels=label, **given)
    out.loss.backward()
    triples = zip(sequences, label.tolist(), seconds, strict=True)
    rows = [Encoded(t, label=y, second=second) for t, y, second in triples]
    ours = step("pair", model, rows, packed=packed)
    assert ours == pytest.approx(out.loss.item(), abs=1e-6)
    assert_equal_gradients(model, plain)
    if family == "bert":
        unmarked = [
            Encoded(t, label=y) for t, y, _ in zip(sequences, label.tolist(), seconds, strict=True)
        ]
        assert step("pair", model, unmarked, packed=packed) != pytest.approx(ours, abs=1e-4)
