"""Recipes in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

# The parts of a recipe bring torch: imported here, so that no single test waits for it.
import tuneful.methods.classify
import tuneful.methods.sft
import tuneful.models.adapters.full
import tuneful.models.adapters.lora  # noqa: F401
from tuneful.core.errors import RecipeError
from tuneful.recipe.schema import Recipe

# Four lines: what a test adds begins on line 5.
MINIMAL = "model: tiny\ndata:\n  source: mails.csv\nmethod: classify\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recipe's path as a person gives it: relative to where they are."""
    monkeypatch.chdir(tmp_path)
    return Path("mails.yaml")


@pytest.fixture
def read(path: Path) -> Callable[..., Recipe]:
    """Read a recipe of the minimal lines and some more, with values set on top."""

    def read(more: str = "", *overrides: str) -> Recipe:
        path.write_text(MINIMAL + more, encoding="utf-8")
        return Recipe.load(path, list(overrides))

    return read


@pytest.fixture
def refuse(read: Callable[..., Recipe]) -> Callable[..., RecipeError]:
    """The error that reading such a recipe ends in."""

    def refuse(more: str = "", *overrides: str) -> RecipeError:
        with pytest.raises(RecipeError) as caught:
            read(more, *overrides)
        return caught.value

    return refuse
