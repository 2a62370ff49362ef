"""Runs are found by what a user calls them."""

from __future__ import annotations

import pytest

from tuneful.core.errors import RunError
from tuneful.core.run import Run
from tuneful.core.store import Store


def test_a_recipes_run_is_found_beside_those_whose_names_contain_its(store: Store):
    one = Run.new(store.runs, "imdb", "1234abcd").path
    Run.new(store.runs, "private-imdb", "beef0000")
    again = Run.new(store.runs, "imdb-small", "cafe0000").path
    assert store.find_run("imdb") == one
    assert store.find_run("small") == again
    assert store.find_run(one.name) == one
    with pytest.raises(RunError, match="3 runs answer to 'im'"):
        store.find_run("im")
    Run.new(store.runs, "imdb", "5678abcd")
    with pytest.raises(RunError, match="2 runs answer to 'imdb'"):
        store.find_run("imdb")
