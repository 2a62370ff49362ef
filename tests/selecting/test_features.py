"""What selectors look at is computed by a real, small model, once, and a broken call goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.world import chat_recipe, classify_recipe
from tuneful.core.errors import DataError, Stopped
from tuneful.core.machine import look
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.models.references import locate
from tuneful.recipe.change import with_changes
from tuneful.selecting import head
from tuneful.selecting.features import Known, text_of
from tuneful.selecting.kept import Kept
from tuneful.selecting.projection import BLOCK, project
from tuneful.workflow.stages import prepare


def test_parts_that_are_there_are_not_computed_again(tmp_path: Path, store: Store):
    kept, asked = Kept(store, "rows"), list[range]()

    def compute(some: range):
        asked.append(some)
        if len(asked) == 3:
            raise Stopped("asked to")
        return np.array([[number, -number] for number in some], np.float32)

    folder = kept.folder("numbers", ["a", 1])
    with pytest.raises(Stopped):
        kept.rows(folder, 7, 3, compute)
    found = kept.rows(folder, 7, 3, compute)
    assert asked == [range(3), range(3, 6), range(6, 7), range(6, 7)]
    assert found[:, 0].tolist() == list(range(7))
    assert not list(folder.glob("*.draft"))
    assert kept.folder("numbers", ["a", 2]) != folder


def test_the_heads_gradients_are_those_of_its_loss():
    rng = np.random.default_rng(0)
    input_ND, label_N = rng.normal(size=(4, 3)).astype(np.float32), np.array([0, 2, 1, 1])
    weight_TEC = rng.normal(size=(1, 4, 3)).astype(np.float32)
    (found,) = head.gradients(input_ND, label_N, weight_TEC)

    def loss(weight: np.ndarray):
        chance = head.chances(head.with_ones(input_ND), weight.astype(np.float64))
        return -np.log(chance[np.arange(4), label_N])

    step = np.zeros((4, 3))
    for place in range(12):
        step.flat[place] = 1e-5
        slope = (loss(weight_TEC[0] + step) - loss(weight_TEC[0] - step)) / 2e-5
        step.flat[place] = 0
        assert found[:, place] == pytest.approx(slope, abs=1e-4)


def test_the_head_learns_what_can_be_told_apart_and_inits_differ():
    rng = np.random.default_rng(0)
    label_N = np.arange(200) % 2
    input_ND = (rng.normal(size=(200, 3)) + 2 * label_N[:, None]).astype(np.float32)
    inputs = head.Scaled.of(input_ND).inputs(input_ND)
    assert inputs.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-5)
    weights = head.train_heads(inputs, label_N, 2, inits=2)
    chance = head.all_chances(inputs, weights)
    assert chance.shape == (200, 2, head.EPOCHS, 2)
    assert np.allclose(chance.sum(axis=-1), 1, atol=1e-5)
    right = (chance.argmax(axis=-1) == label_N[:, None, None]).mean(axis=0)
    assert (right[:, -1] > 0.95).all()
    assert not np.allclose(chance[:, 0, 0], chance[:, 1, 0])


def test_projection_keeps_inner_products_on_the_whole():
    rng = np.random.default_rng(0)
    long = rng.normal(size=(3, 20_000)).astype(np.float32)
    long[1] = long[0] + 0.5 * long[1]
    short = project(long, 1000)
    assert short.shape == (3, 1000)

    def cosines(vectors: np.ndarray):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit @ unit.T

    assert np.abs(cosines(short) - cosines(long)).max() < 0.1
    mirrored = np.concatenate([long[:, :BLOCK], -long[:, :BLOCK]], axis=1)
    size = np.linalg.norm(project(mirrored, 1000), axis=1) / np.linalg.norm(mirrored, axis=1)
    assert size == pytest.approx([1, 1, 1], abs=0.1)  # each block has signs of its own
    assert np.array_equal(project(long[:, :50], 1000), long[:, :50])


def test_embeddings_are_means_of_states_and_kept(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    import torch
    from transformers import AutoModel

    from tuneful.models.embed import Embedder, load_embedder

    here = replace(look(), has_bf16=False)
    monkeypatch.setattr("tuneful.models.embed.look", lambda: here)
    recipe = classify_recipe(tmp_path, dropout=0.0)
    data = prepare(recipe, store=store)
    found = Known.of(recipe, data, store, lambda _: None).embedding_ND("train")
    embedder = load_embedder(locate(recipe.model, store, lambda _: None), 64)
    model = AutoModel.from_pretrained(tmp_path / "model").eval()
    for index in (0, 7, 50):
        ids = embedder.tokenizer.close(
            embedder.tokenizer.encode([text_of(data.row("train", index))])[0], 64
        )[0]
        with torch.inference_mode():
            state = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
        assert found[index] == pytest.approx(state.numpy(), abs=1e-5)
    monkeypatch.setattr(Embedder, "embed", None)  # an earlier call made them
    assert np.array_equal(
        Known.of(recipe, data, store, lambda _: None).embedding_ND("train"), found
    )


def chosen(recipe, store: Store, **settings: object) -> Dataset:
    select_ = {"fraction": 0.25, **settings}
    return prepare(with_changes(recipe, {"data.select": select_}), store=store)


@pytest.mark.parametrize("name", ["k_center", "less"])
def test_a_recipe_trains_on_the_rows_that_were_chosen(tmp_path: Path, store: Store, name: str):
    recipe = classify_recipe(tmp_path)
    whole, part = prepare(recipe, store=store), chosen(recipe, store, name=name)
    total = whole.num_rows("train")
    assert part.num_rows("train") == round(total / 4)
    assert [part.num_rows(s) for s in ("validation", "test")] == [
        whole.num_rows(s) for s in ("validation", "test")
    ]
    known = {r["source_row"]: r for r in whole.records("train")}
    own = list(part.records("train"))
    assert all(known[record["source_row"]] == record for record in own)
    counts = part.manifest["label_counts"]["train"]
    assert counts == {
        label: sum(record["label"] == label for record in own) for label in ("bad", "good")
    }
    assert abs(counts["bad"] - counts["good"]) <= 1
    assert part.manifest["selected"]["of"] == total
    assert [finding.code for finding in part.report().findings].count("selected") == 1
    assert chosen(recipe, store, name=name).path == part.path


def test_other_seeds_choose_other_rows_of_the_same_ones(tmp_path: Path, store: Store):
    recipe = with_changes(classify_recipe(tmp_path), {"data.seed": 0})
    first = chosen(recipe, store, name="random")
    second = chosen(with_changes(recipe, {"seed": 5}), store, name="random")
    rows = [[r["source_row"] for r in part.records("train")] for part in (first, second)]
    assert rows[0] != rows[1]
    tests = [[r["source_row"] for r in part.records("test")] for part in (first, second)]
    assert tests[0] == tests[1]


def test_what_does_not_fit_the_rows_is_refused_with_what_does(tmp_path: Path, store: Store):
    with pytest.raises(DataError, match="needs a model that writes") as caught:
        chosen(classify_recipe(tmp_path / "a"), store, name="ifd")
    assert "el2n" in caught.value.fix
    with pytest.raises(DataError, match="one class each") as caught:
        chosen(chat_recipe(tmp_path / "b"), store, name="el2n")
    assert "ifd" in caught.value.fix


@pytest.mark.slow
@pytest.mark.parametrize("name", ["perplexity", "ifd", "less", "k_means_hard"])
def test_conversations_are_chosen_by_a_model_that_writes(tmp_path: Path, store: Store, name: str):
    recipe = chat_recipe(tmp_path)
    part = chosen(recipe, store, name=name)
    assert part.num_rows("train") == round(prepare(recipe, store=store).num_rows("train") / 4)
