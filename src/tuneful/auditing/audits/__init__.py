"""What tuning can break. To add one: a file here and a line in AUDITS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.auditing.audits.base import Audit

AUDITS: Registry[type[Audit]] = Registry(
    "audit",
    {
        "artefacts": "tuneful.auditing.audits.artefacts:Artefacts",
        "bias": "tuneful.auditing.audits.bias:Bias",
        "forgetting": "tuneful.auditing.audits.forgetting:Forgetting",
        "privacy": "tuneful.auditing.audits.privacy:Privacy",
        "robustness": "tuneful.auditing.audits.robustness:Robustness",
    },
)
