"""Packing changes the time, not the numbers: losses and gradients equal the padded batch's."""

import pytest
import torch

from tests import tiny
from tuneful.models.scoring import Scorer


def gradients(model):
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def assert_same_gradients(one, other):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("family", tiny.ENCODERS)
def test_classifiers_give_the_same_logits_and_gradients_packed_and_padded(family):
    rows, label = tiny.sequences(), torch.tensor([0, 1, 2, 0])
    found = {}
    for packed in (False, True):
        model = tiny.encoder(family)
        scorer = Scorer(model, pad_id=0, packed=packed)
        assert scorer.packed is packed
        logits = scorer.class_logits(rows)
        loss = torch.nn.functional.cross_entropy(logits, label)
        loss.backward()
        found[packed] = logits.detach(), loss.detach(), gradients(model)
    torch.testing.assert_close(found[True][0], found[False][0], rtol=0, atol=1e-5)
    assert abs(found[True][1] - found[False][1]) < 1e-5
    assert_same_gradients(found[True][2], found[False][2])


@pytest.mark.parametrize("family", tiny.DECODERS)
def test_language_models_give_the_same_losses_and_gradients_packed_and_padded(family):
    rows = tiny.sequences((5, 17, 2, 9))
    weights = [[0.0, *[1.0] * (len(row) - 1)] for row in rows]
    found = {}
    for packed in (False, True):
        model = tiny.decoder(family)
        logp, weight, owner = Scorer(model, pad_id=0, packed=packed).token_logp(rows, weights)
        loss = -(logp * weight).sum() / weight.sum()
        loss.backward()
        found[packed] = logp.detach(), loss.detach(), gradients(model), owner
    torch.testing.assert_close(found[True][0], found[False][0], rtol=0, atol=1e-5)
    assert abs(found[True][1] - found[False][1]) < 1e-5
    assert_same_gradients(found[True][2], found[False][2])
    assert found[True][3].tolist() == [0] * 4 + [1] * 16 + [2] + [3] * 8


@pytest.mark.parametrize("family", [*tiny.DECODERS])
def test_no_token_sees_another_sequence(family):
    rows = tiny.sequences((6, 9))
    other = [rows[0], tiny.sequences((9,), seed=1)[0]]
    weights = [[0.0, *[1.0] * 5], [0.0, *[1.0] * 8]]
    scorer = Scorer(tiny.decoder(family), pad_id=0, packed=True)
    before, after = (scorer.token_logp(r, weights)[0][:5] for r in (rows, other))
    assert torch.equal(before, after)


@pytest.mark.parametrize("family", tiny.ENCODERS)
def test_attention_dropout_is_applied_inside_packed_rows(family):
    model = tiny.encoder(family, dropout=0.3).train()
    scorer = Scorer(model, pad_id=0, packed=True)
    torch.manual_seed(1)
    first = scorer.class_logits(tiny.sequences())
    torch.manual_seed(2)
    assert not torch.equal(first, scorer.class_logits(tiny.sequences()))
