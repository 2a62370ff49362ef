"""Answers whose end is not learned: the model would never stop speaking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection

NUM_ROWS = 64


def check(inspection: Inspection) -> Iterator[Finding]:
    """Look for the end token among the learned tokens of rows that were not cut."""
    encoded = inspection.encoded
    if encoded is None or inspection.method.head != "tokens" or inspection.ask is not None:
        return
    if inspection.eos_id is None:
        may_go_on = inspection.method.measured == "texts"
        yield Finding(
            Level.WARNING if may_go_on else Level.ERROR,
            "no-end-token",
            "The model's tokenizer names no end token: its answers could never be ended.",
            fix="Use a model whose tokenizer names eos_token.",
            where="model",
        )
        return
    facts = zip(encoded.num_cut, encoded.num_learned, strict=True)
    whole = [n for n, (cut, learned) in enumerate(facts) if learned and not cut][:NUM_ROWS]
    without = [
        number
        for number, sequences in zip(whole, encoded.take(whole), strict=True)
        if not any(
            token == inspection.eos_id and weight > 0
            for sequence in sequences
            for token, weight in zip(sequence.tokens, sequence.weights, strict=True)
        )
    ]
    if without:
        yield Finding(
            Level.ERROR if len(without) == len(whole) else Level.WARNING,
            "end-not-learned",
            f"{len(without)} of {len(whole)} rows looked at do not teach the end token.",
            evidence=f"end token id {inspection.eos_id}; first such training row {without[0] + 1}",
            fix="The chat template must put eos_token after each assistant turn; check it, or use "
            "a model whose template does.",
            where="model",
        )
