"""What is in the making stands beside its place, and is locked by the process that makes it.

The lock ends with its process, however that ends. A draft that nobody holds was left behind by a
process that was killed: whoever makes something in the same folder removes it first.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tuneful.core.events import Event, ignore

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tuneful.core.events import Listener

DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.draft")
"""What a draft is called: a dot, its final name, a number of its own."""


@contextmanager
def drafted(final: Path, *, is_folder: bool = False) -> Generator[Path]:
    """An empty file or folder beside `final` to fill and rename; removed if it is still there.

    Drafts of processes that are gone are removed from the folder of `final`, which must be there.
    """
    remove_dead(final.parent)
    draft, lock = _new(final, is_folder=is_folder)
    try:
        yield draft
    finally:
        _remove(draft)
        os.close(lock)


def put(draft: Path, final: Path) -> None:
    """Put a file into its place in one step, once the disk has all of it."""
    to_disk(draft)
    draft.replace(final)


def to_disk(path: Path) -> None:
    """Wait until the disk has a file or a folder's names: a power cut takes what is in memory."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_dead(folder: Path) -> None:
    """Remove the drafts in a folder that no living process fills."""
    for path in folder.glob(".*.draft"):
        lock = _hold(path, waits=False) if DRAFT.fullmatch(path.name) else None
        if lock is not None:
            _remove(path)
            os.close(lock)


@contextmanager
def alone(work: Path, listener: Listener = ignore) -> Generator[None]:
    """Do a piece of work in one process at a time; whoever comes second waits, and says so.

    Args:
        work: What is worked on; its folder must be there.
        listener: Hears that another process is waited for.
    """
    file = work.with_name(f".{work.name}.lock")
    lock: int | None = None
    while lock is None:
        file.touch()
        lock = _hold(file, waits=False)
        if lock is None and file.exists():
            text = f"another process is making {work}: waiting for it"
            listener(Event("message", {"text": text}))
            lock = _hold(file, waits=True)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(lock)


def _new(final: Path, *, is_folder: bool) -> tuple[Path, int]:
    """A draft and its lock. One that was taken for a dead one before it was locked is given up."""
    while True:
        draft = final.with_name(f".{final.name}.{secrets.token_hex(4)}.draft")
        if is_folder:
            draft.mkdir()
        else:
            draft.touch(exist_ok=False)
        lock = _hold(draft, waits=True)
        if lock is not None:
            return draft, lock


def _hold(path: Path, *, waits: bool) -> int | None:
    """Lock what stands at a path; None where it is gone by then, or held and not waited for.

    On a disk without locks, who waits goes on without one, and nobody's draft is taken for dead.
    """
    try:  # a network disk locks only files that are open for writing
        file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        if not waits:
            os.close(file)
            return None
    if _stands_at(path, file):
        return file
    os.close(file)
    return None


def _stands_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with suppress(OSError):
            draft.unlink()
