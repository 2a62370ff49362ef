"""Tuneful: from a base model that is not good enough to a tuned one that is proved better."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuneful.core.report import Report as Report
    from tuneful.core.run import Run as Run
    from tuneful.core.store import Store as Store
    from tuneful.models.predict import load_predictor as load_predictor
    from tuneful.recipe.schema import Recipe as Recipe
    from tuneful.workflow import Gate as Gate
    from tuneful.workflow import audit as audit
    from tuneful.workflow import compare as compare
    from tuneful.workflow import evaluate as evaluate
    from tuneful.workflow import plan as plan
    from tuneful.workflow import prepare as prepare
    from tuneful.workflow import run as run
    from tuneful.workflow import train as train

__version__ = "0.1.0"

# name -> the module it lives in. Nothing is imported before it is asked for (PEP 562).
_PUBLIC = {
    "Gate": "tuneful.workflow",
    "Recipe": "tuneful.recipe.schema",
    "Report": "tuneful.core.report",
    "Run": "tuneful.core.run",
    "Store": "tuneful.core.store",
    "audit": "tuneful.workflow",
    "compare": "tuneful.workflow",
    "evaluate": "tuneful.workflow",
    "load_predictor": "tuneful.models.predict",
    "plan": "tuneful.workflow",
    "prepare": "tuneful.workflow",
    "run": "tuneful.workflow",
    "train": "tuneful.workflow",
}
__all__ = [
    "Gate",
    "Recipe",
    "Report",
    "Run",
    "Store",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "load_predictor",
    "plan",
    "prepare",
    "run",
    "train",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'tuneful' has no attribute {name!r}")
