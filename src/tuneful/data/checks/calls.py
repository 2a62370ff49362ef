"""Calls of tools that do not fit the schema of what they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.arrow import pyarrow, row_of
from tuneful.data.checks.base import rows_that, tell
from tuneful.data.faults.calls import wrong_call
from tuneful.data.rows import Chat
from tuneful.data.strings import turns_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Hold the arguments of every call against its function's parameters."""
    if facts.scan.row_type != "chat":
        return
    found = tell(facts, "tool-arguments", _faults(facts))
    yield from found.warning(
        f"{rows_that(found.num_rows, 'hold')} calls that do not fit their function's schema.",
        "Mend the calls or the schemas in the source; calls in data.clean leaves such rows out.",
        "calls",
    )


def _faults(facts: Facts) -> Iterator[tuple[int, str]]:
    pa = pyarrow()
    for batch, number_N in facts.batches():
        for turns, row_T in turns_in(batch, "chat"):
            has_calls = pa.compute.is_valid(pa.compute.struct_field(turns, "tool_calls"))
            chosen = row_T.filter(has_calls).unique()
            for row, values in zip(chosen.to_pylist(), batch.take(chosen).to_pylist(), strict=True):
                made = row_of(values, "chat")
                if isinstance(made, Chat):
                    yield int(number_N[row]), wrong_call(made.messages, made.tools)
