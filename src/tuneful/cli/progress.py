"""Events as progress: one bar that changes in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tuneful.core.units import count, duration

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress

    from tuneful.cli.console import Console
    from tuneful.core.events import Event

SECONDS_BETWEEN_LINES = 5.0
TITLES = {
    "prepare": "prepare",
    "plan": "plan",
    "check": "check",
    "train": "train",
    "evaluate": "evaluate",
    "card": "card",
    "fetch": "fetch",
}


def step_words(data: dict[str, Any]) -> str:
    """A training step: loss, speed and time left."""
    return (
        f"loss {data['loss']:.4f} · {data['tokens_per_s']:,.0f} tokens/s · "
        f"{duration(data['seconds_left'])} left"
    )


def validation_words(data: dict[str, Any]) -> str:
    """A measurement on the validation rows."""
    rest = [
        f"{name.removeprefix('validation_')} {value:.4f}"
        for name, value in data.items()
        if name.startswith("validation_") and name != "validation_seconds"
    ]
    return f"step {data['step']}: validation {', '.join(rest)}"


def finding_words(data: dict[str, Any]) -> str:
    """A finding on one line."""
    fix = f" Fix: {data['fix']}" if data["fix"] and data["level"] != "note" else ""
    return f"{data['level']}: {data['title']}{fix}"


class Lines:
    """Plain lines on stderr, a few for each stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Say what is worth a line."""
        data = event.data
        if event.kind == "stage":
            self._stage(data)
        elif event.kind == "finding":
            self._console.say(f"  {finding_words(data)}")
        elif event.kind == "message":
            self._console.say(f"  {data['text']}")
        elif event.kind == "validation":
            self._console.say(f"  {validation_words(data)}")
        elif event.kind in {"step", "progress"} and self._is_due(data):
            self._console.say(f"  {self._moved(event)}")

    def _stage(self, data: dict[str, Any]) -> None:
        title = TITLES.get(data["stage"], data["stage"])
        if data["status"] == "began":
            self._last = time.monotonic()
            self._console.say(f"{title} …")
        elif data["status"] == "reused":
            self._console.say(f"{title}: already done, {data.get('artifact', '')}")
        else:
            self._console.say(f"{title} done in {duration(data['seconds'])}")

    def _is_due(self, data: dict[str, Any]) -> bool:
        is_end = data.get("step", data.get("done")) == data.get("total")
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_LINES and not (is_end and "step" in data):
            return False
        self._last = now
        return True

    def _moved(self, event: Event) -> str:
        data = event.data
        if event.kind == "step":
            return f"step {data['step']}/{data['total']} · {step_words(data)}"
        total = f" of {count(data['total'])}" if data.get("total") else ""
        return f"{data.get('text') or data['unit']}: {count(data['done'])}{total}"


class Bar:
    """One bar for the stage at hand; what is worth keeping scrolls by above it."""

    def __init__(self, console: RichConsole) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: Any = None
        self._stage = ""

    def __call__(self, event: Event) -> None:
        """Move on."""
        data = event.data
        if event.kind == "stage":
            self._on_stage(data)
        elif event.kind == "step":
            self._move(data["step"], data["total"], step_words(data))
        elif event.kind == "progress":
            self._move(data["done"], data.get("total") or None, data.get("text", ""))
        elif event.kind == "validation":
            self._keep(validation_words(data))
        elif event.kind == "finding":
            self._keep(finding_words(data))
        elif event.kind == "message":
            self._keep(data["text"])

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _on_stage(self, data: dict[str, Any]) -> None:
        title = TITLES.get(data["stage"], data["stage"])
        if data["status"] == "began":
            self._stage = title
            self._move(0, None, "")
            return
        self.close()
        if data["status"] == "reused":
            self._print(f"[green]✓[/] {title}: already done")
        else:
            self._print(f"[green]✓[/] {title} [dim]{duration(data['seconds'])}[/]")

    def _keep(self, words: str) -> None:
        self._print("  ", words)

    def _print(self, *parts: str) -> None:
        target = self._bar.console if self._bar is not None else self._console
        if len(parts) == 1:
            target.print(parts[0])
        else:
            target.print("".join(parts), markup=False)

    def _move(self, done: float, total: float | None, words: str) -> None:
        if self._bar is None:
            self._bar, self._task = self._start()
        self._bar.update(
            self._task, completed=done, total=total, description=self._stage, words=words
        )

    def _start(self) -> tuple[Progress, Any]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        bar = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=28),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=self._console,
            transient=True,
        )
        bar.start()
        return bar, bar.add_task(self._stage or "", total=None, words="")
