"""Artefacts: what the model's folder holds, whether it is what was made, and under which licences.

Nothing is loaded to find out. Only then, and where nothing speaks against it, the model is, and the
bill of materials (`sbom.cdx.json`) beside it lists the libraries that this took.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tuneful.auditing.audits.base import Audited
from tuneful.auditing.pickles import Risk, risks
from tuneful.auditing.sbom import SBOM, sbom
from tuneful.core.artifact import file_hashes, write_json
from tuneful.core.report import Finding, Level, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.core.report import Cell

SAID = {
    "pickle": (Level.WARNING, "holds a pickle, which runs code when it is loaded"),
    "code": (Level.ERROR, "holds a pickle that calls what weights do not need"),
    "broken": (Level.ERROR, "is no safetensors file"),
    "program": (Level.WARNING, "brings code that a loader may run"),
}
CARD = "README.md"
UNKNOWN = ("", "unknown", "other", "none")
NOT_SOLD = ("-nc", "noncommercial", "non-commercial")
SHARED = ("-sa", "gpl", "share-alike", "sharealike")
"""Parts of licences' names that forbid selling, or ask for the same licence."""


@dataclass(frozen=True)
class Licence:
    """A part of the model and the licence it came under."""

    part: str
    name: str
    licence: str


class Artefacts:
    """Pickles, changed files, licences: what the model's folder holds and was made of; an SBOM."""

    needs_rows: ClassVar[bool] = False

    def look(self, subject: Subject) -> Audited:
        """Scan the model's and its base's folder, compare hashes, follow licences."""
        model = subject.model
        base = Path(str(model.manifest.get("base_folder", "")))
        found = [("model", risk) for risk in risks(model.path)]
        if base.is_dir() and str(base) != ".":
            found += [("base", risk) for risk in risks(base)]
        known: dict[str, str] = dict(model.manifest.get("files", {}))
        known.pop(
            CARD, None
        )  # adapters bring a draft of it; the evaluation and this audit write it
        now = file_hashes(model.path) if known else {}
        changed = [name for name, value in known.items() if now.get(name) != value]
        licences = list(_licences(subject))
        if not any(SAID[risk.kind][0] == Level.ERROR for _, risk in found) and not changed:
            _ = subject.tuned  # loaded, so that the bill knows every library that it takes
        bill = sbom(model, subject.data)
        write_json(model.path / SBOM, bill)
        facts = {
            "risks": [{"folder": folder, **asdict(risk)} for folder, risk in found],
            "hashed_files": len(known),
            "changed_files": changed,
            "licences": [asdict(one) for one in licences],
            "sbom": {"file": SBOM, "components": len(bill["components"])},
        }
        findings = [
            *_about_risks(found),
            *_about_hashes(known, changed, subject),
            *_about_licences(licences),
        ]
        table = _table(found, known, changed, bill, licences)
        return Audited(findings, [table], facts)


def _licences(subject: Subject) -> Iterator[Licence]:
    """The model's parts, each with its licence as its publisher states it."""
    manifest, data = subject.model.manifest, subject.data.manifest
    yield Licence("base model", str(manifest.get("base", "")), str(manifest.get("licence", "")))
    for source in data.get("sources", ()):
        yield Licence("data", str(source["reference"]), str(source["licence"]))
    answers = data.get("answers")
    if answers:
        yield Licence("teacher", str(answers["model"]), str(answers["licence"]))


def _about_risks(found: Sequence[tuple[str, Risk]]) -> Iterator[Finding]:
    for folder, risk in found:
        level, words = SAID[risk.kind]
        yield Finding(
            level,
            risk.kind if risk.kind != "code" else "pickle-code",
            f"{risk.file} of the {folder} {words}.",
            evidence=risk.what,
            fix="Do not load it elsewhere; Tuneful reads safetensors alone. Ask its publisher for "
            "safetensors, or convert it in a place that has nothing to lose.",
            where=f"audit: artefacts, {folder}",
        )


def _about_hashes(
    known: dict[str, str], changed: Sequence[str], subject: Subject
) -> Iterator[Finding]:
    if not known:
        yield Finding(
            Level.NOTE,
            "no-hashes",
            "The manifest has no hashes of the files: it is of an older version.",
            fix="Train again to have them.",
            where=str(subject.model.path),
        )
    if changed:
        yield Finding(
            Level.ERROR,
            "changed-files",
            f"{len(changed)} of {len(known)} files are not those that were made.",
            evidence=", ".join(changed[:5]),
            fix="Do not use the folder: fetch it again, or train again.",
            where=str(subject.model.path),
        )


def _about_licences(licences: Sequence[Licence]) -> Iterator[Finding]:
    def with_any(parts: Sequence[str]) -> list[Licence]:
        return [one for one in licences if any(part in one.licence.lower() for part in parts)]

    said = (
        (
            [one for one in licences if one.licence.lower() in UNKNOWN],
            Level.WARNING,
            "unknown-licence",
            "parts have no known licence",
            "Ask their publishers; without one nothing is allowed.",
        ),
        (
            with_any(NOT_SOLD),
            Level.WARNING,
            "not-for-sale",
            "parts may not be used commercially",
            "Keep the model to what they allow, or train without them.",
        ),
        (
            with_any(SHARED),
            Level.NOTE,
            "share-alike",
            "parts ask for their own licence on what is made of them",
            "See whether a model is meant by it before you publish.",
        ),
    )
    for found, level, code, words, fix in said:
        if found:
            shown = "; ".join(f"{one.part} {one.name}: {one.licence or 'none'}" for one in found)
            yield Finding(
                level,
                code,
                f"{len(found)} of {len(licences)} {words}.",
                evidence=shown,
                fix=fix,
                where="audit: artefacts, licences",
            )


def _table(
    found: Sequence[tuple[str, Risk]],
    known: dict[str, str],
    changed: Sequence[str],
    bill: dict[str, list[object]],
    licences: Sequence[Licence],
) -> Table:
    same = f"{len(known) - len(changed)} of {len(known)}" if known else None
    rows: list[list[Cell]] = [
        ["files that are more than data", len(found)],
        ["files with the hash they were made with", same],
        [f"components in {SBOM}", len(bill["components"])],
    ]
    for one in licences:
        what = f"licence of the {one.part} {one.name}"
        rows.append([what, one.licence or None])
    return Table("Artefacts", ["what", "found"], rows)
