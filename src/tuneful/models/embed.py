"""Texts as vectors: the mean of a model's last states over a text's tokens.

Texts are ordered by length and packed. Mean pooling over all tokens is what sentence encoders such
as MiniLM were trained for (Reimers & Gurevych 2019, arXiv:1908.10084, section 3).

Shapes: N texts, T tokens of a pass, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tuneful.core.errors import ModelError
from tuneful.core.machine import look
from tuneful.models.catalog import describe
from tuneful.models.load import load_weights, set_up
from tuneful.models.model import Model
from tuneful.models.packing import TOKENS_PER_PASS, cut_into_passes
from tuneful.models.scoring import Scorer
from tuneful.models.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from tuneful.models.references import Located
    from tuneful.models.tokenizer import Tokenizer


@dataclass(frozen=True)
class Embedder:
    """Embeds texts with a frozen model.

    Attributes:
        max_length: Tokens of a text that are read, those around it counted.
        is_encoder: Whether it reads both ways.
    """

    tokenizer: Tokenizer
    scorer: Scorer
    max_length: int
    is_encoder: bool

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of each text, not normalised: [N, D]."""
        sequences = [self._closed(ids) for ids in self.tokenizer.encode(texts)]
        found: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(sequences)
        self.scorer.model.eval()
        for members in cut_into_passes([len(ids) for ids in sequences], TOKENS_PER_PASS):
            with torch.inference_mode():
                mean_SD = self._means([sequences[i] for i in members])
            for i, row in zip(members, mean_SD.cpu().numpy(), strict=True):
                found[i] = row
        return np.stack(found)

    def states(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """The last states of each text's tokens, those around it with them: [T, D] each.

        Of encoders; a decoder's states know only what stands before them.
        """
        assert self.is_encoder, "decoders are refused before"
        sequences = [self._closed(ids) for ids in self.tokenizer.encode(texts)]
        found: list[NDArray[np.float32]] = [np.empty((0, 0), np.float32)] * len(sequences)
        self.scorer.model.eval()
        for members in cut_into_passes([len(ids) for ids in sequences], TOKENS_PER_PASS):
            with torch.inference_mode():
                state_TD = self.scorer.class_logits_and_states([sequences[i] for i in members])[1]
            ends = np.cumsum([len(sequences[i]) for i in members])[:-1]
            parts = np.split(state_TD.float().cpu().numpy(), ends)
            for i, part in zip(members, parts, strict=True):
                found[i] = part
        return found

    def _closed(self, ids: Sequence[int]) -> list[int]:
        """A text's tokens. A decoder's states are had before targets, so it gets one at its end."""
        if self.is_encoder:
            return self.tokenizer.close(ids, self.max_length)[0]
        kept = [*self.tokenizer.prefix, *ids][: self.max_length - 1]
        return [*kept, self.tokenizer.pad_id]

    def _means(self, sequences: Sequence[list[int]]) -> Tensor:
        """The mean state of each sequence's tokens: [S, D] in float32."""
        lengths = torch.tensor([len(ids) - (not self.is_encoder) for ids in sequences])
        if self.is_encoder:
            state_TD = self.scorer.class_logits_and_states(sequences)[1].float()
        else:
            weights = [[0.0] + [1.0] * (len(ids) - 1) for ids in sequences]
            state_TD = self.scorer.learned(sequences, weights).state_ND.float()
        lengths = lengths.to(state_TD.device)
        owner_T = torch.repeat_interleave(torch.arange(len(lengths)).to(lengths.device), lengths)
        sum_SD = state_TD.new_zeros(len(lengths), state_TD.shape[1]).index_add(0, owner_T, state_TD)
        return sum_SD / lengths.clamp(min=1)[:, None]


def load_embedder(located: Located, max_length: int, *, exact: bool = False) -> Embedder:
    """Load a model to embed with: an encoder or a decoder, in bf16 where the machine has it.

    Args:
        located: The model.
        max_length: Tokens of a text that are read.
        exact: In float32, for numbers that are to compare with others'.

    Raises:
        ModelError: It is an adapter, or cannot be loaded.
    """
    labels: tuple[str, ...] = ("a", "b")  # of a head that is not asked
    if located.is_tuned:
        model = Model.open(located.folder)
        labels = model.labels or labels
        if model.is_adapter:
            raise ModelError(
                "An adapter cannot embed texts by itself.",
                where=str(located.folder),
                fix=f"Name its base: {model.manifest['base']}.",
            )
    is_encoder = describe(located.folder).kind == "encoder"
    head = "classes" if is_encoder else "tokens"
    tokenizer = load_tokenizer(located.folder, needs_chat=False)
    precision = torch.bfloat16 if look().has_bf16 and not exact else torch.float32
    weights = load_weights(located.folder, head=head, labels=labels, precision=precision)
    set_up(weights, tokenizer, None)
    weights = weights.to("cuda" if torch.cuda.is_available() else "cpu")
    scorer = Scorer(weights, pad_id=tokenizer.pad_id, packed=True, every_state=is_encoder)
    longest = describe(located.folder).max_length
    return Embedder(tokenizer, scorer, min(max_length, longest), is_encoder)
