"""What could run code is seen without running it; changed files and licences are told."""

import collections
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.auditing.planted import Rows
from tuneful.auditing.audits.artefacts import Artefacts
from tuneful.auditing.pickles import calls_of, risks
from tuneful.auditing.sbom import SBOM
from tuneful.core.artifact import file_hashes


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", content)
    return out.getvalue()


def test_what_is_more_than_data_is_named_by_its_kind(tmp_path: Path):
    harmless = pickle.dumps(collections.OrderedDict(a=1))
    (tmp_path / "a.bin").write_bytes(zipped(harmless))
    (tmp_path / "b.pt").write_bytes(zipped(pickle.dumps([1, Evil()], protocol=2)))
    (tmp_path / "c.txt").write_bytes(pickle.dumps(Evil()))  # whatever it is called
    (tmp_path / "d.pkl").write_bytes(harmless[:-3])
    (tmp_path / "e.py").write_text("print()")
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoModel": "e.Model"}}')
    np.save(tmp_path / "f.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "g.npy", np.zeros(3))
    save_file({"x": np.zeros((2, 3), np.float32), "y": np.ones(1)}, tmp_path / "h.safetensors")
    good = (tmp_path / "h.safetensors").read_bytes()
    (tmp_path / "i.safetensors").write_bytes(good + pickle.dumps(Evil()))
    (tmp_path / "j.safetensors").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "k.safetensors").write_bytes(b"")
    (tmp_path / "tokenizer.json").write_text("{}")
    found = {risk.file: risk.kind for risk in risks(tmp_path)}
    assert found == {
        "a.bin": "pickle", "b.pt": "code", "c.txt": "code", "d.pkl": "pickle", "e.py": "program",
        "config.json": "program", "f.npy": "pickle", "i.safetensors": "broken",
        "j.safetensors": "broken", "k.safetensors": "broken",
    }  # fmt: skip


def test_every_protocol_of_pickle_tells_what_it_calls():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        names, is_whole = calls_of(io.BytesIO(pickle.dumps([Evil(), Evil()], protocol)))
        assert is_whole
        assert names in ({"posix system"}, {"nt system"}), protocol


def made(folder: Path, **manifest: Any) -> Any:
    folder.mkdir()
    save_file({"x": np.zeros(3, np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    (folder / "README.md").write_text("a draft, which libraries of adapters write")
    files = file_hashes(folder)
    known = {"base": "package:some", "licence": "Apache-2.0", "files": files, **manifest}
    model = SimpleNamespace(path=folder, manifest=known, name="m", hash="ab" * 32)
    rows: Any = Rows(())
    rows.name = "reviews"
    rows.manifest["sources"] = [{"reference": "package:movies", "licence": "unknown"}]
    return SimpleNamespace(model=model, data=rows, tuned=None)


def test_changed_files_and_licences_are_found_and_a_bill_is_written(tmp_path: Path):
    subject = made(tmp_path / "m")
    (tmp_path / "m" / "README.md").write_text("a card, written later")
    found = Artefacts().look(subject)
    assert [f.code for f in found.findings] == ["unknown-licence"]
    assert "package:movies" in found.findings[0].evidence
    bill = json.loads((tmp_path / "m" / SBOM).read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["hashes"][0]["content"] == found_hash(tmp_path / "m")
    parts = {part["name"]: part for part in bill["components"]}
    assert parts["numpy"]["purl"] == f"pkg:pypi/numpy@{np.__version__}"
    assert parts["reviews"]["type"] == "data"
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(refs) == len(set(refs))
    assert bill["dependencies"][0]["dependsOn"] == refs
    (tmp_path / "m" / "model.safetensors").write_bytes(b"\x00" * 9)
    again = Artefacts().look(subject)
    assert {"changed-files", "broken"} <= {f.code for f in again.findings}
    old = made(tmp_path / "old", files={}, licence="CC-BY-NC-SA-4.0")
    assert {f.code for f in Artefacts().look(old).findings} == {
        "no-hashes", "unknown-licence", "not-for-sale", "share-alike",
    }  # fmt: skip


def found_hash(folder: Path) -> str:
    return file_hashes(folder)["model.safetensors"]
