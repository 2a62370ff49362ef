"""Remedies against forgetting: weights pulled back, general rows, a way between base and tuned."""

import math
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.world import chat_model, chat_recipe, chats, review, reviews
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.collections.general import learned_rows, measured_rows
from tuneful.models.encoded import Encoded
from tuneful.models.load import load_weights
from tuneful.models.scoring import Learned, Scorer
from tuneful.planning.plan import plan
from tuneful.planning.speed import Timing
from tuneful.recipe.change import with_changes
from tuneful.training.between import on_the_way
from tuneful.training.fisher import fisher_of
from tuneful.training.general import make_replay
from tuneful.training.optimizer import Optimizer
from tuneful.training.sequences import encode_split
from tuneful.training.setup import set_up_run
from tuneful.training.train import asked_hash
from tuneful.workflow import prepare

GIVEN = SimpleNamespace(
    optimizer={"name": "adamw"},
    weight_decay=0.0,
    max_grad_norm=1.0,
    privacy=None,
    l2_sp=25.0,
    ewc=0.0,
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_each_step_goes_a_share_of_the_way_back(dtype: torch.dtype):
    """Two steps of Adam with the sign +: -r, then a quarter back, with r = 0.01 and pull 25."""
    layer = nn.Linear(1, 1, bias=False, dtype=dtype)
    nn.init.constant_(layer.weight, 1.0)
    optimizer = Optimizer(layer, GIVEN)  # type: ignore[arg-type]
    for value in (1 - 0.01 * 0.75, 1 - (0.01 * 0.75 + 0.01) * 0.75):
        layer(torch.ones(1, 1, dtype=dtype)).sum().backward()
        optimizer.step(0.01)
        assert float(optimizer.masters[0].detach()) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_weight_is_held_the_more_the_more_depends_on_it(dtype: torch.dtype):
    """Equation 3: lambda/2 F (w - 1)^2 = 4/2 x 0.5 x 2^2, and its gradient 4 x 0.5 x 2."""
    layer = nn.Linear(2, 1, bias=False, dtype=dtype)
    nn.init.constant_(layer.weight, 1.0)
    given = SimpleNamespace(**{**vars(GIVEN), "l2_sp": 0.0, "ewc": 4.0})
    optimizer = Optimizer(layer, given, None, {"weight": torch.tensor([[0.5, 0.0]])})  # type: ignore[arg-type]
    optimizer.load_state({"weight/weight": torch.tensor([[3.0, 3.0]])})
    layer(torch.tensor([[1.0, -1.0]], dtype=dtype)).sum().backward()
    norm = optimizer.step(0.01)
    assert optimizer.ewc_penalty == pytest.approx(4.0)
    assert norm == pytest.approx((5**2 + 1) ** 0.5)


def test_rows_of_an_embedding_that_no_token_touched_keep_no_old_pull():
    given = SimpleNamespace(**{**vars(GIVEN), "l2_sp": 0.0, "ewc": 1.0, "max_grad_norm": 1e9})
    ways: list[torch.Tensor] = []
    for sparse in (True, False):
        table = nn.Embedding(4, 2, dtype=torch.bfloat16, sparse=sparse)
        nn.init.constant_(table.weight, 1.0)
        optimizer = Optimizer(table, given, None, {"weight": torch.ones(4, 2)})  # type: ignore[arg-type]
        for token in (0, 1, 2, 1):
            table(torch.tensor([token])).float().sum().backward()
            optimizer.step(0.1)
        ways.append(optimizer.masters[0].detach().clone())
    torch.testing.assert_close(ways[0], ways[1])


def toy_scorer() -> Scorer:
    """A model of one hidden number, 1, and two tokens with the probabilities 3/4 and 1/4."""
    head = nn.Linear(1, 2, bias=False)
    head.weight.data = torch.tensor([[math.log(3.0)], [0.0]])
    head.config = SimpleNamespace()  # type: ignore[assignment]
    head.get_output_embeddings = lambda: head  # type: ignore[assignment]
    scorer = object.__new__(Scorer)
    scorer.model = scorer.core = head
    scorer.temperature = 1.0

    def learned(tokens: list[list[int]], weights: list[list[float]]) -> Learned:
        count = sum(w > 0 for w in weights[0])
        none = torch.zeros(count, dtype=torch.long)
        return Learned(torch.ones(count, 1), none, torch.ones(count), none, none)

    scorer.learned = learned  # type: ignore[method-assign, assignment]
    return scorer


def test_the_fisher_information_of_a_draw_is_its_probabilities_product():
    """d log p(a) / d (w_a, w_b) = (1 - p_a, -p_b): squared 1/16 or 9/16, and 3/16 in the mean."""
    scorer, one = toy_scorer(), Encoded([5, 6], [0.0, 1.0])
    for seed in range(4):
        found = fisher_of(scorer, [one], seed)["weight"][:, 0].tolist()
        assert any(found == pytest.approx([x, x]) for x in (1 / 16, 9 / 16))
    for sequence, count in ((one, 300), (Encoded([5] * 6, [0.0] + [1.0] * 5), 300)):
        found = fisher_of(scorer, [sequence] * count)["weight"][:, 0].tolist()
        assert found == pytest.approx([3 / 16, 3 / 16], rel=0.2)


def test_a_step_weighs_its_own_and_general_rows_by_their_numbers(tmp_path: Path, store: Store):
    changes = {"remember.replay": 0.2, "adapter": "full", "train.max_steps": 5}
    recipe = with_changes(chat_recipe(tmp_path), changes)
    data = prepare(recipe, store=store)
    settings = plan(recipe, data, store, probe=lambda settings: Timing(1e-6)).settings
    setup = set_up_run(recipe, data, settings, store, ignore)
    replay = make_replay(setup, lambda rows: rows)
    assert replay is not None
    model, own = setup.model, setup.learner()
    taken = encode_split(data, "train", setup.encoding, store, ignore).take(range(8))
    assert [len(replay.numbers(step)) for step in range(5)] == [2] * 5
    assert len({n for step in range(128) for n in replay.numbers(step)}) == 256  # a whole epoch
    general = [[s] for row in replay.rows.take(replay.numbers(1)) for s in row]
    parts = []
    for learn in (
        lambda: own.learn(taken),
        lambda: replay.learner.learn(general),
        lambda: replay.learn(own, taken, 1),
    ):
        model.zero_grad()
        measured = learn()
        parts.append(torch.cat([p.grad.flatten() for p in model.parameters()]))  # type: ignore[union-attr]
    torch.testing.assert_close(parts[2], 0.8 * parts[0] + 0.2 * parts[1], rtol=1e-4, atol=1e-7)
    assert measured.metrics["replay_rows"] == 2.0


def test_what_is_measured_is_never_learned(tmp_path: Path, store: Store):
    recipe = with_changes(chat_recipe(tmp_path), {"remember.replay": 0.1})
    draw = random.Random(1)
    lines = [review(draw, is_good=True) for _ in range(40)]
    (tmp_path / "mine.csv").write_text("text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    mine = str(tmp_path / "mine.csv")
    both = with_changes(recipe, {"remember.text": mine, "remember.source": mine})
    other = with_changes(recipe, {"remember.source": mine})
    for asked, count in ((recipe, 256), (both, 20), (other, 40)):
        learned = {row.text for row in learned_rows(asked, store).rows("train")}  # type: ignore[attr-defined]
        assert len(learned) == pytest.approx(count, abs=1)
        assert not learned & {row.text for row in measured_rows(asked, store)}


def test_general_rows_of_another_kind_are_refused(tmp_path: Path, store: Store):
    source = str(reviews(tmp_path / "reviews.csv"))
    remember = {"replay": 0.1, "source": source, "rows": "method"}
    recipe = with_changes(chat_recipe(tmp_path), {"remember": remember})
    with pytest.raises(DataError) as caught:
        learned_rows(recipe, store)
    assert "200 labelled rows" in caught.value.message
    assert "set remember.rows to text" in caught.value.fix


def test_other_general_rows_make_another_model(tmp_path: Path, store: Store):
    lines = chats(tmp_path / "general.jsonl", count=6)
    remember = {"replay": 0.2, "source": str(lines), "rows": "method"}
    recipe = with_changes(chat_recipe(tmp_path, max_steps=2), {"remember": remember})
    data = prepare(recipe, store=store)
    before = asked_hash(recipe, data)
    chats(tmp_path / "general.jsonl", count=6, seed=5)
    assert asked_hash(recipe, data) != before


def test_half_the_way_is_the_mean_of_base_and_tuned(tmp_path: Path):
    folder = chat_model(tmp_path / "model")
    model = load_weights(folder, head="tokens")
    setup = SimpleNamespace(
        located=SimpleNamespace(folder=folder), method=SimpleNamespace(head="tokens")
    )
    begun = {name: p.detach().clone() for name, p in model.named_parameters()}
    tuned = {name: w + 1.0 for name, w in begun.items()}
    first = next(iter(tuned))
    tuned[first] = torch.cat([tuned[first], torch.full((2, tuned[first].shape[1]), 7.0)])
    found = on_the_way(tuned, setup, 0.25)  # type: ignore[arg-type]
    for name, weight in found.items():
        torch.testing.assert_close(weight[: len(begun[name])], begun[name] + 0.25)
    assert bool((found[first][-2:] == 7.0).all())  # rows of new tokens have no base
    assert on_the_way(tuned, setup, 1.0) == tuned  # type: ignore[arg-type]


def test_of_a_lora_the_update_is_scaled():
    weights = {"a.lora_A.default.weight": torch.ones(2), "a.lora_B.default.weight": torch.ones(2)}
    found = on_the_way(weights, SimpleNamespace(), 0.5)  # type: ignore[arg-type]
    assert [w.tolist() for w in found.values()] == [[1.0, 1.0], [0.5, 0.5]]
