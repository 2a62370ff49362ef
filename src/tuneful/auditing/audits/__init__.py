"""What tuning can break. To add one: a file here and a line in AUDITS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.auditing.audits.base import Audit

AUDITS: Registry[type[Audit]] = Registry(
    "audit",
    {
        "bias": "tuneful.auditing.audits.bias:Bias",
        "robustness": "tuneful.auditing.audits.robustness:Robustness",
    },
)
