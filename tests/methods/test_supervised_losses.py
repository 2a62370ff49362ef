"""Losses of the supervised methods by hand, and what they make of rows: no model."""

from __future__ import annotations

from math import exp, log
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import world
from tuneful.core.errors import DataError
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Labelled, MultiLabelled, Pair, Rated, Tagged, Text
from tuneful.methods import METHODS
from tuneful.methods.base import ClassScores, DataFacts, TokenScores
from tuneful.models.losses import binary_cross_entropy, cross_entropy
from tuneful.models.tokenizer import Tokenizer, load_tokenizer
from tuneful.recipe.parts import config_of

LABELS = ("a", "b")


def method(name: str, labels: tuple[str, ...] = LABELS, **settings: Any) -> Any:
    config = config_of("method", name).model_validate({"name": name, **settings})
    return METHODS[name](config, DataFacts(labels, tuple(1 for _ in labels)))


def scores(
    logits: list[list[float]],
    label: list[int] | None = None,
    target: list[list[float]] | None = None,
    weight: list[float] | None = None,
) -> ClassScores:
    size = len(logits)
    return ClassScores(
        torch.tensor(logits, requires_grad=True),
        torch.tensor(label or [-1] * size),
        torch.tensor(weight or [1.0] * size),
        torch.tensor(target or [[]] * size),
    )


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Whole words, between [CLS] and [SEP]."""
    folder = world.encoder(tmp_path_factory.mktemp("encoder"))
    return load_tokenizer(folder, needs_chat=False)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Bytes, in ChatML."""
    folder = world.chat_model(tmp_path_factory.mktemp("chat"))
    return load_tokenizer(folder, needs_chat=True)


def test_smoothing_spreads_a_share_of_the_target():
    # p = 3/4 and 1/4; the target is 0.9 + 0.1 / 2 and 0.1 / 2.
    loss = cross_entropy(torch.tensor([[log(3.0), 0.0]]), torch.tensor([0]), smoothing=0.1)
    assert loss.item() == pytest.approx(-(0.95 * log(0.75) + 0.05 * log(0.25)))


def test_focal_loss_weighs_a_row_by_what_it_lacks():
    # -(1 - p)^2 log p of p = 3/4 and p = 1/4.
    loss = cross_entropy(torch.tensor([[log(3.0), 0.0]] * 2), torch.tensor([0, 1]), focus=2.0)
    assert loss.tolist() == pytest.approx([-(0.25**2) * log(0.75), -(0.75**2) * log(0.25)])
    loss = binary_cross_entropy(torch.tensor([[log(3.0)]]), torch.tensor([[0.0]]), focus=2.0)
    assert loss.item() == pytest.approx(-(0.75**2) * log(0.25))


def test_a_row_counts_by_its_weight():
    logits = [[log(3.0), 0.0], [0.0, 0.0]]
    loss = method("classify").loss(scores(logits, [0, 1], weight=[2.0, 0.5]))
    assert loss.total.item() == pytest.approx(-(2 * log(0.75) + 0.5 * log(0.5)))
    assert loss.sums["accuracy"].item() == 2.0


def test_each_of_several_classes_is_a_yes_or_no():
    loss = method("classify_multi").loss(scores([[log(3.0), 0.0]], target=[[1.0, 0.0]]))
    assert loss.total.item() == pytest.approx(-(log(0.75) + log(0.5)) / 2)
    # The first is right; the second, at even odds, is a no and right as well.
    assert loss.sums["accuracy"].item() == 1.0


def test_ordinal_rating_is_a_yes_or_no_for_each_level():
    rate = method("rate", lowest=1, highest=3)
    target = rate._targets(Rated("x", 2.0))
    assert target == [1.0, 0.0]
    loss = rate.loss(scores([[log(3.0), log(3.0)]], target=[target]))
    assert loss.total.item() == pytest.approx(-(log(0.75) + log(0.25)) / 2)
    # It expects 1 + 3/4 + 3/4 = 2.5 stars, half a star away.
    assert loss.sums["mae"].item() == pytest.approx(0.5)
    assert rate._targets(Rated("x", 1.0)) == [0.0, 0.0]
    assert rate._targets(Rated("x", 2.6)) == [1.0, 1.0]


def test_regression_is_half_the_squared_error_on_a_scale_of_one():
    rate = method("rate", loss="regression", lowest=0, highest=10)
    target = rate._targets(Rated("x", 7.5))
    assert target == [0.5]
    loss = rate.loss(scores([[0.1]], target=[target]))
    assert loss.total.item() == pytest.approx(0.4**2 / 2)
    assert loss.sums["mae"].item() == pytest.approx(2.0)


def test_a_rating_outside_the_scale_is_said(words: Tokenizer):
    with pytest.raises(DataError, match="The rating 6 lies outside 1 to 5"):
        method("rate").encode([Rated("dull", 6.0)], words, 16)


def test_a_tag_is_learned_at_the_first_piece_of_its_word(chat: Tokenizer):
    tag = method("tag", ("B-X", "O"))
    ((sequence,),) = tag.encode([Tagged(("ab", "c", "def"), ("O", "B-X", "O"))], chat, 99)
    assert [chat.hf.decode([token]) for token in sequence.tokens] == list("ab c def")
    assert list(sequence.weights) == [1, 0, 0, 1, 0, 1, 0, 0]
    assert [t for t, w in zip(sequence.targets, sequence.weights, strict=True) if w] == [1, 0, 1]


