"""The recipe's section on what a model should not lose."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuneful.recipe.closed import Closed


class Remember(Closed):
    """What the model should not lose while it learns, and how that is measured."""

    text: str | None = Field(
        default="speeches",
        description="General text on which every tuned language model is compared with its base "
        "(perplexity): speeches is built in (60 passages); else a source as in data.source, of "
        "which 200 rows are read, at most half of it. Empty: none.",
    )
    replay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of general rows among the rows of a step (remember.source), beside the "
        "batch_size of its own; both parts' mean losses count by their rows. 0.05 to 0.25 are "
        "usual (Scialom et al. 2022, arXiv:2205.12393; Ibrahim et al. 2024, arXiv:2403.08763).",
    )
    ewc: float = Field(
        default=0.0,
        ge=0,
        description="Lambda of elastic weight consolidation (Kirkpatrick et al. 2017, "
        "arXiv:1612.00796, equation 3): a weight is held where it began the more, the more general "
        "rows (remember.source) depend on it. Full adapter, language models.",
    )
    source: str = Field(
        default="speeches",
        description="The general rows that replay and ewc learn from; never those that are "
        "measured. speeches is built in (256 passages of other speakers); else a source as in "
        "data.source, of which 5,000 rows are taken, and half of it at most where remember.text "
        "is the same.",
    )
    rows: Literal["text", "method"] = Field(
        default="text",
        description="What they are. text: raw text, learned as method pretrain learns it; method: "
        "rows of the recipe's own kind, learned as its own rows are.",
    )
    kl: float = Field(
        default=0.0,
        ge=0,
        description="Weight of a penalty for moving from the base model on the learned tokens: "
        "their mean of (log p - log p_base)^2 / 2, Schulman's estimate k2 of KL(tuned, base). "
        "Every method that learns tokens of its rows.",
    )
    l2_sp: float = Field(
        default=0.0,
        ge=0,
        description="Each step a weight goes learning rate x l2_sp of the way back to where it "
        "began (L2-SP, Li et al. 2018, arXiv:1802.01483, decoupled as AdamW's decay is); tens to "
        "hundreds are felt. Full adapter.",
    )
    wise_ft: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="The share of the way from base to tuned weights that is kept in the end "
        "(WiSE-FT, Wortsman et al. 2022, arXiv:2109.01903, equation 1); 1 keeps all. Language "
        "models, full or lora.",
    )

    @property
    def needs_rows(self) -> bool:
        """Whether general rows are learned from."""
        return self.replay > 0 or self.ewc > 0
