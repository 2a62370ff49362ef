"""Entry point: find the command, run it, turn what went wrong into words and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import warnings
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from tuneful import __version__
from tuneful.cli.commands import COMMANDS
from tuneful.cli.console import Console
from tuneful.core.environment import let_threads_sleep
from tuneful.core.errors import Refused, Stopped, TunefulError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import FrameType

DONE, USER_ERROR, USAGE, FINDING, STOPPED = 0, 1, 2, 3, 130
EXIT_CODES = {
    DONE: "done",
    USER_ERROR: "an error that you can put right",
    USAGE: "the command line was not understood",
    FINDING: "a finding stopped the work, or says that its result is bad",
    STOPPED: "stopped by a signal; the same command goes on",
}
CODES = "\n".join(f"  {code:<5}{meaning}" for code, meaning in EXIT_CODES.items())
EPILOG = f"""\
exit codes:
{CODES}

Begin with: tuneful new recipe.yaml, or tuneful train rows.csv --model owner/name
"""


class Parser(ArgumentParser):
    """Says what was wrong and what help there is, on two lines."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        self.exit(USAGE, f"{self.prog}: {message}\n  fix: {self.prog} --help\n")


def parser(only: str | None = None) -> ArgumentParser:
    """The whole command line, or with `only` one command's flags and the others' names.

    Args:
        only: Spares the others' flags, which nobody will ask for.
    """
    top = Parser(
        prog="tuneful",
        description="From a base model that is not good enough to a tuned one that is proved "
        "better.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"tuneful {__version__}")
    below = top.add_subparsers(metavar="COMMAND", dest="command", required=True)
    # Looking for plug-ins reads every installed package: only for a word that is not ours.
    is_ours = only is None or only in COMMANDS.table or only.startswith("-") or not only
    for name in COMMANDS.table if is_ours else COMMANDS:
        command = COMMANDS[name]
        sub = below.add_parser(
            name, help=command.summary, description=command.summary, allow_abbrev=False
        )
        if only in {None, name}:
            command.add(sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    let_threads_sleep()
    words = list(sys.argv[1:] if arguments is None else arguments)
    first = words[0] if words else ""
    top = parser(first)
    if first and not first.startswith("-"):
        try:
            COMMANDS[first]
        except UnknownName as unknown:
            top.error(f"{unknown.message} {unknown.fix}")
    args = top.parse_args(words)
    console = Console(is_json=getattr(args, "json", False), is_quiet=getattr(args, "quiet", False))
    try:
        with _termination_interrupts(), _libraries_hushed():
            return _run(args, console)
    except BrokenPipeError:  # the reader of our output has gone: `tuneful list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    finally:
        console.close()


@contextmanager
def _termination_interrupts() -> Generator[None]:
    """SIGTERM ends a command as Ctrl-C does: what is half done is removed, and 130 is returned."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _libraries_hushed() -> Generator[None]:
    """What libraries warn their programmers of is no help to a user; ours are findings.

    `python -W default -m tuneful …` shows it.
    """
    logging.getLogger().addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


def _run(args: Namespace, console: Console) -> int:
    try:
        return COMMANDS[args.command].run(args, console)
    except Refused as refused:
        console.refused(refused)
        return FINDING
    except Stopped as stopped:
        console.error(stopped)
        return STOPPED
    except TunefulError as error:
        console.error(error)
        return USER_ERROR
    except KeyboardInterrupt:
        console.error(Stopped("Stopped.", fix="The same command goes on with what is done."))
        return STOPPED
    except OSError as error:
        known = _explained(error)
        if known is None:
            raise
        console.error(known)
        return USER_ERROR


def _explained(error: OSError) -> TunefulError | None:
    """What a person can do about an error of the operating system."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return TunefulError(
            "The disk is full.",
            where=str(error.filename or os.curdir),
            fix="Free some space, or set TUNEFUL_HOME to another disk; the same command goes on.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return TunefulError(
            f"This may not be written or read: {error.strerror}.",
            where=str(error.filename or os.curdir),
            fix="Check the permissions, or set TUNEFUL_HOME to a folder of your own.",
        )
    return None


if __name__ == "__main__":
    sys.exit(main())
