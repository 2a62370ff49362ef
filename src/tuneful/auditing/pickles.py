"""What is in a folder of weights that could run code: pickles, read as opcodes and never loaded.

Source: Python's own pickletools; a pickle calls what GLOBAL and STACK_GLOBAL name. A safetensors
        file is a header in JSON and bytes: it is checked to be that and nothing else.
"""

from __future__ import annotations

import ast
import json
import pickletools
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill")
"""Endings of files that are usually pickles."""
HARMLESS = frozenset({
    "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter",
    "torch FloatStorage", "torch HalfStorage", "torch BFloat16Storage", "torch LongStorage",
    "torch IntStorage", "torch BoolStorage", "torch DoubleStorage", "torch ByteStorage",
    "numpy dtype", "numpy ndarray", "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct", "numpy.core.multiarray scalar",
})  # fmt: skip
"""What weights need to be built again."""
LONGEST_HEADER = 100_000_000
"""Bytes: what the safetensors library itself accepts."""
TEXT = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "SHORT_BINSTRING")


@dataclass(frozen=True)
class Risk:
    """A file that is more than data.

    Attributes:
        kind: "pickle" (weights as a pickle), "code" (it calls what weights do not need), "broken"
            (no safetensors file, though it is called so), "program" (Python that a loader may run).
    """

    file: str
    kind: str
    what: str


def risks(folder: Path) -> list[Risk]:
    """Every file of a folder that is more than data."""
    found: list[Risk] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found += [Risk(name, kind, what) for kind, what in _of(path)]
    return found


def _of(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix == ".safetensors":
        fault = _fault_of_safetensors(path)
        if fault:
            yield "broken", fault
    elif path.suffix == ".py":
        yield "program", "Python code beside the weights"
    elif path.name == "config.json":
        asked = _auto_map(path)
        if asked:
            yield "program", f"config.json asks for code: {asked}"
    else:
        yield from _of_other(path)


def _auto_map(path: Path) -> str:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    asked: dict[str, Any] = {}
    if isinstance(known, dict):
        asked = cast("dict[str, Any]", known).get("auto_map") or {}
    return ", ".join(asked)


def _of_other(path: Path) -> Iterator[tuple[str, str]]:
    """Of a file whatever its name: what begins as a pickle, or holds one in a zip."""
    with path.open("rb") as file:
        head = file.read(256)
    is_pickle = path.suffix in NAMES or head[:1] == b"\x80"
    if zipfile.is_zipfile(path):
        yield from _of_zip(path)
    elif head[:6] == b"\x93NUMPY" and b"|O'" in head:
        yield "pickle", "an array of Python objects"
    elif is_pickle:
        with path.open("rb") as file:
            yield _judged(file)


def _of_zip(path: Path) -> Iterator[tuple[str, str]]:
    """Of a file as torch.save writes it: a zip with a pickle in it."""
    try:
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                if name.endswith((".pkl", ".pickle")):
                    with packed.open(name) as file:
                        yield _judged(file)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # broken, encrypted
        yield "pickle", f"a zip that cannot be read: {error}"


def _judged(content: IO[bytes]) -> tuple[str, str]:
    called, is_whole = calls_of(content)
    strange = sorted(called - HARMLESS)
    if strange:
        return "code", f"it calls {', '.join(strange[:5])}"
    return (
        "pickle",
        "weights as a pickle" if is_whole else "a pickle that cannot be read to its end",
    )


def calls_of(content: IO[bytes]) -> tuple[set[str], bool]:
    """What a pickle names to be called, "module name", and whether it could be read to its end."""
    found: set[str] = set()
    texts: list[str] = []
    memo: dict[int, str] = {}
    try:
        for opcode, argument, _ in pickletools.genops(content):
            _note(opcode.name, argument, (found, texts, memo))
    except (ValueError, IndexError, KeyError, UnicodeDecodeError, AttributeError):
        return found, False
    return found, True


def _note(name: str, argument: Any, state: tuple[set[str], list[str], dict[int, str]]) -> None:
    """Follow texts through stack and memo, as far as naming goes."""
    found, texts, memo = state
    if name in {"GLOBAL", "INST"}:
        found.add(str(argument))
    elif name == "STACK_GLOBAL":
        found.add(" ".join(texts[-2:]))
    elif name in TEXT:
        texts.append(_text(argument))
    elif name == "MEMOIZE" and texts:
        memo[len(memo)] = texts[-1]
    elif name in {"BINPUT", "LONG_BINPUT", "PUT"} and texts:
        memo[int(argument)] = texts[-1]
    elif name in {"BINGET", "LONG_BINGET", "GET"}:
        texts.append(memo.get(int(argument), "?"))


def _text(argument: Any) -> str:
    text = str(argument)
    quoted = text[:1] in {"'", '"'} and text[-1:] == text[:1]
    return str(ast.literal_eval(text)) if quoted and len(text) > 1 else text


def _fault_of_safetensors(path: Path) -> str:
    """Why a file is no safetensors file; "" where it is one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            return f"its header would have {length:,} bytes, the file has {size:,}"
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return "its header is no JSON"
    if not isinstance(header, dict):
        return "its header is no table of tensors"
    known = cast("dict[str, Any]", header)
    try:
        ends = sorted(tuple(map(int, v["data_offsets"])) for k, v in known.items() if k[0] != "_")
    except (KeyError, TypeError, ValueError, IndexError):
        return "a tensor has no place in it"
    place = 0
    for begin, end in ends:
        if begin != place or end < begin:
            return f"bytes {place:,} to {begin:,} belong to no tensor, or to two"
        place = end
    return "" if place == size - 8 - length else "there are bytes after the last tensor"
