"""The recipe's section `data`: where rows come from, and how they are divided and used."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializeAsAny, WithJsonSchema, model_validator

from tuneful.recipe.closed import Closed
from tuneful.recipe.doubtful import Doubtful
from tuneful.recipe.parts import GraderPart, PartConfig, part

CleanerPart = Annotated[
    SerializeAsAny[PartConfig], part("cleaner"), WithJsonSchema({"part": "cleaner"})
]
"""A step of cleaning: its name, or {name, settings}."""

WHO = frozenset({"workers", "engine"})
"""Settings of data that no row depends on: who does the work."""

AugmenterPart = Annotated[
    SerializeAsAny[PartConfig], part("augmenter"), WithJsonSchema({"part": "augmenter"})
]
"""A way to make rows: its name, or {name, settings}."""


class Take(Closed):
    """How many rows of each split to use, and which."""

    train: int | None = Field(default=None, ge=1, description="Rows to train on; all if empty.")
    validation: int | None = Field(default=None, ge=1, description="Rows to validate on.")
    test: int | None = Field(default=None, ge=1, description="Rows to test on.")
    order: Literal["random", "first"] = Field(
        default="random",
        description="random: seeded and with the classes' shares kept. first: as they stand in "
        "the source, which is one class only where the source is sorted by label.",
    )


class Split(Closed):
    """How rows are divided. A share below 1 or a number of rows."""

    validation: float = Field(default=0.1, ge=0, description="Share or number of rows.")
    test: float = Field(default=0.1, ge=0, description="Share or number of rows.")
    group_duplicates: Literal["near", "exact", "none"] = Field(
        default="near",
        description="Copies that must stay on one side of the split. near: word 3-shingles with "
        "a Jaccard similarity of 0.8 or more; exact: the same text but for case and spaces.",
    )
    group: str | None = Field(
        default=None,
        description="A column; rows with the same value there (an author, a product, a source) "
        "stay on one side of the split.",
    )
    time: str | None = Field(
        default=None,
        description="A column with times: the oldest rows are trained on, the newest tested.",
    )
    stable: bool = Field(
        default=False,
        description="Each row's side is decided by its text alone (by its group's value where "
        "group is given), so that rows added later never move an old row to another side.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        asked = (self.validation, self.test)
        if any(n > 1 and n % 1 for n in asked) or sum(n for n in asked if n < 1) >= 1:
            raise ValueError("give shares that are below 1 together, or whole numbers of rows")
        if self.time is not None and (self.stable or self.group is not None):
            other = "stable" if self.stable else "group"
            raise ValueError(f"time and {other} are two ways to divide; leave one of them out")
        return self


class Remote(Closed):
    """An OpenAI-compatible endpoint, how patiently it is asked, and what it may cost."""

    # What it is asked with, but not what it is asked: these change no answer.
    PATIENCE: ClassVar[frozenset[str]] = frozenset(
        {"key", "at_once", "timeout_s", "retries", "max_usd", "input_usd", "output_usd"}
    )

    url: str = Field(pattern=r"^https?://", description="Up to /v1: http://127.0.0.1:8000/v1.")
    key: str = Field(
        default="",
        description="Name of the environment variable that holds the key; empty where none is.",
    )
    at_once: int = Field(default=8, ge=1, description="Questions that wait for a reply together.")
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds for one whole reply.")
    retries: int = Field(
        default=4,
        ge=0,
        description="How often a question is asked again after silence, an overload or an error "
        "of the server; the pauses double from half a second.",
    )
    max_usd: float | None = Field(
        default=None, gt=0, description="What all answers may cost; needs both prices."
    )
    input_usd: float = Field(default=0.0, ge=0, description="Of a million tokens that it reads.")
    output_usd: float = Field(default=0.0, ge=0, description="Of a million tokens that it writes.")

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.max_usd is not None and not (self.input_usd or self.output_usd):
            raise ValueError("max_usd needs the prices input_usd and output_usd")
        return self


class Answers(Closed):
    """A model that writes the answers that rows are learned with.

    Sequence-level distillation (Kim & Rush 2016, arXiv:1606.07947).
    """

    model: str = Field(
        description="The teacher, as in `model`; its tokens may be other ones. With an endpoint, "
        "what the endpoint calls it."
    )
    endpoint: Remote | None = Field(
        default=None, description="Where the teacher is asked; left out, it runs on this machine."
    )
    instruction: str = Field(
        default="",
        description="A system turn for the teacher alone: the student learns to answer without.",
    )
    max_new_tokens: int = Field(
        default=128, ge=1, description="Longest answer; a row whose answer has no end is left out."
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        description="What its scores are divided by when it draws; 0 takes the likeliest token.",
    )
    samples: int = Field(
        default=1,
        ge=1,
        description="Answers drawn to each row, of which the most frequent is kept "
        "(self-consistency, Wang et al. 2023, arXiv:2203.11171); JSON is compared as JSON, other "
        "text but for case and spaces.",
    )
    agreement: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Smallest share of the samples that must say the same; other rows are left "
        "out.",
    )
    json_schema: dict[str, Any] | None = Field(
        default=None, description="What answers must fit (JSON Schema); others are left out."
    )
    graders: list[GraderPart] = Field(
        default_factory=list[GraderPart],
        description="Graders of the answers: `tuneful list graders`.",
    )
    at_least: float = Field(
        default=0.5, description="Smallest weighted sum of the graders' scores that is kept."
    )

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if self.samples > 1 and not self.temperature:
            raise ValueError("samples above 1 are all alike at temperature 0; raise temperature")
        return self


class Corrections(Closed):
    """Corner cases with what should have been said: learned, and asked by every evaluation."""

    source: str = Field(
        description="A file with the columns input, should and, if it is known, said: what the "
        "model said instead."
    )
    weight: float = Field(
        default=3.0,
        gt=0,
        description="How much each counts in the loss beside a row of the source; rows without a "
        "weight (preferences, prompts) stand there as often instead.",
    )
    held_out: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share that is not learned but only asked, chosen by its content.",
    )


class Data(Closed):
    """Where the rows come from, and how they become rows."""

    source: str = Field(
        description="A file (csv, tsv, jsonl, parquet, arrow, conll; .gz too), a folder of them or "
        "of texts, hub:owner/name, package:name or sql:sqlite:///file.db."
    )
    query: str = Field(
        default="",
        description="What a database is asked, where the source begins with sql:. ORDER BY keeps "
        "the rows in one order, and the data set's name with them.",
    )
    test_source: str | None = Field(
        default=None, description="A second source whose rows are the test split."
    )
    format: str = Field(
        default="auto", description="A name from `tuneful list formats`; auto detects and shows it."
    )
    columns: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Our name (text, label, messages, prompt, completion …) to the source's. "
        "weight: how much each row counts in the loss of supervised methods; never guessed.",
    )
    where: dict[str, str | int | float | bool] = Field(
        default_factory=dict[str, str | int | float | bool],
        description="Keep only rows whose columns have these values.",
    )
    test_where: dict[str, str | int | float | bool] | None = Field(
        default=None, description="The same for test_source, where it differs; {} keeps all."
    )
    labels: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="The source's label to the class's name: {0: negative, 1: positive}.",
    )
    template: (
        dict[Literal["system", "user", "assistant", "chosen", "rejected", "reference"], str] | None
    ) = Field(
        default=None,
        description="Build rows from columns: text with {column} in it; {{ and }} are braces. user "
        "and assistant make chat rows; user, chosen and rejected preferences; user and reference "
        "prompts.",
    )
    clean: list[CleanerPart] = Field(
        default_factory=list[CleanerPart],
        description="Steps that mend rows or leave them out: `tuneful list cleaners`. They run in "
        "an order of their own; cleaned.jsonl in the data set's folder lists what they did.",
    )
    doubtful: Doubtful = Field(default=Doubtful())
    benchmarks: list[str] = Field(
        default_factory=list[str],
        description="Sources of what the model will be measured on elsewhere: rows that share 13 "
        "words in a row with one of their texts are found (Brown et al. 2020, arXiv:2005.14165).",
    )
    augment: list[AugmenterPart] = Field(
        default_factory=list[AugmenterPart],
        description="Ways to make more training rows: `tuneful list augmenters`. "
        "augmented.jsonl in the data set's folder lists each with what it was made of.",
    )
    answers: Answers | None = Field(
        default=None,
        description="Let a teacher write the last answer of every training and validation row; "
        "test rows keep their own. Rows that only ask are answered in every split.",
    )
    select: Annotated[SerializeAsAny[PartConfig | None], part("data.select", may_lack=True)] = (
        Field(
            default=None,
            description="Train on rows that a selector chooses: {name, fraction, settings}. "
            "Validation and test rows stay as they are.",
        )
    )
    corrections: Corrections | None = Field(
        default=None,
        description="Learn from a file of mistakes with what should have been said, and ask them "
        "in every evaluation.",
    )
    canaries: int = Field(
        default=0,
        ge=0,
        description="Secrets of random digits planted in training rows, each 1, 2, 4 or 8 times, "
        "by which `tuneful audit` tells how much the model keeps of a row (Carlini et al. 2019, "
        "arXiv:1802.08232). For trials: do not publish what was trained on them.",
    )
    take: Take = Field(default=Take())
    split: Split = Field(default=Split())
    seed: int | None = Field(
        default=None,
        ge=0,
        description="Of take and split; the recipe's if empty. Set, other seeds of the recipe "
        "train on the same rows.",
    )
    skip_bad: bool = Field(
        default=False, description="Leave out rows that cannot be read, and list them."
    )
    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default="auto",
        description="Processes that share the work of preparing; the rows are the same with any "
        "number. auto: one a core, at most 8, once there is enough to do; 1: no other process.",
    )
    engine: Literal["processes", "ray"] = Field(
        default="processes",
        description="Who they are. processes: of this machine. ray: Ray's (extra ray), on the "
        "cluster that RAY_ADDRESS names or else here.",
    )

    @model_validator(mode="after")
    def _as_they_stand(self) -> Self:
        split = self.split
        if self.take.order == "first" and (split.group or split.time or split.stable):
            raise ValueError(
                "take.order: first divides rows as they stand; leave it or split's out"
            )
        return self
