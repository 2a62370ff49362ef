"""Our answers are those of transformers' own generation, token for token."""

import pytest
import torch

from tests.tiny import DECODERS, decoder, sequences
from tuneful.models.generate import Sampling, choose, generate
from tuneful.models.scoring import Scorer

PROMPTS = sequences((5, 17, 1, 9))


@pytest.mark.parametrize("family", DECODERS)
def test_the_likeliest_answers_are_the_same(family: str):
    model = decoder(family)
    scorer = Scorer(model, pad_id=0, packed=True)
    ours = generate(scorer, PROMPTS, Sampling(12, num_answers=2), eos_id=2)
    for prompt, answers in zip(PROMPTS, ours, strict=True):
        theirs = model.generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
            pad_token_id=0,
            eos_token_id=2,
        )
        assert answers == [theirs[0, len(prompt) :].tolist()] * 2


def test_long_prompts_are_answered_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch):
    scorer, done = Scorer(decoder("llama"), pad_id=0, packed=True), list[int]()
    whole = generate(scorer, PROMPTS, Sampling(6), eos_id=None, on_done=done.append)
    assert done == [4]
    monkeypatch.setattr("tuneful.models.generate.TOKENS_AT_ONCE", 18)
    assert generate(scorer, PROMPTS, Sampling(6), None, done.append) == whole
    assert done == [4, 2, 3, 4]  # 1 and 5 tokens; 9; 17


def test_an_answer_does_not_depend_on_its_company():
    scorer = Scorer(decoder("llama"), pad_id=0, packed=True)
    # Any token ends an answer now and then, so prompts leave the batch at different times.
    for eos_id in (7, 50):
        sampling = Sampling(20, temperature=1.5, num_answers=3, seed=4)
        together = generate(scorer, PROMPTS, sampling, eos_id)
        alone = generate(scorer, PROMPTS[:1], sampling, eos_id)
        assert together[0] == alone[0]
        assert all(eos_id not in answer[:-1] for group in together for answer in group)
    assert together != generate(scorer, PROMPTS, Sampling(20, 1.5, 1.0, 3, seed=5), eos_id)


def test_an_answer_may_end_with_what_it_says():
    scorer, most = Scorer(decoder("llama"), pad_id=0, packed=True), 20
    whole = generate(scorer, PROMPTS, Sampling(most), eos_id=None)
    until = whole[0][0][5]
    short = generate(scorer, PROMPTS, Sampling(most), None, None, lambda ids: until in ids)
    for (all_of_it,), (said,) in zip(whole, short, strict=True):
        end = all_of_it.index(until) + 1 if until in all_of_it else most
        assert said[:end] == all_of_it[:end]
    looks = list[int]()
    generate(
        scorer, PROMPTS, Sampling(most), None, None, lambda ids: looks.append(len(ids)) is None
    )
    assert looks == [4] * len(PROMPTS)  # and no more is said


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()[None].expand(1000, 4)
    uniform = torch.linspace(0, 1, 1001)[:-1]
    drawn = choose(logits, Sampling(1, temperature=1.0), uniform)
    counts = torch.bincount(drawn, minlength=4)
    assert (counts - torch.tensor([500, 300, 150, 50])).abs().max() <= 1
    # 0.5 does not reach 0.7, 0.5 + 0.3 does: the others are left out.
    nucleus = torch.bincount(choose(logits, Sampling(1, 1.0, 0.7), uniform), minlength=4)
    assert (nucleus - torch.tensor([625, 375, 0, 0])).abs().max() <= 1
    # p^2 / sum: 0.25, 0.09, 0.0225, 0.0025 over 0.365.
    colder = torch.bincount(choose(logits, Sampling(1, temperature=0.5), uniform), minlength=4)
    assert (colder - torch.tensor([685, 247, 62, 7])).abs().max() <= 1
