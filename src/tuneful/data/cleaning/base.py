"""What every step of cleaning is made of: it mends texts, or says which rows to leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tuneful.data.rows import Row
    from tuneful.recipe.parts import PartConfig

MENDS_SIGNS, MENDS_MARKUP, MENDS_SPACES, HIDES, LEAVES_OUT = range(5)
"""Steps run in this order, however a recipe lists them: what is hidden in entities is seen once
they are read, and rows are judged as they will be learned."""


@runtime_checkable
class Mender(Protocol):
    """Mends texts, one at a time, in the order of the rows."""

    Config: ClassVar[type[PartConfig]]
    order: ClassVar[int]
    hides: ClassVar[bool]
    """Whether what stood there before must not be listed."""

    def __init__(self, config: Any) -> None: ...

    def mend(self, text: str) -> str:
        """The text as it should be; the same where nothing is wrong."""
        ...


@runtime_checkable
class Remembering(Mender, Protocol):
    """Mends texts by what it saw in those before: it cannot be shared among processes."""

    def would_mend(self, text: str) -> bool:
        """Whether it changes the text, whatever it saw before."""
        ...


@runtime_checkable
class RowMender(Protocol):
    """Mends what is not a text of its own: the order of turns."""

    def mend_row(self, row: Row) -> Row:
        """The row as it should be; the same where nothing is wrong."""
        ...


@runtime_checkable
class Sieve(Protocol):
    """Judges rows."""

    Config: ClassVar[type[PartConfig]]
    order: ClassVar[int]

    def __init__(self, config: Any) -> None: ...

    def why_out(self, row: Row) -> str:
        """Why the row is left out; "" where it stays."""
        ...
