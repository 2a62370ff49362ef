"""What a killed process leaves behind goes away, and what a living one is making stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.artifact import Artifact, building, remove, write_json
from tuneful.core.drafts import alone, drafted
from tuneful.core.errors import RunError
from tuneful.core.events import Event, append_to, follow
from tuneful.core.lines import cut_to_lines, read_lines
from tuneful.core.store import Store

FACTS: dict[str, Any] = {"kind": "x", "name": "x", "hash": "0"}
DIES = """
import os, sys
from pathlib import Path
from tuneful.core.drafts import drafted
folder = Path(sys.argv[1])
with drafted(folder / "one", is_folder=True) as one, drafted(folder / "two") as two:
    (one / "rows").write_text("much")
    two.write_text("much")
    os.kill(os.getpid(), 9)
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_drafts_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path: Path):
    subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    assert len(names(tmp_path)) == 2
    (tmp_path / ".mine.draft").write_text("no name of ours")
    with drafted(tmp_path / "three", is_folder=True) as mine:
        (mine / "rows").write_text("more")
        write_json(tmp_path / "four.json", {})
        assert names(tmp_path) == {mine.name, "four.json", ".mine.draft"}
    assert names(tmp_path) == {"four.json", ".mine.draft"}


def test_of_two_that_make_a_folder_the_first_ones_stays_and_is_used(tmp_path: Path):
    final = tmp_path / "made"
    with building(final, {**FACTS, "by": "second"}) as late:
        (late / "rows").write_text("late")
        with building(final, {**FACTS, "by": "first"}) as early:
            (early / "rows").write_text("early")
        inode = final.stat().st_ino
        write_json(late / "manifest.json", {})  # killed just before it was put into its place
        assert Store(tmp_path.parent).list_artifacts(tmp_path.name) == [final]
    assert Artifact.open(final).manifest["by"] == "first"
    assert (final / "rows").read_text() == "early"
    assert final.stat().st_ino == inode
    assert names(tmp_path) == {"made"}


def test_the_disk_has_all_of_a_folder_before_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    order: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: order.append(os.fstat(file).st_ino))
    final = tmp_path / "made"
    with building(final, dict(FACTS)) as draft:
        (draft / "rows").mkdir()
        (draft / "rows" / "train.arrow").write_text("rows")
    paths = [final / "rows" / "train.arrow", final / "rows", final / "manifest.json", final]
    assert order == [path.stat().st_ino for path in [*paths, tmp_path]]


def test_a_half_folder_is_replaced_and_half_a_removal_leaves_no_whole_one(tmp_path: Path):
    final = tmp_path / "made"
    final.mkdir()
    (final / "half").write_text("rows")
    with building(final, dict(FACTS)):
        pass
    assert names(final) == {"manifest.json"}
    remove(final)
    assert not final.exists()


def test_work_waits_for_who_does_it_already(tmp_path: Path):
    work, told, order = tmp_path / "work", [], []
    waits = threading.Event()

    def second() -> None:
        def hear(event: Event) -> None:
            told.append(event.data["text"])
            waits.set()

        with alone(work, hear):
            order.append("second")

    with alone(work):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert told == [f"another process is making {work}: waiting for it"]
    assert not names(tmp_path)


def test_the_last_line_may_be_cut_off_and_no_other(tmp_path: Path):
    path = tmp_path / "lines.jsonl"
    whole = json.dumps({"said": "ü"}, ensure_ascii=False).encode() + b"\n"
    for cut in range(1, len(whole)):
        path.write_bytes(whole * 2 + whole[:cut])
        assert list(read_lines(path)) == [{"said": "ü"}] * 2
        cut_to_lines(path)
        assert path.read_bytes() == whole * 2
    cut_to_lines(path, 1)
    assert path.read_bytes() == whole
    path.write_bytes(whole + b'{"sa\n' + whole)
    with pytest.raises(RunError, match="This line is broken") as caught:
        list(read_lines(path))
    assert caught.value.where == f"{path}, line 2"
    assert not list(read_lines(tmp_path / "none"))
    cut_to_lines(tmp_path / "none")


def test_events_go_on_after_one_that_was_cut_off(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    append_to(path)(Event("message", {"text": "one"}))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "mess')
    append_to(path)(Event("message", {"text": "two"}))
    assert [e.data["text"] for e in follow(path, is_over=lambda: True)] == ["one", "two"]
