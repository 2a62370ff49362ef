"""Rows that count more or less: the column that data.columns.weight names.

It is never guessed: a column called weight may hold kilograms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.columns.cells import number_of
from tuneful.data.formats.base import BadValue, Convert, Converted
from tuneful.data.rows import ROWS, WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping


def weighted(convert: Convert, row_type: str, column: str) -> Convert:
    """A format's converter whose rows carry the weight that stands in a column.

    Raises:
        DataError: Rows of this kind have no weight.
    """
    if WEIGHT not in ROWS[row_type].columns:
        kinds = ", ".join(kind for kind, row in ROWS.items() if WEIGHT in row.columns)
        raise DataError(
            f"Rows of the kind {row_type} have no weight.",
            where=f"data.columns.{WEIGHT}: {column}",
            fix=f"Leave it out; {kinds} rows have one.",
        )

    def with_weight(values: Mapping[str, Any]) -> Converted:
        made = convert(values)
        weight = number_of(values.get(column), column)
        if weight < 0:
            raise BadValue(f"The row has the weight {weight:g}.", "Give a number from 0 on")
        row: Any = made.row
        return made._replace(row=replace(row, weight=weight))

    return with_weight
