"""The last screen of a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tuneful.cli.screen import _metrics


@pytest.mark.parametrize("width", [60, 80])
def test_a_metric_keeps_its_name_and_its_numbers_on_a_narrow_screen(width: int):
    def part(value: float) -> dict[str, float]:
        return {"value": value, "low": value * 0.9, "high": value * 1.1}

    known = {"title": "perplexity", "is_share": False, "base": part(619759.7)}
    known |= {"tuned": part(1.1076), "difference": part(-619758.6)}
    console = Console(width=width, file=io.StringIO())
    console.print(_metrics({"metrics": {"perplexity": known}, "rows": 300}))
    assert isinstance(console.file, io.StringIO)
    words = console.file.getvalue().split()
    assert {"perplexity", "6.2e+05", "[5.58e+05,", "6.82e+05]", "1.11", "-6.2e+05"} <= set(words)
