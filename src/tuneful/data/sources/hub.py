"""Data sets of a hub, loaded by the library `datasets` and read from its Arrow cache."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.reading.records import Record, Source, SourceFile
from tuneful.data.sources.base import short_name

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tuneful.core.events import Listener

PATIENCE_S = 5.0
"""For the hub's first answer, whatever it is."""
SHAPE = "hub:owner/name, hub:owner/name/configuration or hub:owner/name#split"


def open_hub(reference: str, listener: Listener) -> Source:
    """hub:owner/name[/configuration][#split]; the split is train where none is named.

    `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` mean what they mean to `datasets`.

    Raises:
        DataError: There is no such data set, configuration or split, or the hub cannot be reached.
    """
    del listener
    path, _, split = reference.removeprefix("hub:").partition("#")
    parts = path.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise DataError(f"{reference!r} names no data set.", where="data.source", fix=SHAPE)
    repository = "/".join(parts[:2])
    configuration = parts[2] if len(parts) == 3 else None
    rows = _load(reference, repository, configuration, split or "train")
    revision = str(rows.info.download_checksums or rows.info.version or "")
    identity = hashlib.sha256(f"{repository} {configuration} {split} {revision}".encode())
    identity.update(str(rows._fingerprint).encode())
    return Source(
        name=short_name(parts[min(1, len(parts) - 1)]),
        reference=reference,
        files=(SourceFile(f"{repository} ({split or 'train'})", identity.hexdigest()),),
        read=lambda: _read(rows, reference),
        licence=_licence(rows, repository),
    )


def _load(reference: str, repository: str, configuration: str | None, split: str) -> Any:
    import datasets
    from datasets.exceptions import DatasetNotFoundError, DatasetsError
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # of several attempts; what came of them is said below
    load = cast("Any", datasets).load_dataset
    try:
        with _asked_once():
            return load(repository, configuration, split=split)
    except DatasetNotFoundError as error:
        raise DataError(
            f"The hub has no data set {repository!r} that you may read.",
            where=reference,
            fix="Check the name; for a private or gated one set HF_TOKEN.",
        ) from error
    # A configuration or split that is not there, a script, files that are broken or do not agree.
    except (ValueError, RuntimeError, DatasetsError) as error:
        fix = f"Give {SHAPE}; or fetch the files and name them."
        raise DataError(_said(error), where=reference, fix=fix) from error
    except _failures() as error:
        raise DataError(
            f"The hub did not give the rows: {_said(error)}",
            where=reference,
            fix="Check the network and HF_ENDPOINT; a file or folder works without either.",
        ) from error


@contextmanager
def _asked_once() -> Generator[None]:
    """Where the hub does not answer, take what the cache has: nothing is asked again and again."""
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.errors import OfflineModeIsEnabled

    session: Any = cast("Any", huggingface_hub).get_session()
    try:
        session.head(constants.ENDPOINT, timeout=PATIENCE_S)
    except _failures() as error:
        reason = str(error)
    else:
        yield
        return

    def refuse(request: object) -> None:
        del request
        raise OfflineModeIsEnabled(f"{constants.ENDPOINT} does not answer: {reason}")

    hooks = session.event_hooks
    session.event_hooks = {**hooks, "request": [refuse]}
    try:
        yield
    finally:
        session.event_hooks = hooks


def _failures() -> tuple[type[Exception], ...]:
    """What a hub that cannot be reached, or that refuses, ends in."""
    from huggingface_hub import errors

    return OSError, cast("Any", errors).HTTPError


def _said(error: Exception) -> str:
    """The first words of an error and of what caused it; `datasets` lists the choices in line 2."""
    lines = [line for line in str(error).splitlines() if not line.startswith("Example")]
    said = " ".join(lines[:2]) or type(error).__name__
    cause = str(error.__cause__ or "").splitlines()
    return f"{said}: {cause[0]}" if cause else said


def _licence(rows: Any, repository: str) -> str:
    """The licence as the data set's card has it, which lies in the cache by now."""
    from huggingface_hub import DatasetCard

    if rows.info.license:
        return str(rows.info.license)
    try:
        said = cast("Any", DatasetCard.load(repository).data).license
    except (ValueError, *_failures()):
        return "unknown"
    several = cast("list[object]", said if isinstance(said, list) else [said or "unknown"])
    return ", ".join(map(str, several))


def _read(rows: Any, reference: str) -> Iterator[Record]:
    """Rows one by one; class numbers become class names."""
    named = {
        name: feature.names
        for name, feature in rows.features.items()
        if hasattr(feature, "names") and hasattr(feature, "int2str")
    }
    for number, values in enumerate(rows, start=1):
        for name, names in named.items():
            if isinstance(values[name], int) and 0 <= values[name] < len(names):
                values[name] = names[values[name]]
        yield Record(values, reference, number)
