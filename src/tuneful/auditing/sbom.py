"""What a model is made of, as CycloneDX 1.6 in JSON: weights, data and the libraries in use.

Source: ECMA-424 (CycloneDX). Libraries are the installed distributions whose modules this process
        has loaded, having loaded and asked the model; of a library's licence what its metadata say.
"""

from __future__ import annotations

import sys
import uuid
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import file_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import PackageMetadata
    from pathlib import Path

    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model

SBOM = "sbom.cdx.json"
WEIGHTS = (".safetensors",)


def sbom(model: Model, data: Dataset) -> dict[str, Any]:
    """The bill of materials of a tuned model."""
    libraries = list(_libraries())
    parts = [_base(model), _rows(data), *libraries]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, model.hash)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [_library("tuneful")]},
            "component": {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": model.name,
                "version": model.hash[:16],
                "hashes": _hashes(model.path),
            },
        },
        "components": parts,
        "dependencies": [
            {"ref": "model", "dependsOn": [part["bom-ref"] for part in parts]},
        ],
    }


def _hashes(folder: Path) -> list[dict[str, str]]:
    """Of the weights; of several files that of the first, as the form allows one of a kind."""
    known = [value for name, value in file_hashes(folder).items() if name.endswith(WEIGHTS)]
    return [{"alg": "SHA-256", "content": value} for value in known[:1]]


def _base(model: Model) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": "base",
        "name": str(model.manifest["base"]),
        "licenses": _licence(str(model.manifest.get("licence", ""))),
    }


def _rows(data: Dataset) -> dict[str, Any]:
    return {
        "type": "data",
        "bom-ref": "data",
        "name": data.name,
        "version": data.hash[:16],
        "hashes": [{"alg": "SHA-256", "content": data.hash}],
        "licenses": _licence(str(data.manifest.get("licence", ""))),
    }


def _libraries() -> Iterator[dict[str, Any]]:
    roots = {name.partition(".")[0] for name in list(sys.modules)}
    owners = _owners()
    names = {owner.lower(): owner for root in roots for owner in owners.get(root, ())}
    for name in sorted(names):
        try:
            yield _library(names[name])
        except PackageNotFoundError:
            continue


@cache
def _owners() -> Mapping[str, list[str]]:
    """Installed distributions by the modules they bring; reading them takes a second."""
    return packages_distributions()


def _library(name: str) -> dict[str, Any]:
    found = distribution(name)
    plain = name.lower().replace("_", "-").replace(".", "-")
    purl = f"pkg:pypi/{plain}@{found.version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": found.version,
        "purl": purl,
        "licenses": _licence(_said(found.metadata)),
    }


def _said(metadata: PackageMetadata) -> str:
    """An SPDX expression, or the first line of what a package says of its licence."""
    for key in ("License-Expression", "License"):
        for text in metadata.get_all(key) or ():
            if text.strip() and text.strip() != "UNKNOWN":
                return str(text).strip().splitlines()[0][:80]
    classes = [str(one) for one in metadata.get_all("Classifier") or () if "License" in str(one)]
    return classes[0].rpartition(":: ")[2] if classes else ""


def _licence(name: str) -> list[dict[str, Any]]:
    return [{"license": {"name": name}}] if name else []
