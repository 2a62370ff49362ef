"""Turns in an order that templates refuse or that teaches nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tuneful.core.units import rows
from tuneful.data.arrow import pyarrow
from tuneful.data.checks.base import tell
from tuneful.data.faults.turns import wrong_order
from tuneful.data.strings import turns_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Look at who speaks when."""
    if facts.scan.row_type != "chat":
        return
    found = tell(facts, "role-order", _faults(facts))
    yield from found.warning(
        f"{rows(found.num_rows)} of {facts.num_used:,} have turns in an order that is unusual.",
        "Add roles to data.clean: neighbours by one speaker are joined, the system speaks first, "
        "turns after the last answer go; what no joining mends is left out.",
        "roles",
    )


def _faults(facts: Facts) -> Iterator[tuple[int, str]]:
    pa, judge = pyarrow(), cache(wrong_order)
    for batch, number_N in facts.batches():
        orders = [""] * batch.num_rows
        for turns, row_T in turns_in(batch, "chat"):
            roles = pa.compute.struct_field(turns, "role").to_pylist()
            calls = pa.compute.is_valid(pa.compute.struct_field(turns, "tool_calls")).to_pylist()
            for row, role, has_calls in zip(row_T.to_pylist(), roles, calls, strict=True):
                orders[row] += "A" if has_calls else role[0]
        for number, order in zip(number_N.tolist(), orders, strict=True):
            yield number, judge(order)
