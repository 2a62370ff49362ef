"""Work on rows shared among processes: nobody can tell from the result who did it."""

import csv
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.data import shared_work
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data import prepare as preparing
from tuneful.data.prepare import prepare
from tuneful.data.reading import scan, taking
from tuneful.data.sharing.crew import Alone, gathered
from tuneful.data.sharing.processes import Processes
from tuneful.recipe.schema import Recipe

CLEAN = ["whitespace", "html", "mask", {"name": "length", "least": 2}]


class Posted:
    """A crew whose work, parts and results go through the post, and whose memory is its own."""

    is_alone = False
    is_remote = False

    def map(self, work: Callable[[Any], Any], parts: Iterable[Any], *, here: int) -> Iterator[Any]:
        there = pickle.loads(pickle.dumps(work))
        for part in parts:
            yield pickle.loads(pickle.dumps(there(pickle.loads(pickle.dumps(part)))))

    def close(self) -> None:
        pass


def source(folder: Path, rows: int = 90) -> Path:
    """Reviews with markup, addresses, copies, an empty text and a row too short."""
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "when"])
        for n in range(rows):
            text = f"the <b>film</b> number {n // 2} was seen by a{n % 7}@example.org in {n % 11}"
            text = {10: "", 20: "x", 30: f"ask b{n}@example.org&amp;co  now"}.get(n, text)
            row = [text, "ab"[n % 2], f"2026-01-{1 + n % 28:02d}"]
            writer.writerow(row[:1] if n == 40 else row)
    return path


def recipe(folder: Path, rows: Path, **data: Any) -> Recipe:
    asked = {"source": str(rows), "clean": CLEAN, "skip_bad": True, **data}
    return Recipe.make({"model": "m", "data": asked, "method": "classify"})


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a data set but the page, which says when it was made."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: held for name, held in kept.items() if name not in {"report.html"}}


def made(folder: Path, rows: Path, **data: Any) -> dict[str, bytes]:
    return content(prepare(recipe(folder, rows, **data), Store(folder)).path)


@contextmanager
def posted(data: Any) -> Iterator[Posted]:
    yield Posted()


@pytest.mark.parametrize("split", [{}, {"time": "when"}, {"stable": True}])
def test_rows_are_the_same_whoever_made_them(
    split: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(taking, "ROWS_OF_PART", 7)
    rows = source(tmp_path)
    alone = made(tmp_path / "alone", rows, workers=1, split=split)
    monkeypatch.setattr(preparing, "gathered", posted)
    assert made(tmp_path / "shared", rows, workers=1, split=split) == alone
    assert b"[EMAIL_8]" in alone["rows/train.arrow"] + alone["rows/test.arrow"]
    assert alone["cleaned.jsonl"].count(b"mask") > 80
    assert alone["skipped.jsonl"].count(b"\n") == 1


def test_a_bad_row_stops_the_work_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(taking, "ROWS_OF_PART", 7)
    monkeypatch.setattr(preparing, "gathered", posted)
    with pytest.raises(DataError, match="label") as error:
        made(tmp_path, source(tmp_path), labels={"a": "A"}, skip_bad=False)
    assert "row 2 " in error.value.where


def test_processes_give_results_in_the_order_of_the_parts():
    with closing(Processes(2, is_patient=False)) as crew:
        found = list(crew.map(shared_work.Counted(), range(30), here=0))
        assert [double for double, _, _ in found] == list(range(0, 60, 2))
        by_process = {pid: [seen for _, own, seen in found if own == pid] for _, pid, _ in found}
        assert os.getpid() not in by_process
        assert all(seen == list(range(1, len(seen) + 1)) for seen in by_process.values())
        with pytest.raises(DataError, match="It is 3") as refused:
            list(crew.map(shared_work.refuse, range(9), here=0))
        assert (refused.value.where, refused.value.fix) == ("part 3", "Give another")
        with pytest.raises(ZeroDivisionError) as broken:
            list(crew.map(shared_work.break_down, range(9), here=0))
        assert "in break_down" in broken.value.__notes__[0]
        assert list(crew.map(shared_work.refuse, [], here=0)) == []


def test_what_reading_raises_comes_after_the_rows_before_it():
    def parts() -> Iterator[int]:
        yield from (0, 1, 2)
        raise DataError("The file ends here.")

    with closing(Processes(2, is_patient=False)) as crew:
        results = crew.map(shared_work.Counted(), parts(), here=0)
        assert [next(results)[0] for _ in range(3)] == [0, 2, 4]
        with pytest.raises(DataError, match="ends here"):
            next(results)


def test_a_process_that_dies_is_an_error_that_says_so():
    died = pytest.raises(DataError, match=r"ended by signal 9, as .* memory")
    with closing(Processes(2, is_patient=False)) as crew, died as error:
        list(crew.map(shared_work.die, range(9), here=0))
    assert "workers=1" in error.value.fix


def test_little_work_starts_no_process():
    with closing(Processes(2, is_patient=True)) as crew:
        found = list(crew.map(shared_work.Counted(), range(4), here=4))
        assert {pid for _, pid, _ in found} == {os.getpid()}
        found = list(crew.map(shared_work.Counted(), range(6), here=4))
        assert [pid == os.getpid() for _, pid, _ in found] == [True] * 4 + [False] * 2


def test_one_worker_is_this_process(tmp_path: Path):
    with gathered(recipe(tmp_path, tmp_path, workers=1).data) as crew:
        assert isinstance(crew, Alone)


HANGS = """
import signal, time
from contextlib import closing
from tuneful.data.sharing.processes import Processes
# Who starts tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with closing(Processes(2, is_patient=False)) as crew:
    for number in crew.map(time.sleep, [0, 0, 60, 60], here=0):
        print("ready", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_after(sign: signal.Signals):
    command = [sys.executable, "-c", HANGS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        children = [int(pid) for pid in task.read_text(encoding="ascii").split()]
        assert len(children) == 2
        process.send_signal(sign)
        assert process.wait(20) != 0
    until = time.monotonic() + 20
    while any(map(runs, children)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in children if runs(pid)]


def runs(pid: int) -> bool:
    """Whether a process is there, and not only waiting to be counted as gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return told.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_two_workers_make_the_rows_of_one(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(taking, "ROWS_OF_PART", 100)
    monkeypatch.setattr(scan, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr("tuneful.data.checks.FEWEST_SHARED", 0)
    rows = source(tmp_path, 1000)
    alone = made(tmp_path / "alone", rows, workers=1)
    assert made(tmp_path / "shared", rows, workers=2, engine=engine) == alone
