"""The recipe's section `audit`: what tuning may have broken, and how closely it is looked at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tuneful.recipe.closed import Closed
from tuneful.recipe.data import Remote
from tuneful.recipe.parts import GraderPart

Count = Annotated[int, Field(ge=1)]


class Teacher(Closed):
    """Who says test rows in other words, and who looks whether they still say the same."""

    model: str = Field(
        description="As in `model`; with an endpoint, what that calls it. Not the audited model."
    )
    endpoint: Remote | None = Field(
        default=None, description="Where it is asked; left out, it runs on this machine."
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        description="What its scores are divided by when it draws; 0 takes the likeliest token.",
    )
    max_new_tokens: int = Field(
        default=512, ge=1, description="Longest reply; a row whose reply has no end is left out."
    )
    shape: Literal["json", "text"] = Field(
        default="json",
        description="How it replies, as for the augmenter paraphrase; text: for small models.",
    )
    check: Literal["judge", "head", "none"] = Field(
        default="judge",
        description="Who looks whether a row is still what it is called. judge: the same model, in "
        "one more question a row; head: a quick classifier of the training rows, which costs "
        "nothing, but leaves out rows that are hard for it: what is lost then looks smaller.",
    )


class Audit(Closed):
    """What to look for beside the metrics, and in how many rows."""

    audits: list[str] | Literal["auto"] = Field(
        default="auto", description="Names from `tuneful list audits`; auto: all."
    )
    rows: Count | Literal["auto"] = Field(
        default="auto",
        description="Test rows that are asked about, drawn by the seed; auto: 300, or 24 where "
        "answers are written. Every disturbance takes 120 of them at most.",
    )
    tolerance: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="What is let pass: a finding needs an interval that lies beyond it, as a share "
        "(of probability, of rows); 0 reports whatever differs from none.",
    )
    terms: str | None = Field(
        default=None,
        description="A YAML file with identity terms of your own, added to the built-in axes.",
    )
    tests: str | None = Field(
        default=None,
        description="A YAML file with behaviour that the model must show (CheckList, Ribeiro et "
        "al. 2020, arXiv:2005.04118): MFT, INV and DIR tests.",
    )
    graders: list[GraderPart] = Field(
        default_factory=list[GraderPart],
        description="What scores written answers, for gaps between groups: `tuneful list graders`.",
    )
    attack_rows: int = Field(
        default=16, ge=0, description="Rows whose words an attack replaces; 0: none."
    )
    attack_queries: Count = Field(
        default=60, description="Times that the attack may ask the model about each row."
    )
    teacher: Teacher | None = Field(
        default=None,
        description="Who paraphrases the disturbed rows; without one paraphrases are not audited.",
    )
