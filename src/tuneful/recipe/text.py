"""A recipe's YAML as values and lines, without YAML's traps.

YAML 1.2 (ruamel): 2e-4 is a number, `on` and `no` are text. Duplicate keys are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import RecipeError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Lines:
    """Where each key of a file stands, and which keys were set on top of it."""

    path: Path
    root: Any
    overridden: tuple[str, ...] = ()

    def of_key(self, key: tuple[str, ...]) -> str:
        """file:line of a key and the key; "--set" where its value comes from there."""
        dotted = ".".join(key)
        for name in self.overridden:
            longer, shorter = sorted((name, dotted), key=len, reverse=True)
            if f"{longer}.".startswith(f"{shorter}."):
                return f"--set {longer}"
        return f"{self.place(key)}: {dotted}" if key else self.place(key)

    def place(self, key: tuple[str, ...]) -> str:
        """file:line of a key, or of the nearest section above it that the file has."""
        node, line = self.root, 1
        for name in key:
            marks = cast("dict[str, list[int]]", getattr(getattr(node, "lc", None), "data", None))
            if not marks or name not in marks:
                break
            line = marks[name][0] + 1
            node = node[name]
        return f"{self.path}:{line}"


def read(path: Path) -> tuple[dict[str, Any], Lines]:
    """Read a YAML mapping.

    Raises:
        RecipeError: The file is missing, not UTF-8, no YAML, has a key twice, or is no mapping.
    """
    root = parse(_text(path), str(path))
    if not isinstance(root, dict):
        raise RecipeError(
            "The recipe is empty." if root is None else "A recipe is a mapping of keys to values.",
            where=str(path),
            fix="tuneful new shows one.",
        )
    return cast("dict[str, Any]", plain(root)), Lines(path, root)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # with or without Windows' byte order mark
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"The recipe is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}.",
            where=str(path),
            fix="Save it as UTF-8.",
        ) from None
    except FileNotFoundError:
        raise RecipeError(
            "There is no such recipe.", where=str(path), fix=f"tuneful new {path}"
        ) from None
    except IsADirectoryError:
        raise RecipeError(
            "This is a folder, not a recipe.", where=str(path), fix="Name a file in it."
        ) from None
    except OSError as error:
        raise RecipeError(
            f"The recipe cannot be read: {error.strerror}.",
            where=str(path),
            fix="Check its path and your right to read it.",
        ) from None


def parse(text: str, where: str) -> Any:
    """YAML text as ruamel's marked values.

    Raises:
        RecipeError: It is no YAML, or a key stands twice.
    """
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return _yaml().load(text)
    except DuplicateKeyError as error:
        raise _duplicate(error, where) from None
    except MarkedYAMLError as error:
        raise _no_yaml(error, where) from None
    except RecursionError:
        raise RecipeError(
            "The recipe is nested too deep to read.",
            where=where,
            fix="Sections stand in sections, at most three deep.",
        ) from None
    except ReaderError as error:
        found: Any = error
        line = text.count("\n", 0, found.position) + 1
        raise RecipeError(
            f"The recipe holds a character that YAML forbids: {found.character:#04x}.",
            where=f"{where}:{line}",
            fix="Delete it, or write it as an escape in double quotes.",
        ) from None


def _yaml() -> Any:
    """A reader that marks lines. Dates stay text, as in YAML 1.2."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import RoundTripConstructor

    class DatesAreText(RoundTripConstructor):
        pass

    constructor: Any = DatesAreText
    constructor.add_constructor("tag:yaml.org,2002:timestamp", constructor.construct_scalar)
    yaml: Any = YAML(typ="rt")
    yaml.Constructor = constructor
    return yaml


def _duplicate(error: Any, where: str) -> RecipeError:
    first = str(error.problem).splitlines()[0]
    return RecipeError(
        f"A key stands twice: {first}.",
        where=f"{where}:{error.problem_mark.line + 1}",
        fix="Keep one of them.",
    )


def _no_yaml(error: Any, where: str) -> RecipeError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = str(error.problem or error.context or "cannot be read")
    is_tab = "\\t" in problem or "\t" in problem
    return RecipeError(
        f"This is no YAML: {problem}.",
        where=f"{where}:{line}",
        fix="Indent with spaces." if is_tab else "Check quotes, colons and indentation there.",
    )


def value_of(text: str) -> Any:
    """One value as YAML reads it: 2e-4, true, null, [a, b] or text."""
    return plain(parse(text, f"--set {text!r}"))


def plain(node: Any) -> Any:
    """Marked values as Python's own."""
    from ruamel.yaml.scalarbool import ScalarBoolean

    if isinstance(node, dict):
        return {str(k): plain(v) for k, v in cast("dict[Any, Any]", node).items()}
    if isinstance(node, list):
        return [plain(v) for v in cast("list[Any]", node)]
    if isinstance(node, bool | ScalarBoolean):  # ruamel's kind of int for a truth with an anchor
        return bool(node)
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
