"""Recipe, data and plan as things that can be trained: tokenizer, model, method, encoded rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from tuneful.core.errors import ModelError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.adapters import ADAPTERS
from tuneful.models.load import freeze_lowest, give_rows_of_embedding, load_weights, set_up
from tuneful.models.neftune import add_noise
from tuneful.models.predict import Chatter, load_predictor
from tuneful.models.reference import AdapterOff
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer
from tuneful.models.tokenizer import load_tokenizer
from tuneful.training.beforehand import Base
from tuneful.training.sequences import Encoding
from tuneful.training.steps import Learner

if TYPE_CHECKING:
    from torch import nn

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Method
    from tuneful.models.references import Located
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.planning.settings import Settings
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Setup:
    """What a run is made of, before its first step."""

    located: Located
    tokenizer: Tokenizer
    model: nn.Module
    method: Method[Any]
    settings: Settings
    base_precision: torch.dtype
    teacher: Scorer | None = None

    @property
    def encoding(self) -> Encoding:
        """How rows become tokens."""
        return Encoding(self.method, self.tokenizer, self.settings.max_length)

    def learner(self) -> Learner:
        """Scores and gradients of rows."""
        scorer = self.scorer()
        keeps_base = self.method.needs.reference and hasattr(self.model, "disable_adapter")
        return Learner(
            self.method,
            scorer,
            self.settings.tokens_per_pass,
            reference=AdapterOff(scorer) if keeps_base else None,
            teacher=self.teacher,
        )

    def scorer(self) -> Scorer:
        """Scores of the model in training."""
        return Scorer(self.model, pad_id=self.tokenizer.pad_id, packed=self.settings.packed)

    def base(self) -> Base | None:
        """The model before its first step, where rows are to be scored with it beforehand."""
        if not self.method.needs.reference or hasattr(self.model, "disable_adapter"):
            return None
        key = (str(self.located.folder), self.settings.precision, str(self.settings.packed))
        return Base(self.scorer(), key, self.settings.tokens_per_pass)


def data_facts(data: Dataset) -> DataFacts:
    """What a method may know of the training rows."""
    counts = data.manifest.get("label_counts", {}).get("train", {})
    return DataFacts(data.labels, tuple(int(counts.get(label, 0)) for label in data.labels))


def _refuse_untrained_tokens(recipe: Recipe) -> None:
    if recipe.add_tokens and recipe.adapter.name != "full":
        raise ModelError(
            f"New tokens need trained embeddings, which {recipe.adapter.name} leaves as they are.",
            where="add_tokens",
            fix="Set adapter: full, or write the markers with tokens that the model knows.",
        )


def set_up_run(
    recipe: Recipe, data: Dataset, settings: Settings, store: Store, listener: Listener
) -> Setup:
    """Load the model, put the adapter on it, and bring it to its device and precision.

    Raises:
        ModelError: The model is not to be found, or does not take the adapter.
    """
    torch.set_num_threads(settings.threads)
    located = locate(recipe.model, store, listener)
    method = METHODS[recipe.method.name](recipe.method, data_facts(data))
    tokenizer = load_tokenizer(
        located.folder, add_tokens=recipe.add_tokens, needs_chat=method.head == "tokens"
    )
    _refuse_untrained_tokens(recipe)
    model = load_weights(
        located.folder,
        head=method.head,
        labels=method.outputs,
        seed=settings.seed,
        problem_type=method.needs.problem_type,
    )
    base_precision = next(model.parameters()).dtype
    set_up(model, tokenizer, settings.attention_dropout)
    if method.needs.neftune_alpha:
        add_noise(model, method.needs.neftune_alpha)
    torch.manual_seed(settings.seed)
    model = ADAPTERS[recipe.adapter.name](recipe.adapter).apply(model)
    freeze_lowest(model, settings.freeze_layers)
    precision = torch.bfloat16 if settings.precision == "bf16" else torch.float32
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device=device, dtype=precision)
    if precision == torch.bfloat16 and device == "cpu" and recipe.adapter.name == "full":
        give_rows_of_embedding(model)
    teacher = _teacher(method, tokenizer, settings, store, listener)
    return Setup(located, tokenizer, model, method, settings, base_precision, teacher)


def _teacher(
    method: Method[Any], tokenizer: Tokenizer, settings: Settings, store: Store, listener: Listener
) -> Scorer | None:
    """The model that is imitated, if the method has one.

    Raises:
        ModelError: Its vocabulary is another one.
    """
    reference = method.needs.teacher
    if not reference:
        return None
    found = load_predictor(reference, store, precision=settings.precision, listener=listener)
    if not isinstance(found, Chatter) or found.tokenizer.hf.get_vocab() != tokenizer.hf.get_vocab():
        raise ModelError(
            "The teacher's tokens are not the student's: their probabilities cannot be compared.",
            where=f"method.teacher: {reference}",
            fix="Choose a teacher of the same family, or learn from its texts with method: sft.",
        )
    found.scorer.model.eval().requires_grad_(requires_grad=False)
    return found.scorer
