"""A run folder: the whole interface between who trains and who watches."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from tuneful.core.artifact import write_json
from tuneful.core.errors import RunError
from tuneful.core.events import follow

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tuneful.core.events import Event

State = Literal["queued", "running", "done", "failed", "stopped"]
LOCK_ATTEMPTS = 3
OVER: tuple[State, ...] = ("done", "failed", "stopped")


@dataclass(frozen=True)
class Run:
    """A folder with recipe.yaml, resolved.json, plan.json, state.json, events and checkpoints."""

    path: Path

    @classmethod
    def new(cls, runs: Path, name: str, hash_: str) -> Run:
        """Make an empty run folder `<date>-<name>-<hash4>` in the state "queued".

        A run of the same recipe at the same second gets a random ending.
        """
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = runs / f"{stamp}-{name}-{hash_[:4]}"
        if path.exists():
            path = path.with_name(f"{path.name}-{secrets.token_hex(2)}")
        path.mkdir(parents=True)
        run = cls(path)
        run.set_state("queued", hash=hash_)
        return run

    @property
    def events(self) -> Path:
        """Every event of the run, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def metrics(self) -> Path:
        """Every optimizer step, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints, each named by its step."""
        return self.path / "checkpoints"

    @property
    def rollouts(self) -> Path:
        """Folder of the answers that a reinforced model gave, each file named by its step."""
        return self.path / "rollouts"

    @property
    def reports(self) -> Path:
        """Folder of the stages' reports."""
        return self.path / "reports"

    @property
    def facts(self) -> dict[str, Any]:
        """What `state.json` says: state, hash, and what stages added (model, error)."""
        try:
            return json.loads((self.path / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(
                "There is no run here.", where=str(self.path), fix="tuneful list shows the runs."
            ) from None

    @property
    def state(self) -> State:
        """Where the run stands; "stopped" where its process is gone without a word (kill -9)."""
        state: State = self.facts["state"]
        return "stopped" if state == "running" and not self._is_held() else state

    def _is_held(self) -> bool:
        try:
            with (self.path / "lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def set_state(self, state: State, **facts: object) -> None:
        """Replace the state in one step; facts are added to those known, but for an old error."""
        known = self.facts if (self.path / "state.json").exists() else {}
        known.pop("error", None)
        write_json(self.path / "state.json", {**known, **facts, "state": state})

    def follow(self) -> Iterator[Event]:
        """Yield events as they are written, until the run is over."""
        return follow(self.events, is_over=lambda: self.state in OVER)

    @contextmanager
    def only_me(self) -> Generator[None]:
        """Hold the run folder for this process.

        Raises:
            RunError: Another living process holds it.
        """
        with (self.path / "lock").open("a+", encoding="utf-8") as file:
            if not _lock(file):
                file.seek(0)
                raise RunError(
                    f"Another process ({file.read().strip() or 'unknown'}) is working on this run.",
                    where=str(self.path),
                    fix="Wait for it, stop it, or start a new run.",
                )
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def _lock(file: IO[str]) -> bool:
    """Lock a file for this process. Who asks whether a run lives holds it for a moment."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02 * (attempt + 1 < LOCK_ATTEMPTS))
        else:
            return True
    return False
