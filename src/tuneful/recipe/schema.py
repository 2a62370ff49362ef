"""A recipe: the whole of what the user asks for, typed, frozen and closed to unknown keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny

from tuneful.recipe.audit import Audit
from tuneful.recipe.closed import Closed
from tuneful.recipe.data import Data
from tuneful.recipe.gate import Gate
from tuneful.recipe.parts import PartConfig, part
from tuneful.recipe.remember import Remember
from tuneful.recipe.task import Asked, AskedTask

Auto = Literal["auto"]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Dropout = Annotated[float, Field(ge=0, lt=1)]


class Section(Closed):
    """A part of a recipe. Frozen, and closed to keys it does not know."""


class Train(Section):
    """How long and how hard to train."""

    epochs: float = Field(default=1.0, gt=0, description="Passes over the training rows.")
    max_steps: int | None = Field(default=None, ge=1, description="Stop after this many steps.")
    batch_size: Count | Auto = Field(
        default="auto",
        description="Rows of one optimizer step, however many forward passes they take.",
    )
    optimizer: Annotated[SerializeAsAny[PartConfig], part("train.optimizer")] = Field(
        default="adamw",  # pyright: ignore[reportAssignmentType]  (validated into its settings)
        validate_default=True,
        description="How a gradient moves a weight: a name, or {name, settings}.",
    )
    learning_rate: Rate | Auto = Field(default="auto", description="Peak learning rate.")
    schedule: Literal["auto", "linear", "cosine", "constant"] = Field(
        default="auto",
        description="How the learning rate falls after warm-up. auto: linear, or not at all where "
        "the optimizer averages instead.",
    )
    warmup_steps: int | None = Field(default=None, ge=0, description="Overrides warmup_share.")
    warmup_share: float = Field(
        default=0.06, ge=0, lt=1, description="Share of the steps (0.06: RoBERTa, 1907.11692)."
    )
    weight_decay: float = Field(
        default=0.01, ge=0, description="Decoupled, as AdamW's; not on biases and norms."
    )
    max_grad_norm: float = Field(default=1.0, gt=0, description="Clip the gradient to this norm.")
    max_length: Count | Auto = Field(
        default="auto", description="Longest sequence in tokens; the rest is cut and reported."
    )
    tokens_per_pass: Count | Auto = Field(
        default="auto", description="Tokens packed into one forward pass: bounds memory."
    )
    packing: Literal["auto", "packed", "padded"] = Field(
        default="auto", description="auto: packed wherever the architecture allows it."
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto", description="auto: bf16 where the processor computes in it."
    )
    attention_dropout: Dropout | Literal["model"] = Field(
        default=0.0,
        description="Dropout on attention probabilities: 0 keeps the fast kernels; model: as the "
        "model's config says.",
    )
    freeze_layers: int = Field(
        default=0,
        ge=0,
        description="Embeddings and this many lowest layers stay as they are (full adapter).",
    )
    validate_every: Count | Auto = Field(default="auto", description="Steps between validations.")
    checkpoint_every: Count | Auto = Field(default="auto", description="Steps between checkpoints.")
    patience: int | None = Field(
        default=None, ge=1, description="Stop after this many validations without a better loss."
    )
    keep: Literal["best", "last"] = Field(
        default="best",
        description="Which weights become the model: lowest validation loss or last.",
    )
    threads: Count | Auto = Field(default="auto", description="CPU threads.")


def _usual_train() -> Train:
    return Train.model_validate({})  # not made at import: it asks for the table of optimizers


class Evaluate(Section):
    """What to measure on the test rows."""

    metrics: list[str] | Auto = Field(
        default="auto", description="Names from `tuneful list metrics`; auto: the method's own."
    )
    base: bool = Field(default=True, description="Measure the untuned model on the same rows.")
    resamples: int = Field(default=10_000, ge=100, description="Bootstrap resamples.")
    max_new_tokens: int = Field(default=128, ge=1, description="Longest generated answer.")
    tasks: list[Asked] = Field(
        default_factory=list[AskedTask],
        description="What else a model that speaks is asked, before and after: names from "
        "`tuneful list tasks`, files of one's own, lm-eval:FILE.yaml; or {name, take, metric, "
        "chat}.",
    )
    people: str = Field(
        default="",
        description="A column of the source with the list of people's ratings of each row: a model "
        "that rates is set beside each of these people.",
    )
    system: str = Field(
        default="",
        description="A system turn for the untuned model: what it does when it is told how, beside "
        "what it does untold. For methods whose models answer conversations.",
    )
    few_shot: int = Field(
        default=0,
        ge=0,
        description="Training rows that the untuned model is shown before each question, drawn by "
        "the seed: what it does with examples.",
    )
    samples: int = Field(
        default=1,
        ge=1,
        description="Answers drawn to each row for pass_at_k; 1 takes the likeliest answer.",
    )
    temperature: float = Field(
        default=0.8,
        gt=0,
        description="They are drawn at; 0.8 is Chen et al.'s (2021, arXiv:2107.03374) for many.",
    )
    usd_per_hour: float = Field(
        default=0.0, ge=0, description="Price of this machine: gives the money that answers cost."
    )


class Privacy(Section):
    """Differential privacy of the training rows: DP-SGD's clipped and noisy gradients."""

    epsilon: float = Field(
        gt=0, description="What the whole run may spend; 8 and less is what the field reports."
    )
    delta: Annotated[float, Field(gt=0, lt=1)] | Auto = Field(
        default="auto",
        description="Probability with which the promise may fail; auto: 1 / (2 x rows), after Li "
        "et al. 2022 (arXiv:2110.05679).",
    )
    max_grad_norm: float = Field(
        default=1.0,
        gt=0,
        description="Longest gradient of one row, over all trained weights (Abadi et al.'s C); "
        "takes the place of train.max_grad_norm.",
    )
    accountant: Literal["prv", "rdp"] = Field(
        default="prv",
        description="How steps add up: prv (Gopi et al. 2021) is tighter, rdp (Mironov 2017) "
        "quicker.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        description="Of sampling and noise, to repeat a run exactly; who knows it can take the "
        "noise away. Left out, it is drawn from the system and stays in the run's folder.",
    )


