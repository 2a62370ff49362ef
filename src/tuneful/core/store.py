"""Where runs, datasets and models live, and how a name becomes one of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tuneful.core.artifact import MANIFEST
from tuneful.core.errors import RecipeError, RunError


@dataclass(frozen=True)
class Store:
    """The folder `$TUNEFUL_HOME` (by default `./.tuneful`)."""

    home: Path

    @classmethod
    def default(cls) -> Store:
        """The store that the environment names."""
        return cls(Path(os.environ.get("TUNEFUL_HOME", ".tuneful")))

    @property
    def datasets(self) -> Path:
        """Folder of prepared data sets."""
        return self.home / "datasets"

    @property
    def models(self) -> Path:
        """Folder of trained models."""
        return self.home / "models"

    @property
    def runs(self) -> Path:
        """Folder of training runs."""
        return self.home / "runs"

    def artifact_folder(self, kind: str, name: str, hash_: str) -> Path:
        """Where an artifact of this kind ("datasets", "models"), name and hash stands."""
        return self.home / kind / f"{name}-{hash_[:8]}"

    def find_run(self, name: str) -> Path:
        """The run folder of a path, a full name, or the only run of that recipe.

        Without a run of a recipe called `name`, the only one whose name contains it; "last" is the
        run that began last.

        Raises:
            RunError: None or several answer to the name.
        """
        if (Path(name) / "state.json").exists():
            return Path(name)
        known = self.list_runs()
        if name == "last" and known:
            return known[-1]
        exact = [path for path in known if path.name == name]
        of_recipe = re.compile(rf"\d+-\d+-{re.escape(name)}(-[0-9a-f]{{4}})+")
        matches = exact or [path for path in known if of_recipe.fullmatch(path.name)]
        matches = matches or [path for path in known if name in path.name]
        if len(matches) == 1:
            return matches[0]
        found = f"{len(matches)} runs answer" if matches else "No run answers"
        raise RunError(
            f"{found} to {name!r}.",
            where=str(self.runs),
            fix="tuneful list shows the runs there are."
            if not matches
            else "Give more of it: " + ", ".join(path.name for path in matches[:5]),
        )

    def list_runs(self) -> list[Path]:
        """Every run folder, oldest first."""
        return sorted(path.parent for path in self.runs.glob("*/state.json"))

    def list_artifacts(self, kind: str) -> list[Path]:
        """Every finished artifact of a kind ("datasets", "models"), by name."""
        return sorted(path.parent for path in (self.home / kind).glob(f"*/{MANIFEST}"))


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
