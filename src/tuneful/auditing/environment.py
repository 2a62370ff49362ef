"""With what, and at what cost in energy, a model was made."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuneful.core.machine import Machine

LIBRARIES = ("tuneful", "torch", "transformers", "peft", "tokenizers", "safetensors", "numpy")
WATTS_PER_CORE = 10.0
"""Of a server processor under load, memory with it: a 2023 EPYC draws 360 W for 32 to 96 cores."""
WATTS_PER_GPU = 500.0
"""Of a data-centre GPU under load; an H100's limit is 700 W."""
KG_PER_KWH = 0.45
"""World average of CO2 per kWh of electricity in 2023 (International Energy Agency)."""


@dataclass(frozen=True)
class Energy:
    """An estimate from time and typical power, not a measurement."""

    watts: float
    kwh: float
    kg_co2: float
    kg_per_kwh: float


def energy_of(machine: Machine, seconds: float) -> Energy:
    """What so many seconds of full load take on such a machine."""
    watts = machine.cores * WATTS_PER_CORE + len(machine.gpus) * WATTS_PER_GPU
    kwh = watts * seconds / 3_600_000
    return Energy(watts, kwh, kwh * KG_PER_KWH, KG_PER_KWH)


def versions() -> dict[str, str]:
    """Python and the libraries that decide the numbers, as installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
