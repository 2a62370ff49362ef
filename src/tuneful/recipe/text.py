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
    """Where each key of a file stands."""

    path: Path
    root: Any

    def of_key(self, key: tuple[str, ...]) -> str:
        """file:line of a key, or of the nearest section above it that the file has."""
        node, line = self.root, 1
        for name in key:
            marks = getattr(getattr(node, "lc", None), "data", None) or {}
            if name not in marks:
                break
            line = marks[name][0] + 1
            node = node[name]
        return f"{self.path}:{line}: {'.'.join(key)}"

    def of_value(self, text: str) -> str:
        """file:line of the first line that holds a quoted value of the message."""
        quoted = text.split("'")[1:2]
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            if quoted and quoted[0] in line:
                return f"{self.path}:{number}"
        return str(self.path)


def read(path: Path) -> tuple[dict[str, Any], Lines]:
    """Read a YAML mapping.

    Raises:
        RecipeError: The file is missing, not UTF-8, no YAML, has a key twice, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(
            "There is no such recipe.", where=str(path), fix=f"tuneful new {path}"
        ) from None
    except IsADirectoryError:
        raise RecipeError("This is a folder, not a recipe.", where=str(path), fix="Name a file in it.") from None
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"The recipe is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}.",
            where=str(path),
            fix="Save it as UTF-8.",
        ) from None
    root = parse(text, str(path))
    if not isinstance(root, dict):
        raise RecipeError(
            "The recipe is empty." if root is None else "A recipe is a mapping of keys to values.",
            where=str(path),
            fix="tuneful new shows one.",
        )
    return cast("dict[str, Any]", plain(root)), Lines(path, root)


def parse(text: str, where: str) -> Any:
    """YAML text as ruamel's marked values.

    Raises:
        RecipeError: It is no YAML, or a key stands twice.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError

    try:
        return YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1
        first = str(error.problem).splitlines()[0]
        raise RecipeError(
            f"A key stands twice: {first}.", where=f"{where}:{line}", fix="Keep one of them."
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "cannot be read"
        fix = "Indent with spaces." if "\\t" in str(problem) or "'\t'" in str(problem) else "Check quotes, colons and indentation there."
        raise RecipeError(f"This is no YAML: {problem}.", where=f"{where}:{line}", fix=fix) from None


def value_of(text: str) -> Any:
    """One value as YAML reads it: 2e-4, true, null, [a, b] or text."""
    return plain(parse(text, f"--set value {text!r}"))


def plain(node: Any) -> Any:
    """Marked values as Python's own."""
    if isinstance(node, dict):
        return {str(k): plain(v) for k, v in cast("dict[Any, Any]", node).items()}
    if isinstance(node, list):
        return [plain(v) for v in cast("list[Any]", node)]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return node if isinstance(node, bool) else kind(node)
    return node