def test_words_that_do_not_fit_are_not_learned(words: Tokenizer):
    tag = method("tag", ("B-X", "O"))
    row = Tagged(("dull", "warm", "loud"), ("O", "B-X", "O"))
    ((sequence,),) = tag.encode([row], words, 4)
    # [CLS] dull warm [SEP]
    assert list(sequence.weights) == [0, 1, 1, 0]
    assert sequence.num_cut == 1
    assert tag.units([sequence]) == 2


def test_an_unknown_tag_is_said(words: Tokenizer):
    with pytest.raises(DataError, match="The tag 'B-Y' does not occur"):
        method("tag", ("B-X", "O")).encode([Tagged(("dull",), ("B-Y",))], words, 16)


def test_the_longer_of_two_texts_is_cut(words: Tokenizer):
    pair = method("pair")
    row = Pair("the film was dull", "warm", "b")
    ((sequence,),) = pair.encode([row], words, 6)
    names = words.hf.convert_ids_to_tokens(list(sequence.tokens))
    assert names == ["[CLS]", "the", "film", "[SEP]", "warm", "[SEP]"]
    assert (sequence.second, sequence.num_cut, sequence.label) == (4, 2, 1)


def test_a_long_document_is_cut_into_pieces_and_nothing_is_lost(chat: Tokenizer):
    ((one, two),) = method("pretrain").encode([Text("abcdefg")], chat, 5)
    assert [*one.tokens, *two.tokens] == [*chat.encode(["abcdefg"])[0], chat.eos_id]
    assert (len(one.tokens), len(two.tokens)) == (5, 3)
    # A piece's first token has nothing before it.
    assert method("pretrain").units([one, two]) == 4 + 2


def talk(*turns: tuple[str, str] | tuple[str, str, float]) -> Chat:
    return Chat(tuple(Message(t[0], t[1], weight=t[2] if len(t) > 2 else 1.0) for t in turns))  # pyright: ignore[reportArgumentType]


def learned(name: str, row: Chat, tokenizer: Tokenizer, **settings: Any) -> dict[str, float]:
    """The learned texts and their weights, one a run of tokens of like weight."""
    ((sequence,),) = method(name, **settings).encode([row], tokenizer, 999)
    found: dict[str, float] = {}
    run: list[int] = []
    pairs = [*zip(sequence.tokens, sequence.weights, strict=True), (0, 0.0)]
    for at, (token, weight) in enumerate(pairs):
        if run and weight != pairs[at - 1][1]:
            found[tokenizer.hf.decode(run)] = pairs[at - 1][1]
            run = []
        if weight:
            run.append(token)
    return found


def test_all_turns_the_last_or_each_by_its_weight(chat: Tokenizer):
    row = talk(("user", "q"), ("assistant", "one"), ("user", "r"), ("assistant", "two"))
    first, last = "one<|im_end|>", "two<|im_end|>"
    assert learned("sft", row, chat) == {first: 1.0, last: 1.0}
    assert learned("sft", row, chat, learn="last") == {last: 1.0}
    weighed = talk(("user", "q"), ("assistant", "one", 0.5), ("user", "r"), ("assistant", "two", 2))
    assert learned("sft", weighed, chat) == {first: 0.5, last: 2.0}
    dropped = talk(("user", "q"), ("assistant", "one", 0), ("user", "r"), ("assistant", "two"))
    assert learned("sft", dropped, chat) == {last: 1.0}


ROWS: dict[str, Any] = {
    "classify": Labelled("dull", "a", 2.5),
    "classify_multi": MultiLabelled("dull", ("a",), 2.5),
    "pair": Pair("dull", "warm", "a", 2.5),
    "rate": Rated("dull", 2.0, 2.5),
    "tag": Tagged(("dull",), ("a",), 2.5),
    "pretrain": Text("dull film", 2.5),
    "sft": Chat((Message("user", "q"), Message("assistant", "ok")), weight=2.5),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_rows_weight_is_its_sequences(name: str, words: Tokenizer, chat: Tokenizer):
    known = method(name)
    tokenizer = chat if known.head == "tokens" else words
    ((sequence,),) = known.encode([ROWS[name]], tokenizer, 99)
    assert sequence.weight == 2.5
    learned = sum(sequence.weights) or 1
    assert known.units([sequence]) == pytest.approx(2.5 * learned)


def test_neftune_noise_is_as_large_as_its_paper_says(tmp_path: Path):
    from transformers import AutoModelForCausalLM

    from tuneful.models.neftune import add_noise

    model = AutoModelForCausalLM.from_pretrained(world.chat_model(tmp_path))
    embedding, tokens = model.get_input_embeddings(), torch.arange(10, 60)[None]
    plain = embedding(tokens)
    add_noise(model, 5.0)
    torch.manual_seed(0)
    largest = 5.0 / (50 * 32) ** 0.5
    noise = (embedding.train()(tokens) - plain).abs()
    assert 0.98 * largest < noise.max().item() <= largest * (1 + 1e-4)
    assert noise.mean().item() == pytest.approx(largest / 2, rel=0.05)
    assert torch.equal(embedding.eval()(tokens), plain)


def test_perplexity_of_even_odds_is_their_number():
    logp = torch.full((3,), -log(4.0))
    loss = method("pretrain").loss(TokenScores(logp, torch.ones(3), torch.zeros(3).long(), 1))
    assert exp(loss.total.item() / 3) == pytest.approx(4.0)
