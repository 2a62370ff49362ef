"""A Python function of your own: what it returns is the score.

It is called with those of answer, reference, prompt (a list of {"role", "content"}) and tools that
its signature names. It runs in a process of its own; what it raises, and what takes longer than
timeout_s, costs that answer and is counted. A recipe that names a function runs its code.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import RecipeError
from tuneful.grading.graders.base import GraderConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tuneful.grading.graders.base import Answer

OFFERED = ("answer", "reference", "prompt", "tools")


class PythonConfig(GraderConfig):
    """Settings of a function."""

    name: Literal["python"] = Field(default="python", description="A Python function's number.")
    function: str = Field(
        pattern=r"^.+:\w+$", description="module:function, or file.py:function from this folder."
    )


class Python:
    """What a Python function of your own says."""

    Config: ClassVar[type[PythonConfig]] = PythonConfig

    def __init__(self, config: PythonConfig) -> None:
        self.function = _find(config.function)
        self.names = list(inspect.signature(self.function).parameters)
        strange = [name for name in self.names if name not in OFFERED]
        if strange:
            raise RecipeError(
                f"The function asks for {', '.join(strange)}, which is not offered.",
                where=f"function: {config.function}",
                fix=f"Let it take some of {', '.join(OFFERED)}.",
            )

    def grade(self, answer: Answer) -> float:
        """Whatever the function returns, as a number."""
        offered: dict[str, Any] = {
            "answer": answer.text,
            "reference": answer.reference,
            "prompt": [turn.to_json() for turn in answer.prompt],
            "tools": list(answer.tools),
        }
        return float(self.function(**{name: offered[name] for name in self.names}))


def _find(target: str) -> Callable[..., Any]:
    """Import "module:function" or "file.py:function".

    Raises:
        RecipeError: There is no such module or function.
    """
    place, _, name = target.rpartition(":")
    try:
        module = _file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        return getattr(module, name)
    except (ImportError, OSError, SyntaxError, AttributeError) as error:
        raise RecipeError(
            f"The grader's function cannot be had: {error}.",
            where=f"function: {target}",
            fix="Write module:function for what Python can import here, or path/to/file.py:name.",
        ) from error


def _file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
