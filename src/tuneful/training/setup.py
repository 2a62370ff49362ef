"""Recipe, data and plan as things that can be trained: tokenizer, model, method, encoded rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from tuneful.core.errors import ModelError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.adapters import ADAPTERS
from tuneful.models.load import freeze_lowest, give_rows_of_embedding, load_weights, set_up
from tuneful.models.neftune import add_noise
from tuneful.models.quantize import Compact, cast_floats
from tuneful.models.reference import AdapterOff, Frozen
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer
from tuneful.models.tokenizer import load_tokenizer
from tuneful.models.value_head import add_value_head
from tuneful.training.beforehand import Base, score_now
from tuneful.training.fisher import kept_fisher
from tuneful.training.general import General
from tuneful.training.optimizer import Optimizer
from tuneful.training.sequences import Encoding
from tuneful.training.steps import Learner
from tuneful.training.teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded, HowReference, Method
    from tuneful.models.adapters.base import Adapted
    from tuneful.models.reference import Reference
    from tuneful.models.references import Located
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.planning.settings import Settings
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Setup:
    """What a run is made of, before its first step."""

    located: Located
    tokenizer: Tokenizer
    adapted: Adapted
    method: Method[Any]
    settings: Settings
    base_precision: torch.dtype
    teacher: Teacher | None = None
    frozen: Scorer | None = None
    general: General | None = None

    @property
    def model(self) -> nn.Module:
        """The model in training, perhaps wrapped by PEFT."""
        return self.adapted.model

    @property
    def encoding(self) -> Encoding:
        """How rows become tokens."""
        return Encoding(self.method, self.tokenizer, self.settings.max_length)

    def untouched(self) -> dict[str, Tensor]:
        """The base's weights as its file has them, where some are frozen and in memory rounded."""
        is_rounded = self.settings.precision == "bf16" and self.base_precision != torch.bfloat16
        if not is_rounded or all(p.requires_grad for p in self.model.parameters()):
            return {}
        method, seed = self.method, self.settings.seed
        base = load_weights(self.located.folder, head=method.head, labels=method.outputs, seed=seed)
        set_up(base, self.tokenizer, None)
        return dict(base.named_parameters())

    def optimizer(self, first: Callable[[], Sequence[Sequence[Encoded]]]) -> Optimizer:
        """Of the weights that move, all of them as they are now.

        Args:
            first: Gives rows whose gradient tells an adapter what to move, where it asks.

        Raises:
            ModelError: It asks, and the rows are private.
        """
        if self.adapted.prepare is not None:
            if self.settings.privacy is not None:
                raise ModelError(
                    "The adapter chooses what to train by the first rows' gradient, which no noise "
                    "hides.",
                    where="adapter, privacy",
                    fix="Choose lora, shira or s2ft, which do not look at rows.",
                )
            learner = self.learner()
            self.adapted.prepare(lambda: learner.learn(first()))
        rate_factor = self.adapted.rate_factor
        optimizer = Optimizer(self.model, self.settings, rate_factor, self._fisher)
        if self.adapted.resting is not None:
            optimizer.rest(self.adapted.resting(0))
        return optimizer

    def learner(self) -> Learner:
        """Scores and gradients of rows."""
        scorer = self.scorer()
        reference: Reference | None = Frozen(self.frozen) if self.frozen else None
        if self._how_reference == "adapter_off":
            reference = AdapterOff(scorer)
        return Learner(
            self.method,
            scorer,
            self.settings.tokens_per_pass,
            reference=reference,
            teacher=self._teacher_beside,
            kl=self.settings.kl,
        )

    @property
    def _how_reference(self) -> HowReference | None:
        return how_reference(self.method, self.adapted, is_held=self.settings.kl > 0)

    @cached_property
    def _fisher(self) -> dict[str, Tensor] | None:
        """What general rows depend on, of the model as it is now: before its first step."""
        if not self.settings.ewc or self.general is None:
            return None
        rows = self.general.encoded(self.tokenizer, self.settings.max_length)
        base = [*self._base_key, self.settings.freeze_layers, self.settings.seed]
        return kept_fisher(self.general, rows, self.plain_scorer(), base)

    @cached_property
    def _teacher_beside(self) -> Scorer | None:
        """The teacher, where it is in memory while the student trains."""
        return self.teacher.load() if self.teacher and not self.teacher.is_beforehand else None

    def scorer(self) -> Scorer:
        """Scores of the model in training."""
        return Scorer(
            self.model,
            pad_id=self.tokenizer.pad_id,
            packed=self.settings.packed,
            temperature=_temperature(self.method),
            every_state=self.method.needs.states,
        )

    def plain_scorer(self) -> Scorer:
        """The same of texts: at temperature 1, whatever the method asks for."""
        return Scorer(self.model, pad_id=self.tokenizer.pad_id, packed=self.settings.packed)

    def base(self) -> Base | None:
        """The model before its first step, where rows are to be scored with it beforehand."""
        if self._how_reference != "precomputed":
            return None
        return Base(self.scorer(), self._base_key, self.settings.tokens_per_pass)

    @property
    def _base_key(self) -> tuple[str, ...]:
        """What decides the numbers of the model before its first step."""
        return str(self.located.folder), self.settings.precision, str(self.settings.packed)

    def ready(self, rows: list[list[Encoded]]) -> list[list[Encoded]]:
        """A few rows with what is known of them beforehand: what reference and teacher say."""
        rows = score_now(rows, self.base())
        return self.teacher.beside_few(rows) if self.teacher else rows


