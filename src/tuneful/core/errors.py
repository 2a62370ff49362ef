"""The one error a person sees: what is wrong, where, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuneful.core.report import Report


class TunefulError(Exception):
    """Something the user can put right.

    Args:
        message: What is wrong, in one sentence, with the value that was found.
        where: The file and line, recipe key or run it concerns.
        fix: The next thing to do: a command, an edit or a choice of values.
    """

    def __init__(self, message: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.fix = fix

    @property
    def message(self) -> str:
        """What is wrong, without place and fix."""
        return str(self.args[0])

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(f"  at:  {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class UnknownName(TunefulError):  # noqa: N818  (reads as what happened: "unknown name")
    """A name that no built-in part or installed plug-in answers to."""


class RecipeError(TunefulError):
    """A recipe that cannot be read, or that asks for something impossible."""


class DataError(TunefulError):
    """A source, file or row that cannot be read as what it is said to be."""


class ModelError(TunefulError):
    """A model that cannot be found, loaded, trained or saved."""


class RunError(TunefulError):
    """A run that is missing, busy, damaged or cannot continue."""


class Refused(TunefulError):  # noqa: N818  (reads as what happened: "refused")
    """Work that was not started because a check found an error; carries the findings.

    The command line exits with 3 on it.
    """

    def __init__(self, message: str, *, report: Report, where: str = "", fix: str = "") -> None:
        super().__init__(message, where=where, fix=fix)
        self.report = report


class Stopped(TunefulError):  # noqa: N818  (reads as what happened: "stopped")
    """Work that a signal ended after it was made safe. The command line exits with 130 on it."""
