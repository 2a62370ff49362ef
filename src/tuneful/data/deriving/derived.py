"""A data set made of another one: the splits that stay as they are, under a second name on disk."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tuneful.data.dataset import SKIPPED, SPLITS

if TYPE_CHECKING:
    from pathlib import Path

    from tuneful.data.dataset import Dataset


def take_over(draft: Path, data: Dataset) -> None:
    """Put all splits but train, and the list of skipped rows, into a draft folder."""
    (draft / "rows").mkdir()
    for split in SPLITS:
        if split != "train" and data.file(split).exists():
            _same_file(data.file(split), draft / "rows" / f"{split}.arrow")
    if (data.path / SKIPPED).exists():
        shutil.copyfile(data.path / SKIPPED, draft / SKIPPED)


def _same_file(source: Path, target: Path) -> None:
    """The same file at another place; a copy where the disk knows no second name for it."""
    try:
        target.hardlink_to(source)  # data sets are never changed
    except OSError:
        shutil.copyfile(source, target)
