"""What every test gets: a store of its own."""

from pathlib import Path

import pytest

from tuneful.core.store import Store


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep runs, datasets and models of a test in a folder that goes away with it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNEFUL_HOME", str(folder))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return folder


@pytest.fixture
def store(home: Path) -> Store:
    """The store that the environment names during a test."""
    return Store(home)


def pytest_addoption(parser: pytest.Parser) -> None:
    """--write-golden: take what the code does now as agreed on."""
    parser.addoption("--write-golden", action="store_true", help="rewrite tests/golden/*.json")
