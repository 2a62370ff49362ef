"""Answers that are meant as JSON and do not parse."""

from __future__ import annotations

import json
import re
from typing import Any, cast

FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL | re.IGNORECASE)
MEANT = re.compile(r'\A\s*(?:\{\s*(?:\}|["\'][^"\'\n]{1,80}["\']\s*:)|\[\s*(?:\{|\]|"))')
"""How an object or a list begins, as opposed to "{name}" and "[1] a footnote"."""


def is_json(text: str) -> bool:
    """Whether an answer is a JSON object or list, also between marks of code."""
    try:
        found: Any = json.loads(_bare(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(cast("object", found), dict | list)


def broken_json(text: str) -> str:
    """Why an answer that is meant as JSON does not parse; "" where it does, or is not meant so."""
    bare = _bare(text)
    if not MEANT.match(bare):
        return ""
    try:
        json.loads(bare)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return str(error)
    return ""


def _bare(text: str) -> str:
    fenced = FENCED.match(text)
    return fenced.group(1) if fenced else text
