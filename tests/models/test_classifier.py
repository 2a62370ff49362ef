"""A classifier that remembers is asked nothing twice, and says the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.world import tuned_classifier
from tuneful.core.store import Store
from tuneful.models.classifier import Classifier
from tuneful.models.predict import load_predictor


def test_what_was_asked_is_remembered_by_its_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tuned_classifier(tmp_path / "tuned")
    plain = load_predictor(folder, Store(tmp_path), precision="fp32")
    assert isinstance(plain, Classifier)
    remembering = replace(plain, known={})
    texts = ["the film was dull", "a wonderful cast", "the film was dull", "plot"]
    wanted = plain.logits(texts)
    asked: list[int] = []
    real = plain.scorer.class_logits

    def counted(tokens: Any, seconds: Any) -> Any:
        asked.append(len(tokens))
        return real(tokens, seconds)

    monkeypatch.setattr(plain.scorer, "class_logits", counted)
    np.testing.assert_allclose(remembering.logits(texts), wanted, rtol=1e-5, atol=1e-6)
    assert sum(asked) == 3
    np.testing.assert_array_equal(remembering.logits(texts)[0], remembering.logits(texts)[2])
    assert sum(asked) == 3
    long = "film " * 500  # what stands behind the cut is not read
    remembering.logits([long, long + "dull"])
    assert sum(asked) == 4
    assert remembering.logits([]).shape == (0, 2)
    assert plain.known is None