class Recipe(Section):
    """One fine-tuning job, start to finish."""

    version: Literal[1] = Field(default=1, description="Version of the recipe format: 1.")
    name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Name of runs and models, in A-Z, a-z, 0-9 and . _ -; the file's if empty.",
    )
    model: str = Field(
        description="A folder, a .gguf file, hub:owner/name (or owner/name), package:name, "
        "run:name or alias; #layers=N after it: N of its layers, evenly spread."
    )
    data: Data
    method: Annotated[SerializeAsAny[PartConfig], part("method")] = Field(
        description="How rows become a loss: a name, or {name, settings}."
    )
    adapter: Annotated[SerializeAsAny[PartConfig], part("adapter")] = Field(
        default="full",  # pyright: ignore[reportAssignmentType]  (validated into its settings)
        validate_default=True,
        description="Which weights move: a name, or {name, settings}.",
    )
    add_tokens: list[str] = Field(
        default_factory=list[str],
        description="Special tokens that the tokenizer gets; their embeddings are trained and "
        "saved, whatever the adapter freezes.",
    )
    train: Train = Field(default_factory=_usual_train)
    privacy: Privacy | None = Field(
        default=None, description="Train with differential privacy; off where it is left out."
    )
    remember: Remember = Field(default=Remember())
    evaluate: Evaluate = Field(default=Evaluate())
    audit: Audit = Field(default=Audit())
    gate: Gate | None = Field(
        default=None, description="What `tuneful gate` asks; none where it is left out."
    )
    seed: int = Field(default=0, ge=0, description="Of split, order, dropout and initial weights.")

    @classmethod
    def load(cls, path: str | Path, overrides: list[str] | None = None) -> Self:
        """Read a YAML file, with `key.path=value` overrides applied on top.

        Raises:
            RecipeError: The file is missing, is no YAML, or does not fit the schema.
        """
        from tuneful.recipe.load import load

        return load(cls, Path(path), overrides or [])

    @classmethod
    def make(cls, values: dict[str, Any]) -> Self:
        """Check plain values as if they stood in a file.

        Raises:
            RecipeError: They do not fit the schema.
        """
        from tuneful.recipe.load import check

        return check(cls, values)
