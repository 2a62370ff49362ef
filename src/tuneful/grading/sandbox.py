"""Run programs that a model wrote, in processes that can do little harm.

Each runs in an interpreter of its own, in an empty folder that is deleted, without our environment
variables, and is killed with all it started when its time is over. Its processor time, memory,
file sizes and open files are limited (setrlimit). On Linux, where the kernel lets a user do so, it
has no network (a network namespace of its own) and may write nowhere but in its folder (Landlock,
Linux 5.13 and later). `not_enforced` says which of these walls do not stand on this machine. It may
read what the user may read: who does not trust a model with that runs the whole in a container.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHILD = Path(__file__).with_name("sandboxed.py")
MOST_OF_MESSAGE = 300
SLACK_S = 5.0
"""To start the interpreter, beside the program's own time."""

Outcome = Literal["passed", "failed", "timed-out", "crashed", "ended-early"]
"""Ran to its end; raised an error; took too long; was killed (memory, a signal); left before its
end, by sys.exit say, so that what stands there was not reached."""


@dataclass(frozen=True)
class Limits:
    """What a program may take.

    Attributes:
        seconds: Of processor time, and of the clock.
        memory_mib: Address space.
        file_mib: Longest file that it writes.
    """

    seconds: float = 5.0
    memory_mib: int = 1024
    file_mib: int = 8


@dataclass(frozen=True)
class Ran:
    """What became of a program, and the error that it ended in."""

    outcome: Outcome
    message: str = ""


def run_all(programs: Sequence[str], limits: Limits = Limits()) -> list[Ran]:
    """Run Python programs, as many at once as there are processors."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(partial(run, limits=limits), programs))


def run(program: str, limits: Limits = Limits()) -> Ran:
    """Run a Python program to its end.

    It has passed only if its last line was reached: the child says so by a word that the program
    does not know.
    """
    word = secrets.token_hex(16)
    asked = {
        "program": program,
        "word": word,
        "seconds": limits.seconds,
        "memory": limits.memory_mib << 20,
        "file": limits.file_mib << 20,
    }
    with tempfile.TemporaryDirectory(prefix="tuneful-sandbox-") as folder:
        said = _ask(asked, folder, limits.seconds + SLACK_S)
    if said is None:
        return Ran("timed-out", f"not done within {limits.seconds:g} s")
    code, text = said
    found = _last(text, word)
    if found is not None:
        return Ran("failed" if found else "passed", found[:MOST_OF_MESSAGE])
    if code == -signal.SIGXCPU:
        return Ran("timed-out", f"not done within {limits.seconds:g} s")
    if code < 0:
        return Ran("crashed", f"killed by signal {-code}")
    return Ran("ended-early", f"left with code {code}")


def _ask(asked: Mapping[str, object], folder: str, seconds: float) -> tuple[int, str] | None:
    """Exit code and what the child wrote; None where it had to be killed."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(json.dumps(asked).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _kill_group(process)
    return process.returncode, out.decode(errors="replace")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()


def _last(text: str, word: str) -> str | None:
    """The error that the child tells of, "" for none; None where it told nothing."""
    for line in reversed(text.splitlines()):
        if line.startswith(word):
            return str(json.loads(line[len(word) :]))
    return None


PROBES = {
    "no network": "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
    "no writing outside its folder": "open({outside!r}, 'w').write('x')",
    "limited memory": "x = bytearray(1 << 31)",
}


@cache
def not_enforced() -> tuple[str, ...]:
    """Which of a sandbox's walls do not stand on this machine, found out by trying.

    Raises:
        DataError: No program at all can be run here.
    """
    ran = run("pass")
    if ran.outcome != "passed":
        raise DataError(
            f"Programs cannot be run in a sandbox on this machine: {ran.outcome}, {ran.message}.",
            where="evaluate.metrics: pass_at_k",
            fix="Leave the metric out, or evaluate on another machine.",
        )
    with tempfile.TemporaryDirectory(prefix="tuneful-outside-") as folder:
        outside = str(Path(folder) / "file")
        known = PROBES.items()
        return tuple(what for what, probe in known if not _is_held(what, probe, outside))


def _is_held(what: str, probe: str, outside: str) -> bool:
    ran = run(probe.format(outside=outside) if "{outside" in probe else probe)
    if what == "no network":  # a refused connection has reached the machine's own network
        return "ENETUNREACH" in ran.message or "unreachable" in ran.message
    return ran.outcome != "passed"
