"""The one channel of progress: whoever works emits, whoever shows follows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.lines import cut_to_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["stage", "progress", "step", "validation", "finding", "message", "state"]
"""What happened.

stage       a stage began or ended: stage, status ("began", "done", "reused"), seconds, artifact
progress    work of known size moves on: stage, done, total, unit, and numbers worth showing
step        one optimizer step: step, total, loss, learning_rate, grad_norm, tokens, tokens_per_s,
            seconds_left, memory_gib
validation  a measurement on the validation rows: step, loss and the method's metrics
finding     a Finding as JSON
message     words for a person: text
state       the run's state changed: state
"""


@dataclass(frozen=True)
class Event:
    """One thing that happened. `time` is in seconds since 1970."""

    kind: Kind
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    time: float = field(default_factory=time.time)

    def to_json(self) -> str:
        """One line of `events.jsonl`, without the newline."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Event:
        """Read one line of `events.jsonl`."""
        return cls(**json.loads(line))


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing: the default where a caller does not ask for progress."""
    del event


def append_to(path: Path) -> Listener:
    """Return a listener that appends each event to a file, one JSON object a line.

    A last line that a killed process has cut off is taken away first.
    """
    cut_to_lines(path)

    def listener(event: Event) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(event.to_json() + "\n")

    return listener


def both(first: Listener, second: Listener) -> Listener:
    """Return a listener that tells two."""

    def listener(event: Event) -> None:
        first(event)
        second(event)

    return listener


def follow(path: Path, *, is_over: Callable[[], bool], wait_s: float = 0.2) -> Iterator[Event]:
    """Yield the events of a file as they are written, until `is_over()` and all are read.

    A line that is still being written is left for the next look.
    """
    position = 0
    while True:
        over = is_over()
        if path.exists():
            with path.open("rb") as file:
                file.seek(position)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    position += len(line)
                    yield Event.from_json(line.decode("utf-8"))
        if over:
            return
        time.sleep(wait_s)
