"""Find a method, metric, format or adapter by name, importing only the one asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from tuneful.core.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """A table from names to objects that are imported when first used.

    Args:
        kind: What the table holds, in the singular: "method", "metric".
        table: Name to "package.module:object". One line per built-in part.

    A package adds to the table with an entry point in the group "tuneful.<kind>".
    """

    kind: str
    table: Mapping[str, str]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self.table, *self._plugins()}))

    def __contains__(self, name: str) -> bool:
        return name in self.table or name in self._plugins()

    def __getitem__(self, name: str) -> T:
        target = self.table.get(name) or self._plugins().get(name)
        if target is None:
            close = get_close_matches(name, list(self), n=1)
            raise UnknownName(
                f"There is no {self.kind} called {name!r}.",
                fix=f"Did you mean {close[0]!r}?" if close else f"Choose from: {', '.join(self)}.",
            )
        return cast("T", load(target))

    def _plugins(self) -> dict[str, str]:
        return _installed(f"tuneful.{self.kind}", tuple(sys.path))


@cache
def _installed(group: str, paths: tuple[str, ...]) -> dict[str, str]:
    """Parts of other packages. Reading what is installed takes 30 ms: once for a search path."""
    from importlib.metadata import entry_points

    del paths
    return {point.name: point.value for point in entry_points(group=group)}


def load(target: str) -> object:
    """Import "package.module:object" and return the object."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
