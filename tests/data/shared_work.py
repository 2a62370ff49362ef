"""Work for other processes, in a module that they import in no time."""

import os
import signal

from tuneful.core.errors import DataError


class Counted:
    """Doubles numbers, and says how many it has seen in its process."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, number: int) -> tuple[int, int, int]:
        self.seen += 1
        return 2 * number, os.getpid(), self.seen


def refuse(number: int) -> int:
    if number == 3:
        raise DataError("It is 3.", where="part 3", fix="Give another")
    return number


def break_down(number: int) -> float:
    return 1 / (number - 3)


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
