"""What a person or a program reads: results on stdout, words and progress on stderr."""

from __future__ import annotations

import json
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from tuneful.core.errors import Refused, TunefulError
    from tuneful.core.events import Listener
    from tuneful.core.report import Report

NARROWEST = 40


class Console:
    """The two streams of a command.

    Args:
        is_json: Results are one JSON value.
        is_quiet: No progress.
    """

    def __init__(self, *, is_json: bool = False, is_quiet: bool = False) -> None:
        self.is_json, self.is_quiet = is_json, is_quiet
        self._closing: list[Any] = []

    @cached_property
    def out(self) -> RichConsole:
        """Standard output."""
        from rich.console import Console as RichConsole

        return RichConsole(highlight=False, soft_wrap=True)

    @cached_property
    def words(self) -> RichConsole:
        """Standard error."""
        from rich.console import Console as RichConsole

        return RichConsole(stderr=True, highlight=False, soft_wrap=True)

    @cached_property
    def listener(self) -> Listener:
        """Shows progress: a bar in a terminal, plain lines elsewhere, nothing when quiet."""
        from tuneful.cli.progress import Bar, Lines
        from tuneful.core.events import ignore

        if self.is_quiet:
            return ignore
        if self.words.is_terminal and not self.words.is_dumb_terminal:
            bar = Bar(self.words)
            self._closing.append(bar)
            return bar
        return Lines(self)

    def close(self) -> None:
        """Take the bar away."""
        while self._closing:
            self._closing.pop().close()

    def result(self, value: Any, text: str = "") -> None:
        """The command's result: as JSON, or as text."""
        self.close()
        if self.is_json:
            print(json.dumps(value, indent=1, ensure_ascii=False, default=str))
        elif text:
            print(text)

    def line(self, value: Any) -> None:
        """One JSON value on a line of its own."""
        print(json.dumps(value, ensure_ascii=False), flush=True)

    def report(self, report: Report, **more: Any) -> None:
        """A report as the result."""
        self.result({**report.to_json(), **more}, self.rendered(report))

    def rendered(self, report: Report) -> str:
        """A report for this terminal."""
        from tuneful.core.render import to_terminal

        return to_terminal(report, color=self.has_color(self.out), width=self.width(self.out))

    def say(self, text: str) -> None:
        """Words for a person."""
        if not self.is_quiet:
            print(text, file=sys.stderr, flush=True)

    def error(self, error: TunefulError) -> None:
        """What went wrong; for a program on stdout as well."""
        self.close()
        bold, plain = ("\x1b[1;31m", "\x1b[0m") if self.has_color(self.words) else ("", "")
        print(f"{bold}error:{plain} {error}", file=sys.stderr)
        if self.is_json:
            value = {"message": error.message, "where": error.where, "fix": error.fix}
            self.result({"error": {"type": type(error).__name__, **value}})

    def refused(self, refused: Refused) -> None:
        """The findings that stopped the work."""
        from tuneful.core.render import to_terminal

        self.close()
        color, width = self.has_color(self.words), self.width(self.words)
        print(to_terminal(refused.report, color=color, width=width), file=sys.stderr)
        print(f"refused: {refused}", file=sys.stderr)
        if self.is_json:
            value = {"message": refused.message, "where": refused.where, "fix": refused.fix}
            findings = refused.report.to_json()["findings"]
            self.result({"error": {"type": "Refused", **value, "findings": findings}})

    def has_color(self, stream: RichConsole) -> bool:
        """Whether colours are wanted there (NO_COLOR, TERM and pipes are obeyed)."""
        return stream.is_terminal and not stream.no_color and not stream.is_dumb_terminal

    def width(self, stream: RichConsole) -> int:
        """Columns to fill."""
        return max(NARROWEST, min(110, stream.width))