def how_reference(
    method: Method[Any], adapted: Adapted, *, is_held: bool = False
) -> HowReference | None:
    """How the method's reference is had with this model, "auto" settled; None where it has none.

    `is_held`: every method's tokens are compared with the base's (remember.kl).

    Raises:
        ModelError: The adapter is to be switched off, but there is none that can be.
    """
    asked = method.needs.reference or ("auto" if is_held else None)
    can_switch = adapted.keeps_base
    if asked == "adapter_off" and not can_switch:
        raise ModelError(
            "The reference is to be the model with its adapter switched off, but this adapter "
            "changes the model's own weights.",
            where="method.reference: adapter_off",
            fix="Set method.reference to auto, precomputed or frozen, or adapter to lora.",
        )
    if asked != "auto":
        return asked
    if can_switch:
        return "adapter_off"
    # Answers that the model has yet to give cannot be scored beforehand.
    answers = method.needs.rollouts or method.needs.own_answers
    return "frozen" if answers else "precomputed"


def _temperature(method: Method[Any]) -> float:
    """What answers are sampled with is what they are scored with."""
    return method.needs.rollouts.temperature if method.needs.rollouts else 1.0


def data_facts(data: Dataset) -> DataFacts:
    """What a method may know of the training rows."""
    counts = data.manifest.get("label_counts", {}).get("train", {})
    return DataFacts(data.labels, tuple(int(counts.get(label, 0)) for label in data.labels))


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
    precision = torch.bfloat16 if settings.precision == "bf16" else torch.float32
    model = _base_model(located.folder, method, tokenizer, settings)
    base_precision = next(model.parameters()).dtype
    torch.manual_seed(settings.seed)
    new_tokens = [tokenizer.hf.convert_tokens_to_ids(token) for token in recipe.add_tokens]
    adapted = ADAPTERS[recipe.adapter.name](recipe.adapter).apply(model, new_tokens)
    model = adapted.model
    freeze_lowest(model, settings.freeze_layers)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = cast_floats(model, precision).to(device=device)
    if method.needs.value:
        add_value_head(model)
    if precision == torch.bfloat16 and device == "cpu" and recipe.adapter.name == "full":
        give_rows_of_embedding(model)
    asked = method.needs.teacher
    teacher = Teacher(method, tokenizer, settings, store, listener) if asked else None
    frozen = None
    if how_reference(method, adapted, is_held=settings.kl > 0) == "frozen":
        frozen = _frozen(located.folder, tokenizer, settings, model)
        frozen.temperature = _temperature(method)
    general = None
    if recipe.remember.needs_rows:
        general = General.of(recipe, data, method, store, listener)
    return Setup(
        *(located, tokenizer, adapted, method, settings, base_precision),
        teacher=teacher,
        frozen=frozen,
        general=general,
    )


def _base_model(
    folder: Path, method: Method[Any], tokenizer: Tokenizer, settings: Settings
) -> nn.Module:
    """The model with the head that the method trains, before an adapter is put on it."""
    precision = torch.bfloat16 if settings.precision == "bf16" else torch.float32
    model = load_weights(
        folder,
        head=method.head,
        labels=method.outputs,
        precision=None if settings.quantized is None else Compact(settings.quantized, precision),
        seed=settings.seed,
        problem_type=method.needs.problem_type,
    )
    set_up(model, tokenizer, settings.attention_dropout)
    if method.needs.neftune_alpha:
        add_noise(model, method.needs.neftune_alpha)
    return model


def _frozen(folder: Path, tokenizer: Tokenizer, settings: Settings, like: nn.Module) -> Scorer:
    """A second copy of the base model, that does not move."""
    copy = load_weights(folder, head="tokens", seed=settings.seed)
    set_up(copy, tokenizer, settings.attention_dropout)
    parameter = next(like.parameters())
    copy = copy.to(device=parameter.device, dtype=parameter.dtype).eval()
    copy.requires_grad_(requires_grad=False)
    return Scorer(copy, pad_id=tokenizer.pad_id, packed=settings.packed)
