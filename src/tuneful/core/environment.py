"""Environment variables: which are read, what they say, and the one that a command sets."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tuneful.core.errors import RecipeError

# Two OpenMP threads wait for each other by spinning. Where anything else runs, a thread spins its
# time slice away on the core that the other one needs: twelve small layers of 29 ms took 576 ms
# beside another training. After 1,000 turns a thread now sleeps; an idle machine is as fast
# (docs/concepts/performance.md).
SPIN_COUNT = "1000"

READ = {
    "TUNEFUL_HOME": "where runs, data sets and models are kept (./.tuneful)",
    "XDG_CACHE_HOME": "downloads stand in its folder tuneful (~/.cache)",
    "NO_COLOR": "no colours, whatever its value",
    "COLUMNS": "width to fill with tables, instead of the terminal's",
    "HF_ENDPOINT": "the hub's address",
    "HF_HOME": "where the hub's downloads are kept",
    "HF_HUB_OFFLINE": "1: take what is there, ask no hub",
    "HF_TOKEN": "key for private and gated models and data sets",
    "PIP_INDEX_URL": "the package index that package:… comes from",
    "GOMP_SPINCOUNT": "turns that a thread waits awake (1000); more is slow on a busy machine",
    "RAY_ADDRESS": "the Ray cluster that data.engine: ray works on",
    "RAY_USAGE_STATS_ENABLED": "0: Ray reports its usage to nobody (0)",
    "CUDA_VISIBLE_DEVICES": "GPUs that may be used",
}
"""Environment variables that Tuneful reads, or a library does for it; those that recipes name for
keys come beside."""


def environment() -> dict[str, str]:
    """What each of READ is set to; of a key only that it is, and no password of an address."""
    found = {
        name: re.sub(r"//[^/@]*@", "//…@", os.environ[name]) for name in READ if name in os.environ
    }
    return {name: "set" if "TOKEN" in name else value for name, value in found.items()}


def let_threads_sleep() -> None:
    """Set SPIN_COUNT, unless the user chose. OpenMP reads it when torch is imported."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


def with_one_thread() -> dict[str, str]:
    """The environment for one of several processes that share the cores among them."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def keep_ray_quiet() -> None:
    """Let Ray report its usage to nobody, unless the user chose, and leave the GPUs as they are."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray 2.60 warns to set


def home() -> Path:
    """The folder of runs, data sets and models: `$TUNEFUL_HOME`, or ./.tuneful."""
    return Path(os.environ.get("TUNEFUL_HOME", ".tuneful"))


def cache_folder() -> Path:
    """Where downloads are kept between projects: in `$XDG_CACHE_HOME` or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tuneful"


def secret(variable: str) -> str:
    """A key for a service, from the environment variable that a recipe names.

    Raises:
        RecipeError: It is not set.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise RecipeError(
            f"The environment variable {variable} is not set.",
            where="key",
            fix=f"export {variable}=... before the command; keys are never written in a recipe.",
        )
    return value
