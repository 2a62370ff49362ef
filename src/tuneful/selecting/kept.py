"""Numbers of rows that take long to compute: kept part by part, so that a broken call goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tuneful.core.artifact import digest
from tuneful.core.drafts import drafted, put
from tuneful.core.events import Event, ignore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """Where numbers of rows are kept.

    Attributes:
        store: They stand in its folder `features/`.
        name: Of the data set.
        listener: Hears how many rows are done.
        stage: Of the work that needs them.
    """

    store: Store
    name: str
    listener: Listener = field(default=ignore)
    stage: str = "select"

    def folder(self, what: str, asked: object) -> Path:
        """The folder of what was asked for: the same for the same question."""
        return self.store.home / "features" / f"{self.name}-{what}-{digest([what, asked])[:8]}"

    def rows(
        self, folder: Path, total: int, at_once: int, compute: Callable[[range], Floats]
    ) -> Floats:
        """Numbers of rows 0 to total - 1, [total, ...]; those that an earlier call made are read.

        Args:
            folder: Of `folder`.
            total: Number of rows.
            at_once: Rows of a part.
            compute: From numbers of rows to an array with an entry each. What it says must depend
                on the rows alone.
        """
        folder.mkdir(parents=True, exist_ok=True)
        parts: list[Floats] = []
        for start in range(0, total, at_once):
            path = folder / f"{start:09d}.npy"
            some = range(start, min(start + at_once, total))
            if not path.exists():
                write_array(path, compute(some))
                facts = {"stage": self.stage, "done": some.stop, "total": total, "unit": "rows"}
                self.listener(Event("progress", facts | {"text": folder.name}))
            parts.append(np.load(path))
        return np.concatenate(parts)


def write_array(path: Path, array: Floats) -> None:
    """Write an array whole or not at all."""
    with drafted(path) as draft:
        with draft.open("wb") as file:
            np.save(file, array)
        put(draft, path)
