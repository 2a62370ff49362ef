"""The machine, described."""

import json
from pathlib import Path

from tuneful.core.machine import Gpu, free_disk_gib, look, parse_gpus


def test_this_machine_has_cores_and_memory():
    machine = look()
    assert machine.cores >= 1
    assert 0.1 < machine.memory_gib < 100_000
    assert machine.processor
    assert json.loads(json.dumps(machine.to_json()))["cores"] == machine.cores


def test_a_gpus_name_may_hold_a_comma():
    answer = "NVIDIA H100, 80GB HBM3, 81559, 9.0\nTesla T4, 15360, 7.5\n"
    first, second = parse_gpus(answer)
    assert first == Gpu("NVIDIA H100, 80GB HBM3", 81559 / 1024, 9.0)
    assert second.memory_gib == 15.0


def test_no_gpu_is_no_line():
    assert parse_gpus("") == ()


def test_free_disk_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path):
    assert free_disk_gib(tmp_path / "a" / "b") > 0
