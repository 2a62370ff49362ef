"""The encoder and the reviews that the quickstart uses, for real."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tuneful.cli.main import main
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.rows import Labelled
from tuneful.models.load import load_weights, set_up
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer
from tuneful.models.tokenizer import load_tokenizer
from tuneful.recipe.schema import Recipe

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipes"


def test_packed_reviews_score_as_transformers_scores_them(store: Store):
    recipe = Recipe.load(RECIPES / "imdb.yaml", ["data.take.train=12"])
    data = prepare(recipe, store)
    folder = locate(recipe.model, store).folder
    tokenizer = load_tokenizer(folder, needs_chat=False)
    texts = [row.text for row in data.rows("train") if isinstance(row, Labelled)]
    model = load_weights(folder, head="classes", labels=data.labels, precision=torch.float32)
    set_up(model, tokenizer, None)
    model.eval()
    sequences = [tokenizer.close(ids, 256)[0] for ids in tokenizer.encode(texts)]
    plain = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, dtype=torch.float32
    )
    plain.load_state_dict(model.state_dict())
    inputs = AutoTokenizer.from_pretrained(folder)(
        texts, truncation=True, max_length=256, padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        packed = Scorer(model, pad_id=tokenizer.pad_id, packed=True).class_logits(sequences)
        padded = Scorer(model, pad_id=tokenizer.pad_id, packed=False).class_logits(sequences)
        expected = plain.eval()(**inputs).logits
    assert torch.allclose(packed, expected, atol=1e-5)
    assert torch.allclose(padded, expected, atol=1e-5)


def test_the_tutorial_is_refused_with_its_three_faults(capsys: pytest.CaptureFixture[str]):
    assert main(["train", str(RECIPES / "imdb-tutorial.yaml"), "--json", "--quiet"]) == 3
    findings = json.loads(capsys.readouterr().out)["error"]["findings"]
    errors = [finding["code"] for finding in findings if finding["level"] == "error"]
    assert sorted(errors) == ["no-metric", "single-class", "warmup-too-long"]
    (single,) = [finding for finding in findings if finding["code"] == "single-class"]
    assert "rows 1 to 12,500 are 'negative'" in single["evidence"]


def test_a_mended_tutorial_learns(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    few = ["data.take.train=640", "data.take.test=300", "train.max_length=128", "train.epochs=1"]
    faster = ["train.learning_rate=2e-4", "train.freeze_layers=3"]
    words = [word for value in [*few, *faster] for word in ("--set", value)]
    recipe = str(RECIPES / "imdb-tutorial.yaml")
    assert main(["run", recipe, "--fix", "--json", "--quiet", *words]) == 0
    value = json.loads(capsys.readouterr().out)
    assert set(value["changes"]) == {
        "data.take.order",
        "evaluate.metrics",
        "train.warmup_steps",
    }
    accuracy = value["facts"]["metrics"]["accuracy"]
    assert accuracy["tuned"]["low"] > 0.6
    assert accuracy["difference"]["low"] > 0
    planned = json.loads((Path(value["run"]) / "reports" / "plan.json").read_text("utf-8"))
    assert abs(planned["facts"]["error"]["steps"]) == 0


def test_the_whole_source_is_prepared_in_flat_memory(store: Store):
    recipe = Recipe.load(RECIPES / "imdb.yaml", ["data.take={}"])
    data = prepare(recipe, store)
    facts = data.report().facts
    assert facts["splits"] == {"train": 20000, "validation": 2500, "test": 2500}
    assert facts["copies"] == {"exact": 96, "near": 21}
