"""Programs end as they should, and can do no more than they may."""

import time
from pathlib import Path

import pytest

from tuneful.grading.sandbox import Limits, not_enforced, run, run_all

SHORT = Limits(seconds=1, memory_mib=256, file_mib=1)


def test_a_program_passes_if_its_last_line_is_reached():
    cases = {
        "assert 1 + 1 == 2\nprint('noise')": "passed",
        "def f(x):\n    return x\n\nassert f(1) == 1": "passed",
        "assert 1 + 1 == 3": "failed",
        "def f(": "failed",
        "import sys\nsys.exit(0)": "ended-early",
        "import os\nos._exit(0)": "ended-early",
        "import os\nos.kill(os.getpid(), 9)": "crashed",
        "x = bytearray(1 << 30)": "failed",
        "open('long', 'wb').write(bytes(1 << 22))": "failed",
        "open('short', 'w').write('in its own folder')": "passed",
        "import os\nassert 'HOME' not in os.environ": "passed",
    }
    found = run_all(list(cases), SHORT)
    assert [ran.outcome for ran in found] == list(cases.values())
    assert found[2].message.startswith("AssertionError")


def test_what_a_program_cannot_do_is_found_out_by_trying(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("here")
    harm = f"import os\nos.remove({str(victim)!r})"
    if "no writing outside its folder" not in not_enforced():
        assert run(harm, SHORT).outcome == "failed"
        assert victim.read_text() == "here"
    if "no network" not in not_enforced():
        dialled = run("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)", SHORT)
        assert "unreachable" in dialled.message
    assert set(not_enforced()) <= {"no network", "no writing outside its folder", "limited memory"}


@pytest.mark.slow
def test_what_takes_too_long_is_ended_with_all_it_started():
    began = time.monotonic()
    endless = [
        "while True: pass",
        "import time\ntime.sleep(60)",
        "import os, time\nos.fork()\ntime.sleep(60)",
    ]
    assert [ran.outcome for ran in run_all(endless, SHORT)] == ["timed-out"] * 3
    assert time.monotonic() - began < 30
