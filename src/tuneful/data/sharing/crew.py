"""Who does the work on rows: this process alone, some processes of this machine, or Ray's.

Work is a function of a part of the rows that can be pickled, and whose result depends on nothing
else. Results come in the order of the parts, so that nobody can tell who made them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from tuneful.core.machine import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tuneful.recipe.data import Data

PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")
MOST = 8
"""Processes that auto starts: each takes 0.1 GiB, and the reader of the source feeds no more."""


class Crew(Protocol):
    """Does work on parts of rows."""

    is_alone: ClassVar[bool]
    """Whether this process does all of it."""
    is_remote: ClassVar[bool]
    """Whether it may be done on other machines, which see no file of this one."""

    def map(
        self, work: Callable[[PartT], ResultT], parts: Iterable[PartT], *, here: int
    ) -> Iterator[ResultT]:
        """The result of each part, in their order.

        Args:
            work: Pickled once; what it keeps stays from part to part in each process.
            parts: Taken a few at a time, as the work moves on. What they raise is raised after
                the results of those before.
            here: Parts that are done here before others are asked, where the recipe leaves it
                open: little work is not worth starting a process.

        Raises:
            DataError: A process ended before its work was done.
        """
        ...

    def close(self) -> None:
        """End what was started, whatever it is doing."""
        ...


class Alone:
    """This process."""

    is_alone: ClassVar[bool] = True
    is_remote: ClassVar[bool] = False

    def map(
        self, work: Callable[[PartT], ResultT], parts: Iterable[PartT], *, here: int
    ) -> Iterator[ResultT]:
        """One part after the other."""
        del here
        return map(work, parts)

    def close(self) -> None:
        """Nothing was started."""


@contextmanager
def gathered(data: Data) -> Generator[Crew]:
    """Whom the recipe asks for; ended at the end.

    Raises:
        RecipeError: Ray is asked for and not installed.
    """
    crew = _crew(data)
    try:
        yield crew
    finally:
        crew.close()


def _crew(data: Data) -> Crew:
    if data.engine == "ray":
        from tuneful.data.sharing.on_ray import OnRay

        return OnRay(None if data.workers == "auto" else data.workers)
    wanted = min(usable_cores(), MOST) if data.workers == "auto" else data.workers
    if wanted == 1:
        return Alone()
    from tuneful.data.sharing.processes import Processes

    return Processes(wanted, is_patient=data.workers == "auto")
