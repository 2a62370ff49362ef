"""The other side of grading.sandbox: limit this process, then run the program in it.

Runs as a script in an interpreter without site packages: standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from contextlib import suppress

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
NO_NEW_PRIVILEGES, PATH_BENEATH = 38, 1
WRITING = 0b1_1111_1111_0010
"""Landlock's rights of its first version, but for executing, reading files and reading folders."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def limit(seconds: float, memory: int, file: int) -> None:
    """Set what this process and its children may take; the system ends what takes more."""
    whole = max(1, round(seconds + 0.5))
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))  # told first, then killed
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        # What a system does not know, the other side finds out by trying (sandbox.not_enforced).
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def cut_off() -> None:
    """Leave the network, and give up writing anywhere but in this folder, where Linux lets us."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(NEW_USER | NEW_NETWORK)
    ruleset = _Ruleset(WRITING)
    number = libc.syscall(CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    if number < 0:
        return
    folder = os.open(".", os.O_PATH | os.O_CLOEXEC)
    rule = _Beneath(WRITING, folder)
    libc.syscall(ADD_RULE, number, PATH_BENEATH, ctypes.byref(rule), 0)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.syscall(RESTRICT_SELF, number, 0)
    os.close(folder)
    os.close(number)


def main() -> None:
    """Read what to run from standard input, run it, and say how it ended."""
    asked = json.loads(sys.stdin.buffer.read())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what the program prints is nobody's concern
    cut_off()
    limit(asked["seconds"], asked["memory"], asked["file"])
    word, error = asked.pop("word"), ""
    try:
        code = compile(asked["program"], "<answer>", "exec")
        exec(code, {"__name__": "__main__"})  # noqa: S102  (what this process is for)
    except Exception as raised:  # noqa: BLE001  (whatever the program raises is its result)
        error = f"{type(raised).__name__}: {raised}"
    out.write(word + json.dumps(error) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
