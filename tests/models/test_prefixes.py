"""Beginnings that sequences share are computed once, and nothing else changes."""

import pytest
import torch

from tests import tiny
from tuneful.models.packing import pack
from tuneful.models.prefixes import shared_length, tree_of
from tuneful.models.scoring import Scorer

SYSTEM = tiny.sequences((10,), seed=7)[0]
PROMPT = tiny.sequences((9,), seed=8)[0]
ONE, OTHER, THIRD = tiny.sequences((6, 4, 12), seed=9)
ROWS = [
    [*SYSTEM, *PROMPT, *ONE],
    ONE,
    [*SYSTEM, *THIRD],
    [*SYSTEM, *PROMPT, *OTHER],
    [*SYSTEM, *PROMPT],
    [*SYSTEM, *PROMPT, *ONE],
]


def written_out(tree, rows):
    pieces = [rows[p.sequence][p.start : p.end] for p in tree.pieces]
    return [[token for number in path for token in pieces[number]] for path in tree.paths]


def test_a_tree_has_every_sequence_and_common_runs_once():
    tree = tree_of(ROWS, least=8)
    assert written_out(tree, ROWS) == ROWS
    assert shared_length(ROWS) == tree.num_tokens == 10 + 9 + 6 + 6 + 4 + 12 + 6


def test_short_common_runs_stay_with_their_sequences():
    rows = [[5, 6, 7, 8], [5, 6, 9]]
    tree = tree_of(rows, least=3)
    assert [piece.above for piece in tree.pieces] == [(), ()]
    assert written_out(tree, rows) == rows
    assert tree_of(rows, least=2).num_tokens == 5


def test_equal_sequences_stand_once():
    assert tree_of([SYSTEM, SYSTEM]).num_tokens == len(SYSTEM)
    packed = pack([SYSTEM, SYSTEM], shares=True)
    assert packed.tokens_1T.tolist() == [SYSTEM]
    assert packed.first().tolist() == [0, 0]
    assert packed.last().tolist() == [9, 9]


@pytest.mark.parametrize("family", tiny.DECODERS)
def test_log_probabilities_and_gradients_are_those_of_sequences_apart(family):
    weights = [[0.0, *[1.0] * (len(row) - 1)] for row in ROWS]
    found = {}
    for packed in (True, False):
        model = tiny.decoder(family)
        scorer = Scorer(model, pad_id=0, packed=packed)
        assert scorer.shares is packed
        logp, _, owner = scorer.token_logp(ROWS, weights)
        (logp * torch.arange(len(logp))).sum().backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found[packed] = logp.detach(), owner, gradients
    torch.testing.assert_close(found[True][0], found[False][0], rtol=0, atol=1e-5)
    assert found[True][1].tolist() == found[False][1].tolist()
    for name, gradient in found[False][2].items():
        torch.testing.assert_close(found[True][2][name], gradient, rtol=1e-3, atol=1e-3, msg=name)


def test_noise_keeps_sequences_apart():
    model = tiny.decoder("llama")
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.1
    scorer = Scorer(model, pad_id=0, packed=True)
    assert scorer.shares
    model.train()
    assert not scorer.shares
