"""Which format rows are converted from, and which one to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.data.formats import FORMATS
from tuneful.data.formats.base import Sample, WritableFormat
from tuneful.data.reading.detect import Chosen, choose_format

if TYPE_CHECKING:
    from collections.abc import Sequence


def target_of(name: str) -> WritableFormat:
    """The format that is to be written.

    Raises:
        DataError: It is only read.
        UnknownName: There is none of that name.
    """
    found = FORMATS[name]()
    if isinstance(found, WritableFormat):
        return found
    able = [other for other in FORMATS if isinstance(FORMATS[other](), WritableFormat)]
    raise DataError(
        f"The format {name} is only read.", where="--to", fix=f"Choose from {', '.join(able)}."
    )


def chosen_for(target: WritableFormat, sample: Sample, read_as: str, to: str) -> Chosen:
    """The source's format: the plain one where the target holds its rows, else one that it does.

    Args:
        target: The format that is to be written.
        sample: The source's first rows.
        read_as: The source's format, or "auto".
        to: The target's name.

    Raises:
        DataError: No format fits, or none gives rows that the target holds.
    """
    ways: tuple[Sequence[str], ...] = ((), target.writes)
    doubt: DataError | None = None
    for wanted in ways:
        try:
            found = choose_format(sample, read_as, "SOURCE", wanted)
        except DataError as error:
            doubt = _by_flags(error)
            continue
        if found.row_type in target.writes:
            return found
        able = [name for name in FORMATS if found.row_type in getattr(FORMATS[name], "writes", ())]
        doubt = DataError(
            f"The rows are {found.row_type} rows, read as {found.format}; {to} holds "
            f"{' or '.join(target.writes)} rows.",
            where="--to",
            fix=f"Choose from {', '.join(able)}; or say what the source is: --from FORMAT.",
        )
    assert doubt is not None
    raise doubt


def _by_flags(error: DataError) -> DataError:
    """The error with this command's flags in place of a recipe's keys."""
    fix = error.fix.replace("--set data.format=", "--from ")
    fix = fix.replace("--set data.columns.", "--column ")
    return DataError(error.message, where=error.where, fix=fix)
