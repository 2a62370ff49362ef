"""From what a recipe calls a model to a folder of weights on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, Artifact
from tuneful.core.assets import asset, fetch_package
from tuneful.core.errors import ModelError
from tuneful.core.events import ignore

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store


LAYERS = "#layers="


@dataclass(frozen=True)
class Located:
    """A model on this machine.

    Attributes:
        reference: What the recipe said.
        folder: config.json, tokenizer and safetensors, as transformers reads them.
        licence: As its publisher states it; "unknown" where nobody does.
        is_tuned: Whether Tuneful trained it (the folder has a manifest).
        loads_as: What other programs call it: a hub id, or the folder.
    """

    reference: str
    folder: Path
    licence: str
    is_tuned: bool
    loads_as: str


def locate(reference: str, store: Store, listener: Listener = ignore) -> Located:
    """Find a model: package:name, hub:owner/name, a folder, a .gguf file, or run:name.

    "#layers=6" after it means the same model with 6 of its layers (models.shrink).

    Raises:
        ModelError: Nothing answers to the reference.
    """
    name, mark, num_layers = reference.partition(LAYERS)
    whole = _locate(name, store, listener)
    return _with_layers(reference, whole, num_layers, store) if mark else whole


def _locate(reference: str, store: Store, listener: Listener) -> Located:
    kind, _, name = reference.partition(":")
    if kind == "package":
        return _from_package(reference, name, listener)
    if kind == "run":
        return _from_run(reference, name, store)
    path = Path(reference).expanduser()
    if path.is_dir():
        return _from_folder(reference, path)
    if path.suffix == ".gguf":
        return _from_gguf(reference, path, "unknown", listener)
    if reference.startswith((".", "/", "~")) or reference.count("/") > 1:
        raise ModelError(
            f"There is no model folder {reference!r}.",
            where="model",
            fix=f"Check the path; it counts from {Path.cwd()}.",
        )
    tuned = [p for p in store.list_artifacts("models") if p.name.startswith(reference)]
    if len(tuned) == 1:
        return _from_folder(reference, tuned[0])
    name = name if kind == "hub" else reference
    if name.count("/") == 1 and not path.exists():
        return _from_hub(reference, name, listener)
    known = ", ".join(p.name for p in tuned) or ", ".join(
        p.name for p in store.list_artifacts("models")[:5]
    )
    raise ModelError(
        f"No model answers to {reference!r}.",
        where="model",
        fix="Give a folder, a .gguf file, owner/name of a hub, package:name or run:name."
        + (f" Models here: {known}." if known else ""),
    )


def _with_layers(reference: str, whole: Located, num_layers: str, store: Store) -> Located:
    from tuneful.models.shrink import with_layers

    if not num_layers.isdecimal():
        raise ModelError(
            f"{num_layers!r} is no number of layers.",
            where=f"model: {reference}",
            fix=f"Write a number after {LAYERS}",
        )
    folder = with_layers(whole.folder, int(num_layers), store.home)
    loads_as = str(folder.resolve())
    return Located(reference, folder, whole.licence, is_tuned=False, loads_as=loads_as)


def _from_folder(reference: str, folder: Path) -> Located:
    if (folder / MANIFEST).exists():
        manifest = Artifact.open(folder).manifest
        licence = str(manifest.get("licence", "unknown"))
        return Located(reference, folder, licence, is_tuned=True, loads_as=str(folder.resolve()))
    if not (folder / "config.json").exists():
        raise ModelError(
            "This folder holds no model.",
            where=str(folder),
            fix="A model folder has config.json, tokenizer.json and *.safetensors.",
        )
    return Located(reference, folder, "unknown", is_tuned=False, loads_as=str(folder.resolve()))


def _from_package(reference: str, name: str, listener: Listener) -> Located:
    found = asset(name)
    folder = fetch_package(name, listener)
    if found.model_path is None:
        raise ModelError(
            f"The package {name} carries no model.", where=reference, fix="tuneful list models"
        )
    path = folder / found.model_path
    if path.suffix == ".gguf":
        return _from_gguf(reference, path, found.licence, listener)
    return Located(reference, path, found.licence, is_tuned=False, loads_as=str(path.resolve()))


def _from_gguf(reference: str, path: Path, licence: str, listener: Listener) -> Located:
    from tuneful.models.convert import gguf_to_safetensors

    folder = gguf_to_safetensors(path, listener)
    return Located(reference, folder, licence, is_tuned=False, loads_as=str(folder.resolve()))


def _from_run(reference: str, name: str, store: Store) -> Located:
    from tuneful.core.run import Run

    run = Run(store.find_run(name))
    model = run.facts.get("model")
    if not model or not Path(str(model)).exists():
        raise ModelError(
            f"The run is {run.state} and has no model.",
            where=str(run.path),
            fix=f"tuneful train {run.path / 'recipe.yaml'} continues it.",
        )
    return _from_folder(reference, Path(str(model)))


def _from_hub(reference: str, name: str, listener: Listener) -> Located:
    import huggingface_hub
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    from tuneful.core.events import Event

    listener(Event("message", {"text": f"model {name}: asking the hub"}))
    wanted = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
    try:
        fetch = cast("Any", huggingface_hub).snapshot_download
        folder = Path(fetch(name, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, HFValidationError) as error:
        raise ModelError(
            f"The hub did not give {name!r}: {str(error).strip().splitlines()[0]}",
            where="model",
            fix="Check the name and the network, log in for gated models, or use package:… or a "
            "folder.",
        ) from error
    licence = "unknown"
    try:
        info = HfApi().model_info(name)
        licence = str(cast("Any", info.card_data or {}).get("license") or "unknown")
    except (HfHubHTTPError, OSError):
        listener(Event("message", {"text": f"model {name}: its licence could not be asked"}))
    return Located(reference, folder, licence, is_tuned=False, loads_as=name)
