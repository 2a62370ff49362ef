"""The machine that Tuneful runs on: processor, memory, GPUs and disk. No torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

GIB = 2**30
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""x86's (AVX-512 and AMX) and ARM's words for dot products in bf16."""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU, as its driver describes it."""

    name: str
    memory_gib: float
    capability: float


@dataclass(frozen=True)
class Machine:
    """What there is to work with.

    Attributes:
        system: Operating system and its version.
        processor: Its name.
        cores: Physical cores this process may use.
        memory_gib: Memory this process may use: the machine's, or its container's limit.
        has_bf16: Whether the GPU, or the processor where there is none, computes in bf16.
        gpus: NVIDIA GPUs.
    """

    system: str
    processor: str
    cores: int
    memory_gib: float
    has_bf16: bool
    gpus: tuple[Gpu, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The machine as JSON values, for manifests and results."""
        return asdict(self)


def look() -> Machine:
    """Describe this machine. Takes milliseconds, where there is no GPU driver to ask."""
    facts = _cpuinfo()
    gpus = _gpus()
    has_bf16 = gpus[0].capability >= 8.0 if gpus else bool(BF16_FLAGS & facts.flags)
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=facts.name or platform.processor() or platform.machine(),
        cores=_usable_cores(facts.physical_cores),
        memory_gib=_memory_bytes() / GIB,
        has_bf16=has_bf16,
        gpus=gpus,
    )


def free_disk_gib(path: Path) -> float:
    """Free space where `path` is, or will be."""
    place = path.resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free / GIB


@dataclass(frozen=True)
class _Processor:
    name: str = ""
    flags: frozenset[str] = frozenset()
    physical_cores: int = 0


def _cpuinfo() -> _Processor:
    """What Linux says of its processors; nothing elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return _Processor()
    name, flags, cores, socket = "", frozenset[str](), set[tuple[str, str]](), "0"
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key == "model name":
            name = value
        elif key in {"flags", "Features"}:
            flags = frozenset(value.split())
        elif key == "physical id":
            socket = value
        elif key == "core id":
            cores.add((socket, value))
    return _Processor(name, flags, len(cores))


def usable_cores() -> int:
    """Physical cores, or fewer where the process is confined to some."""
    return _usable_cores(_cpuinfo().physical_cores)


def _usable_cores(physical: int) -> int:
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(physical or allowed, allowed)


def _memory_bytes() -> int:
    """The machine's memory, or the container's limit where that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = Path(path)
        if limit.exists():
            text = limit.read_text(encoding="ascii").strip()
            total = min(total, int(text)) if text.isdigit() else total
    return total


def _gpus() -> tuple[Gpu, ...]:
    """GPUs as nvidia-smi lists them; none where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = ["--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            [program, *query], capture_output=True, text=True, check=True, timeout=20
        )
    except (subprocess.SubprocessError, OSError):
        return ()
    return parse_gpus(answer.stdout)


def parse_gpus(answer: str) -> tuple[Gpu, ...]:
    """Read nvidia-smi's lines: name, MiB, compute capability."""
    found: list[Gpu] = []
    for line in answer.strip().splitlines():
        name, memory_mib, capability = (part.strip() for part in line.rsplit(",", 2))
        found.append(Gpu(name, float(memory_mib) / 1024, float(capability)))
    return tuple(found)
