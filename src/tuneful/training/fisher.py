"""What the base's likelihood of general rows depends on: the diagonal of its Fisher information.

Paper: Kirkpatrick et al. 2017 (EWC), arXiv:1612.00796, equation 3, whose F this is. At every
       learned position a token is drawn from the model itself, so that the mean square of the
       gradient is the information and not the error on the rows (Kunstner et al. 2019,
       arXiv:1905.12558); the draws are independent, so one gradient serves all positions.
Unit:  the mean over tokens, as losses are.
Cost:  a forward and a backward pass of each of 128 sequences, once; kept in the store at 2 bytes a
       weight (bfloat16: its error of 0.4 % is far below that of 128 sequences).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import safetensors.torch
import torch

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.events import Event
from tuneful.models.generate import Sampling, choose, scores_of
from tuneful.planning.remember import FISHER_SEQUENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from tuneful.methods.base import Encoded
    from tuneful.models.scoring import Scorer
    from tuneful.training.general import General
    from tuneful.training.sequences import Sequences

VERSION = 1
DRAWN_AT_ONCE = 128
"""Tokens whose scores of the whole vocabulary exist at one time."""
FILE = "fisher.safetensors"


def kept_fisher(
    general: General, rows: Sequences, scorer: Scorer, base: Sequence[object]
) -> dict[str, Tensor]:
    """The diagonal by parameter name, computed now or as an earlier run kept it.

    Args:
        general: Whose rows they are; says where the result is kept.
        rows: General rows as tokens.
        scorer: Of the model before its first step.
        base: What decides its weights and numbers, as JSON values.
    """
    names = [name for name, p in scorer.model.named_parameters() if p.requires_grad]
    key = digest([VERSION, rows.path.parent.name, list(base), names])
    final = general.store.home / "fisher" / f"{rows.path.parent.name}-{key[:8]}"
    if not (final / MANIFEST).exists():
        with building(final, {"kind": "fisher", "name": final.name, "hash": key}) as draft:
            _write(draft / FILE, _spread(rows), scorer, general)
    return cast("Any", safetensors.torch).load_file(final / FILE)


def _spread(rows: Sequences) -> list[Encoded]:
    """Sequences from all over the rows, that have something to learn."""
    count = min(FISHER_SEQUENCES, len(rows))
    taken = rows.take([number * len(rows) // count for number in range(count)])
    return [s for row in taken for s in row if any(s.weights)][:FISHER_SEQUENCES]


def _write(path: Path, sequences: Sequence[Encoded], scorer: Scorer, general: General) -> None:
    def on_done(done: int) -> None:
        facts = {"stage": "train", "done": done, "total": len(sequences)}
        general.listener(Event("progress", facts | {"unit": "sequences for EWC"}))

    found = fisher_of(scorer, sequences, on_done=on_done)
    whole = {name: value.to("cpu", torch.bfloat16) for name, value in found.items()}
    cast("Any", safetensors.torch).save_file(whole, path)


def fisher_of(
    scorer: Scorer,
    sequences: Sequence[Encoded],
    seed: int = 0,
    on_done: Callable[[int], None] | None = None,
) -> dict[str, Tensor]:
    """The diagonal for each parameter that moves, in float32: mean over the learned tokens."""
    model = scorer.model.eval()
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    sums = {name: torch.zeros_like(p, dtype=torch.float32) for name, p in named.items()}
    draw, count = torch.Generator().manual_seed(seed), 0
    for done, sequence in enumerate(sequences, 1):
        learned = scorer.learned([sequence.tokens], [sequence.weights])
        own = learned._replace(target_N=_drawn(scorer, learned.state_ND, draw))
        ones_N = torch.ones_like(learned.weight_N)
        scorer.logp(own, ones_N).sum().backward()  # pyright: ignore[reportUnknownMemberType]
        count += len(ones_N)
        for name, parameter in named.items():
            if parameter.grad is not None:
                sums[name] += parameter.grad.to_dense().float().square_()
                parameter.grad = None
        if on_done:
            on_done(done)
    return {name: total / max(count, 1) for name, total in sums.items()}


def _drawn(scorer: Scorer, state_ND: Tensor, draw: torch.Generator) -> Tensor:
    """A token for each position, as likely as the model finds it."""
    once = Sampling(1, temperature=1.0)
    uniform_N = torch.rand(len(state_ND), generator=draw).to(state_ND.device)
    split = cast("Any", torch).split
    parts = zip(split(state_ND, DRAWN_AT_ONCE), split(uniform_N, DRAWN_AT_ONCE), strict=True)
    with torch.no_grad():
        return torch.cat([choose(scores_of(scorer, state), once, at) for state, at in parts])
