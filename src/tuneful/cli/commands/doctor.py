"""tuneful doctor: the machine, the libraries, the caches, and what will be used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.cli.console import Console
    from tuneful.core.machine import Machine
    from tuneful.core.report import Cell, Finding

LITTLE_DISK_GIB = 5.0
LITTLE_MEMORY_GIB = 4.0


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: Namespace, console: Console) -> int:
    """Look, and say what will be used and why; 3 where something cannot work."""
    import torch

    from tuneful.auditing.environment import versions
    from tuneful.core.environment import cache_folder, environment
    from tuneful.core.machine import free_disk_gib, look
    from tuneful.core.report import Level, Report, Table
    from tuneful.core.store import Store

    del args
    machine, store = look(), Store.default()
    found: list[list[Cell]] = [
        ["system", machine.system],
        ["python", sys.version.split()[0]],
        ["processor", f"{machine.processor}, {machine.cores} cores"],
        ["memory", f"{machine.memory_gib:.1f} GiB"],
        *(["GPU", f"{gpu.name}, {gpu.memory_gib:.0f} GiB"] for gpu in machine.gpus),
        ["store", f"{store.home.resolve()}, {free_disk_gib(store.home):.0f} GiB free"],
        ["cache", f"{cache_folder()}, {_size_gib(cache_folder()):.1f} GiB"],
    ]
    has_cuda = torch.cuda.is_available()
    report = Report(
        "Doctor",
        findings=list(_findings(machine, has_cuda=has_cuda, disk=free_disk_gib(store.home))),
        tables=[
            Table("Machine", ["what", "found"], found),
            Table("Used", ["what", "choice", "why"], _choices(machine, has_cuda=has_cuda)),
            Table("Environment", ["variable", "value", "what it is for"], _environment()),
            Table("Libraries", ["name", "version"], [[k, v] for k, v in versions().items()]),
        ],
        facts={
            "machine": machine.to_json(),
            "cuda": has_cuda,
            "versions": versions(),
            "environment": environment(),
        },
    )
    console.report(report)
    return 3 if report.worst() == Level.ERROR else 0


def _environment() -> list[list[Cell]]:
    from tuneful.core.environment import READ, environment

    found = environment()
    return [[name, found.get(name), what] for name, what in READ.items()]


def _choices(machine: Machine, *, has_cuda: bool) -> list[list[Cell]]:
    device = "cuda" if has_cuda else "cpu"
    why = "the GPU answers" if has_cuda else "there is no GPU"
    if machine.gpus and not has_cuda:
        why = "the GPU is there, but this torch is a CPU build"
    precision = "bf16" if machine.has_bf16 else "float32"
    computes = "computes" if machine.has_bf16 else "does not compute"
    return [
        ["device", device, why],
        ["precision", precision, f"the hardware {computes} in bf16"],
        ["threads", machine.cores, "physical cores this process may use"],
    ]


def _findings(machine: Machine, *, has_cuda: bool, disk: float) -> Iterator[Finding]:
    from tuneful.core.report import Finding, Level

    if machine.gpus and not has_cuda:
        yield Finding(
            Level.WARNING,
            "gpu-unused",
            f"{machine.gpus[0].name} is there, but the installed torch cannot use it.",
            fix="Install with constraints/cuda.txt: make quickstart does so by itself.",
        )
    if disk < LITTLE_DISK_GIB:
        yield Finding(
            Level.WARNING,
            "little-disk",
            f"There are {disk:.1f} GiB free where runs are kept.",
            fix="Set TUNEFUL_HOME to another disk.",
        )
    if machine.memory_gib < LITTLE_MEMORY_GIB:
        yield Finding(
            Level.WARNING,
            "little-memory",
            f"There are {machine.memory_gib:.1f} GiB of memory.",
            fix="tuneful plan says what a recipe needs.",
        )


def _size_gib(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**30


COMMAND = Command("say what this machine has, what will be used, and why", add, run)
