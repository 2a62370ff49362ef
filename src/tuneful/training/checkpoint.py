"""Checkpoints that are whole or absent: safetensors and JSON, no pickle."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import safetensors.torch
from safetensors import SafetensorError

from tuneful.core.artifact import MANIFEST, Artifact, building, remove
from tuneful.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

BEST = "best"
_load = cast("Callable[[Path], dict[str, Tensor]]", safetensors.torch.load_file)
_save = cast("Callable[[dict[str, Tensor], Path], None]", safetensors.torch.save_file)


@dataclass(frozen=True)
class Progress:
    """Where a run stands, apart from its tensors.

    Order, schedule and randomness need no state: they are functions of the step.

    Attributes:
        step: Optimizer steps done.
        best_loss: Lowest validation loss so far, and the step it was measured at.
        waited: Validations since the best one.
        tokens: Tokens trained on so far.
        seconds: Time spent in steps so far.
    """

    step: int = 0
    best_loss: float | None = None
    best_step: int | None = None
    waited: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_metrics: Mapping[str, float] = field(default_factory=dict[str, float])


def save(folder: Path, progress: Progress, tensors: dict[str, Tensor], *, keep: int = 1) -> Path:
    """Write a checkpoint named by its step, and remove all but the `keep` newest.

    Raises:
        RunError: The disk is full; what was there before stays.
    """
    final = folder / f"{progress.step:06d}"
    _write(final, progress, tensors)
    for old in _finished(folder)[:-keep]:
        remove(old)
    return final


def save_best(folder: Path, progress: Progress, tensors: dict[str, Tensor]) -> None:
    """Write the best weights so far, then remove those they replace."""
    final = folder / f"{BEST}-{progress.step:06d}"
    _write(final, progress, tensors)
    for old in folder.glob(f"{BEST}-*"):
        if old != final:
            remove(old)


def load_newest(folder: Path) -> tuple[Progress, dict[str, Tensor]] | None:
    """The newest whole checkpoint, or None where there is none."""
    finished = _finished(folder)
    return _read(finished[-1]) if finished else None


def load_best(folder: Path, step: int) -> dict[str, Tensor]:
    """The weights that were best, of the step that `Progress.best_step` names."""
    return _read(folder / f"{BEST}-{step:06d}")[1]


def _finished(folder: Path) -> list[Path]:
    return sorted(p.parent for p in folder.glob(f"[0-9]*/{MANIFEST}"))


def _write(final: Path, progress: Progress, tensors: dict[str, Tensor]) -> None:
    manifest: dict[str, Any] = {"kind": "checkpoint", "name": final.name, "hash": ""}
    manifest["progress"] = asdict(progress)
    try:
        with building(final, manifest) as draft:
            _save({k: v.contiguous() for k, v in tensors.items()}, draft / "state.safetensors")
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"The checkpoint could not be written: {error}.",
            where=str(final),
            fix="Make room and run the same command again: the last checkpoint is whole.",
        ) from error


def _read(folder: Path) -> tuple[Progress, dict[str, Tensor]]:
    progress = Progress(**Artifact.open(folder).manifest["progress"])
    return progress, _load(folder / "state.safetensors")
