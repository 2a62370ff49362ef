"""What programs in answers could do on this machine, told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def about_sandbox(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """What programs that the model wrote could have done here."""
    missing = facts.get("sandbox_open")
    if missing:
        yield Finding(
            Level.WARNING,
            "sandbox-open",
            f"Programs that the model wrote ran without: {', '.join(missing)}.",
            evidence="found out by trying on this machine",
            fix="Run the evaluation in a container, or on Linux 5.13 or later with user "
            "namespaces allowed.",
            where="evaluate.metrics: pass_at_k",
        )
