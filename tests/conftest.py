"""What every test gets: a store of its own, and neither plan nor disk to wait for."""

from functools import partial
from pathlib import Path

import pytest

from tuneful.core.store import Store
from tuneful.planning import predict, speed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep runs, datasets and models of a test in a folder that goes away with it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNEFUL_HOME", str(folder))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return folder


@pytest.fixture(autouse=True)
def _quick_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine multiplies is looked at for a moment only."""
    monkeypatch.setattr(predict, "matrix_speed", partial(speed.matrix_speed, seconds=0.01))


@pytest.fixture(autouse=True)
def _no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: 4 ms a file."""
    monkeypatch.setattr("os.fsync", lambda file: None)


@pytest.fixture
def store(home: Path) -> Store:
    """The store that the environment names during a test."""
    return Store(home)


def pytest_addoption(parser: pytest.Parser) -> None:
    """--write-golden: take what the code does now as agreed on."""
    parser.addoption("--write-golden", action="store_true", help="rewrite tests/golden/*.json")
