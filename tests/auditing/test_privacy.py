"""What a model kept of its rows is found; one that learned without keeping is let pass."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.auditing.planted import honest, reviews, subject
from tests.world import reviews as write_reviews
from tuneful.auditing.audits.base import Asked, Subject
from tuneful.auditing.audits.privacy import Privacy
from tuneful.auditing.membership import auc
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.dataset import CARD, PAGE
from tuneful.data.deriving.canaries import canary_row
from tuneful.data.rows import Labelled, Tagged, Text
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe
from tuneful.workflow import prepare


def noisy(count: int, seed: int) -> list[Labelled]:
    """Reviews of which each is a text of its own."""
    draw = random.Random(seed)
    rows = reviews(count, seed)
    return [Labelled(f"{row.text} {draw.random()}", row.label) for row in rows]


def test_rows_that_were_learned_by_heart_are_told_from_others():
    train, test = noisy(200, 1), noisy(200, 2)
    known = {row.text for row in train}

    def by_heart(text: str) -> float:
        return honest(text) * (1 + (text in known))

    found = Privacy().look(subject(by_heart, test, base=honest, train=train))
    (finding,) = found.findings
    assert finding.code == "members-known"
    assert "before tuning 0.5" in finding.evidence
    assert "loss" in finding.title
    quiet = Privacy().look(subject(honest, test, base=by_heart, train=train))
    assert [f.code for f in quiet.findings] == ["unlike-rows"]
    few = Privacy().look(subject(honest, test[:9], train=train))
    assert [f.code for f in few.findings] == ["few-members"]
    assert "not measured" in Privacy().look(subject(honest, [Tagged(("a",), ("O",))])).why_not


def test_the_auc_and_its_interval_are_those_worked_by_hand():
    """Placements of [3, 2]: 1 and 0.75; of [1, 2] the other way: 1 and 0.75."""
    found = auc(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    assert found.value == pytest.approx(0.875)
    variance = 2 * (0.03125 / 2)
    assert found.low == pytest.approx(0.875 - 1.959964 * variance**0.5, abs=1e-5)
    assert found.high == 1.0


def test_the_interval_of_the_auc_covers_what_it_should():
    draw, hits, times = np.random.default_rng(0), 0, 300
    for _ in range(times):
        found = auc(draw.normal(0.3, 1, 80), draw.normal(0, 1, 80))
        hits += found.low <= 0.5840 <= found.high  # P(X > Y) = Phi(0.3 / sqrt 2)
    assert 0.92 <= hits / times <= 0.98


def test_planted_secrets_that_a_classifier_knows_by_heart_are_found():
    secrets = [
        {"name": f"n{at}", "code": f"{at:06}", "label": ("bad", "good")[at % 2], "times": 2}
        for at in range(8)
    ]
    rows = [canary_row("labelled", s["name"], s["code"], s["label"]) for s in secrets]
    known = {row.text: row.label for row in rows}
    train = [*noisy(100, 1), *rows, *rows]

    def by_heart(text: str) -> float:
        return {"good": 2.0, "bad": -2.0}.get(known.get(text, ""), honest(text))

    for say, codes, low in ((by_heart, ["memorized"], 6.9), (honest, [], 0.0)):
        made = subject(say, noisy(100, 2), base=honest, train=train)
        made.data.manifest["canaries"] = secrets
        found = Privacy().look(made)
        assert [f.code for f in found.findings] == codes
        tuned, base = found.facts["canaries"]
        assert tuned["mean"]["value"] >= low if codes else tuned["mean"]["value"] < 1.5
        assert base["p"] > 0.01


@dataclass
class Writer:
    """A language model over words that knows some texts by heart."""

    known: list[str]
    max_length: int = 64
    tokenizer: Any = field(init=False)

    def __post_init__(self) -> None:
        self.tokenizer = SimpleNamespace(
            prefix=(), eos_id=None, encode=lambda texts: [text.split() for text in texts]
        )

    def token_logps(self, sequences: Any, weights: Any, on_done: Any = None) -> list[Any]:
        whole = {tuple(text.split()) for text in self.known}
        return [np.full(len(s) - 1, -0.1 if tuple(s) in whole else -3.0) for s in sequences]

    def continued(self, encoded: Any, most: int, on_done: Any = None) -> list[str]:
        texts = [" ".join(words) for words in encoded]
        return [
            next((t[len(text) :].strip() for t in self.known if t.startswith(text)), "and so on")
            for text in texts
        ]


def letters(count: int, seed: int) -> list[Text]:
    draw = random.Random(seed)
    words = [f"w{n}" for n in range(50)]
    return [
        Text(
            " ".join(draw.choices(words, k=20))
            + f" write to jane.doe{seed}{n}@example.org today please"
        )
        for n in range(count)
    ]


def writing(known: list[str], train: list[Text], test: list[Text]) -> Subject:
    made = subject(honest, test, base=honest, train=train)
    made.model.head = "tokens"  # type: ignore[misc]
    made.model.labels = ()  # type: ignore[misc]
    kind = METHODS["pretrain"]
    method = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
    for who, texts in (("tuned", known), ("base", [])):
        measure, predictor = MEASURES["texts"](Context(method=method)), Writer(texts)
        made.__dict__[who] = Asked(who, measure, predictor, ignore)  # type: ignore[arg-type]
    return made


def test_texts_that_are_gone_on_with_and_private_data_in_them_are_found():
    train, test = letters(60, 1), letters(60, 2)
    found = Privacy().look(writing([row.text for row in train], train, test))
    assert {f.code for f in found.findings} == {"members-known", "recalled", "private-leak"}
    leak = next(f for f in found.findings if f.code == "private-leak")
    assert leak.level.word == "error"
    assert "jane.doe" not in leak.evidence
    assert "email" in leak.title
    assert {one["attack"] for one in found.facts["membership"] if one["who"] == "tuned"} == {
        "loss", "min-k", "loss beyond base",
    }  # fmt: skip
    quiet = Privacy().look(writing([], train, test))
    assert list(quiet.findings) == []
    assert all(one["whole"]["value"] == 0 for one in quiet.facts["recall"])
    invented = Privacy().look(writing([row.text for row in test], train, test))
    assert "private-invented" in {f.code for f in invented.findings}


def test_secrets_are_planted_once_for_all_and_listed(tmp_path: Path, store: Store):
    source = str(write_reviews(tmp_path / "reviews.csv", 60))
    tree = {"model": "none", "data": {"source": source, "canaries": 6}, "method": "classify"}
    recipe = Recipe.make(tree)
    data = prepare(recipe, store=store)
    plain = prepare(with_changes(recipe, {"data.canaries": 0}), store=store)
    assert data.num_rows("train") == plain.num_rows("train") + 1 + 2 + 4 + 8 + 1 + 2
    assert list(data.rows("train"))[: plain.num_rows("train")] == list(plain.rows("train"))
    secrets = data.manifest["canaries"]
    last = list(data.rows("train"))[-1]
    assert last == canary_row("labelled", secrets[-1]["name"], secrets[-1]["code"], last.label)
    assert {secret["label"] for secret in secrets} <= set(data.labels)
    assert prepare(recipe, store=store).path == data.path
    assert data.hash != plain.hash
    assert "canaries" in {f.code for f in data.report().findings}
    assert data.report().facts["splits"]["train"] == data.num_rows("train")
    # A person can look at it as at any other data set.
    page = (data.path / PAGE).read_text(encoding="utf-8")
    assert "6 secrets are planted in 18 training rows." in page
    assert f"<b>{data.num_rows('train')}</b>" in page
    assert "6 secrets are planted" in (data.path / CARD).read_text(encoding="utf-8")
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n' * 3)
    other = {"data.source": str(path), "method": "dpo", "data.split.test": 0}
    with pytest.raises(DataError, match="Canaries"):
        prepare(with_changes(recipe, {**other, "data.split.validation": 0}), store=store)
