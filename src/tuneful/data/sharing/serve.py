"""The other end of a shared work: parts come in, results go out, until nobody is there to ask."""

from __future__ import annotations

import os
import pickle
import time
import traceback
from multiprocessing.connection import Connection
from threading import Thread
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import TunefulError

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_LOOKS_S = 0.5


def serve(number: int, asker: int) -> None:
    """Answer at a pipe until its other end is closed.

    Args:
        number: The pipe's.
        asker: The process at the other end; this one ends soon after it, whatever it is doing.
    """
    Thread(target=_watch, args=(asker,), daemon=True).start()
    pipe: Connection[Any, Any] = Connection(number)
    work: Callable[[Any], Any] | None = None
    while True:
        try:
            asked = pipe.recv_bytes()
            work, said = answered(work, asked)
            pipe.send_bytes(said)
        except (EOFError, OSError):
            return


def _watch(asker: int) -> None:
    while os.getppid() == asker:
        time.sleep(BETWEEN_LOOKS_S)
    os._exit(1)


def answered(
    work: Callable[[Any], Any] | None, asked: bytes
) -> tuple[Callable[[Any], Any] | None, bytes]:
    """The work that is known from now on; whether it failed, and its result or what it raised."""
    try:
        new, part = pickle.loads(asked)
        work = pickle.loads(new) if new is not None else work
        assert work is not None, "a part came before its work"
        return work, pickle.dumps((False, work(part)))
    except Exception as error:  # noqa: BLE001  (it is raised again where the work was asked for)
        return work, pickle.dumps((True, _portable(error)))


def _portable(error: Exception) -> Exception:
    """The error with the place where it arose; as words where it cannot be pickled."""
    if isinstance(error, TunefulError):
        return error
    told = "".join(traceback.format_exception(error))
    error.add_note(f"In a process that shared the work:\n{told}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  (an error may hold anything)
        return RuntimeError(f"A process that shared the work failed:\n{told}")
    return error
