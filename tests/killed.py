"""Work done in processes that are killed: at every n-th dealing with disk, network or listener.

A process of its own does the work once, so that all modules are loaded, and is forked for each
attempt. The fork counts what it does (Python's audit events) and kills itself before the n-th; a
second fork does the same work to its end. What both leave behind has to be what an undisturbed
process leaves.

    python -m tests.killed FOLDER      FOLDER/asked.json says what is done; prints what was wrong
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COUNTED = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link"}
COUNTED |= {"shutil.copyfile", "socket.connect"}
BY_NATURE = {"seconds", "folders"}
"""What two equal trials differ in."""
TRIALS = {"models", "runs"}
"""What is thrown away when its trial has come to something."""
Values = dict[str, Any]


def check(folder: Path, work: str, *, points: int = 1000, **asked: Any) -> Values:
    """Do the work killed at up to `points` places, and twice at once; what was found.

    Args:
        folder: Where homes of attempts are made.
        work: "prepare", "convert" or "select" (trials).
        asked: A recipe as a tree, and what else the work needs.
    """
    known = {"work": work, "points": points, **asked}
    (folder / "asked.json").write_text(json.dumps(known), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.killed", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: Values = json.loads(ended.stdout.splitlines()[-1])
    return found


class Counter:
    """Counts dealings, and kills the process before one of them.

    Args:
        kill_at: Number of the dealing, from 1; 0 for none.
        slow: Seed of pauses before dealings with names of files; None for none.
    """

    def __init__(self, kill_at: int = 0, slow: int | None = None) -> None:
        self.count, self._kill_at = 0, kill_at
        self._draw = None if slow is None else random.Random(slow)

    def count_one(self) -> None:
        """Note that something is about to be done."""
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit event."""
        is_writing = event == "open" and isinstance(args[1], str) and args[1][:1] in {"w", "a", "x"}
        if event in COUNTED or is_writing:
            self.count_one()
            if self._draw is not None and event in {"os.rename", "os.mkdir", "os.remove"}:
                time.sleep(self._draw.uniform(0, 0.03))


def forked(work: Callable[[], object]) -> int:
    """Start the work in a fork; its process."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        work()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def ended(process: int) -> int:
    """Wait; the exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def files(home: Path) -> dict[str, str]:
    """Every file of a home and the hash of its content; of JSON without what differs by nature."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.suffix != ".lock":  # empty, and free again
            content = path.read_bytes()
            if path.parent.parent.name == "selections":
                known = {n: v for n, v in json.loads(content).items() if n not in BY_NATURE}
                content = json.dumps(known).encode()
            elif path.name.startswith("replies-"):  # as they came
                content = b"".join(sorted(content.splitlines(keepends=True)))
            found[str(path.relative_to(home))] = hashlib.sha256(content).hexdigest()
    return found


def whole(home: Path) -> dict[str, int]:
    """What is finished in a home: folders with a manifest and parts of features, by inode."""
    folders = [path.parent for path in home.rglob("manifest.json") if ".draft" not in str(path)]
    stay = [
        path
        for path in [*folders, *home.rglob("0*.npy")]
        if path.relative_to(home).parts[0] not in TRIALS
    ]
    return {str(path.relative_to(home)): path.stat().st_ino for path in stay}


def compare(home: Path, right: dict[str, str], before: dict[str, int]) -> list[str]:
    """What differs in a home from the right one, and what was finished before and made again."""
    found = files(home)
    names = {name for name in {*found, *right} if found.get(name) != right.get(name)}
    again = [name for name, inode in before.items() if whole(home).get(name) != inode]
    return [f"{name} differs" for name in sorted(names)] + [f"{name} made again" for name in again]


def halves(home: Path, right: dict[str, str]) -> list[str]:
    """Files of finished folders that are not what they should be."""
    found = files(home)
    inside = {name for folder in whole(home) for name in right if name.startswith(f"{folder}/")}
    return [f"{name} is a half" for name in sorted(inside) if found.get(name) != right[name]]


def do(asked: Values, home: Path, counter: Counter, key: str) -> None:
    """The work."""
    os.environ |= {"TUNEFUL_HOME": str(home), "ORACLES_KEY": key}
    from tuneful.core.store import Store
    from tuneful.data.converting.convert import Asked, convert
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import prepare
    from tuneful.workflow.selection import Selection

    sys.addaudithook(counter.hear)
    home.mkdir(exist_ok=True)

    def listener(event: object) -> None:
        del event
        counter.count_one()

    work = "prepare" if key == "warm" and "recipe" in asked else asked["work"]
    if work == "prepare":
        prepare(Recipe.make(asked["recipe"]), store=Store(home), listener=listener)
    elif work == "select":
        recipe = Recipe.make(asked["recipe"])
        tried = Selection(recipe, Store(home), [0.5], 1, asked["selectors"], listener).run()
        assert not any(one.note for one in tried), tried
    else:
        output = home / asked["output"]
        convert(Asked(asked["source"], asked["to"], output, force=True), listener)


def main(folder: Path) -> None:
    """Everything; the last line of the output says what was found."""
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    do(asked, folder / "warm", Counter(), "warm")  # and no training: who has trained cannot fork
    counts = folder / "count"

    def undisturbed() -> None:
        counter = Counter()
        do(asked, folder / "right", counter, "right")
        counts.write_text(str(counter.count), encoding="utf-8")

    assert ended(forked(undisturbed)) == 0
    total, right = int(counts.read_text()), files(folder / "right")
    problems: dict[str, list[str]] = {}
    points = range(1, total + 1)
    if total > asked["points"]:
        points = sorted(random.Random(0).sample(points, asked["points"]))
    for point in points:
        problems[f"killed before {point}"] = killed(asked, folder / "home", right, point)
    for seed in range(asked.get("at_once", 3)):
        problems[f"two at once, {seed}"] = at_once(asked, folder / "home", right, seed)
    wrong = {name: found for name, found in problems.items() if found}
    said = {"total": total, "tried": len(points), "wrong": wrong}
    sys.stdout.write(json.dumps(said) + "\n")


def killed(asked: Values, home: Path, right: dict[str, str], point: int) -> list[str]:
    """What is wrong after a process that was killed, and after another one did the same."""
    shutil.rmtree(home, ignore_errors=True)
    code = ended(forked(lambda: do(asked, home, Counter(point), f"{point} killed")))
    found = [] if code == -signal.SIGKILL else [f"ended with {code}"]
    # What threads do has no order: the last dealings may be fewer than in the undisturbed process.
    found = [] if code == 0 and asked.get("threads") else found
    found += halves(home, right)
    before = whole(home)
    if asked.get("keeps"):
        kept = [p.read_bytes().count(b"\n") for p in home.glob(asked["keeps"])]
        (home.parent / f"kept-{point}").write_text(str(sum(kept)), encoding="utf-8")
    code = ended(forked(lambda: do(asked, home, Counter(), f"{point} again")))
    return found + ([f"again ended with {code}"] if code else []) + compare(home, right, before)


def at_once(asked: Values, home: Path, right: dict[str, str], seed: int) -> list[str]:
    """What is wrong after two processes did the same at the same time."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    both = [
        forked(lambda n=n: do(asked, home, Counter(slow=2 * seed + n), f"both {seed}"))
        for n in range(2)
    ]
    codes = [ended(process) for process in both]
    return [f"ended with {code}" for code in codes if code] + compare(home, right, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
