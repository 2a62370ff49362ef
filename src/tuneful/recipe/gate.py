"""The recipe's section `gate`: what a tuned model must show before it is taken."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tuneful.recipe.closed import Closed

Share = Annotated[float, Field(ge=0, le=1)]


class Gate(Closed):
    """What the tuned model must reach. Each condition looks at the worse end of an interval."""

    metric: str = Field(
        default="", description="The metric that is looked at; the evaluation's first if empty."
    )
    reach: float | None = Field(
        default=None,
        description="What its 95 % interval must reach with the end that speaks against the model: "
        "the lower one where higher is better.",
    )
    margin: float | None = Field(
        default=None,
        ge=0,
        description="How much better than its base it must be, by the same end of the difference's "
        "interval; 0: better at all.",
    )
    slices: Share | None = Field(
        default=None,
        description="The share of its rows that each class, and each slice of the evaluation with "
        "rows enough, must have right, by the lower end of its interval.",
    )
    audits: list[str] | Literal["all"] = Field(
        default_factory=list[str],
        description="Audits that are made and must find nothing, or all.",
    )
    fail_on: Literal["note", "warning", "error"] = Field(
        default="warning", description="Findings of this level or above fail an audit."
    )
