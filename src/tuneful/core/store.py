"""Where runs, datasets and models live, and how a name becomes one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tuneful.core.artifact import MANIFEST
from tuneful.core.environment import home
from tuneful.core.errors import RunError


@dataclass(frozen=True)
class Store:
    """The folder `$TUNEFUL_HOME` (by default `./.tuneful`)."""

    home: Path

    @classmethod
    def default(cls) -> Store:
        """The store that the environment names."""
        return cls(home())

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
        found = (path.parent for path in (self.home / kind).glob(f"*/{MANIFEST}"))
        return sorted(path for path in found if not path.name.startswith("."))  # no drafts
