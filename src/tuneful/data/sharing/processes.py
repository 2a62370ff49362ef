"""Processes of this machine that share the work.

Each is a fresh Python that imports what its work needs: nothing of the user's program is run again,
and none outlives the one that asked. A thread here waits for each.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count, islice
from multiprocessing.connection import Pipe
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from tuneful.core.environment import with_one_thread
from tuneful.core.errors import DataError, TunefulError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")
AHEAD = 2
"""Parts that wait for each process, so that it has the next one when it is done."""
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from tuneful.data.sharing.serve import serve; serve(*map(int, sys.argv[2:]))"
)


class Hand:
    """One process, that works on one part at a time."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        number = theirs.fileno()
        command = [sys.executable, "-c", START, json.dumps(sys.path), str(number)]
        command.append(str(os.getpid()))
        # What it prints is no data of ours. Ctrl-C is for this process, which then ends it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=[number],
            env=with_one_thread(),
            start_new_session=True,
        )
        theirs.close()
        self._knows = -1

    def work_on(self, number: int, work: bytes, part: Any) -> Any:
        """The result of a part.

        Args:
            number: Of the work, which is sent only where it is not known yet.
            work: Pickled.
            part: What it is done on.

        Raises:
            DataError: The process is no more.
        """
        try:
            self._pipe.send_bytes(pickle.dumps((None if number == self._knows else work, part)))
            self._knows = number
            has_failed, value = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._lost() from error
        if has_failed:
            raise value
        return value

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Let go of the pipe, once nobody waits at it."""
        self._pipe.close()

    def _lost(self) -> DataError:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            code = None
        how = f"was ended by signal {-code}" if code and code < 0 else f"ended with code {code}"
        full = ", as the system does when memory runs out" if code == -9 else ""
        return DataError(
            f"A process that shared the work {how}{full}; nothing was written.",
            where="data.workers",
            fix="Run it again; with --set data.workers=1 one process does it all, in less memory.",
        )


class Processes:
    """Some processes, started when there is work for them.

    Args:
        number: How many.
        is_patient: Do the first parts here.
    """

    is_alone: ClassVar[bool] = False
    is_remote: ClassVar[bool] = False

    def __init__(self, number: int, *, is_patient: bool) -> None:
        self._number, self._is_patient = number, is_patient
        self._hands: list[Hand] = []
        self._idle: SimpleQueue[Hand] = SimpleQueue()
        self._threads = ThreadPoolExecutor(number)
        self._works = count()

    def map(
        self, work: Callable[[PartT], ResultT], parts: Iterable[PartT], *, here: int
    ) -> Iterator[ResultT]:
        """The result of each part, in their order."""
        left = iter(parts)
        if self._is_patient and not self._hands:
            yield from map(work, islice(left, here))
        for first in left:
            self._start()
            yield from self._shared(pickle.dumps(work), chain([first], left))

    def close(self) -> None:
        """Kill the processes."""
        for hand in self._hands:
            hand.close()
        self._threads.shutdown(cancel_futures=True)
        for hand in self._hands:
            hand.forget()
        self._hands = []

    def _start(self) -> None:
        while len(self._hands) < self._number:
            self._hands.append(Hand())
            self._idle.put(self._hands[-1])

    def _shared(self, work: bytes, parts: Iterator[Any]) -> Iterator[Any]:
        number, waiting = next(self._works), deque["Future[Any]"]()
        fault: TunefulError | None = None
        try:
            while True:
                try:
                    part = next(parts)
                except StopIteration:
                    break
                except TunefulError as error:  # those before it come first
                    fault = error
                    break
                waiting.append(self._threads.submit(self._done, number, work, part))
                if len(waiting) > AHEAD * self._number:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
        if fault:
            raise fault

    def _done(self, number: int, work: bytes, part: Any) -> Any:
        hand = self._idle.get()
        try:
            return hand.work_on(number, work, part)
        finally:
            self._idle.put(hand)
