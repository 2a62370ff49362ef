"""Recipe, rows, model and machine: everything that a plan rests on, looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.machine import look
from tuneful.data.collections.general import learned_rows
from tuneful.data.formats import FORMATS
from tuneful.data.formats.template import NEEDED
from tuneful.data.rows import kinds_of
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.adapters import ADAPTERS
from tuneful.models.catalog import describe
from tuneful.models.references import locate
from tuneful.models.tokenizer import load_tokenizer
from tuneful.planning.known import Known, Place
from tuneful.planning.sample import take_sample

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Method
    from tuneful.models.adapters.base import Adapter
    from tuneful.models.catalog import ModelFacts
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.planning.sample import Sample
    from tuneful.recipe.schema import Recipe


def gather(recipe: Recipe, data: Dataset, store: Store, listener: Listener) -> Known:
    """Look up everything.

    Raises:
        ModelError: The model is not to be found or read.
        DataError: The rows do not fit the method, or there are none to train on.
    """
    method = _method(recipe, data)
    adapter = ADAPTERS[recipe.adapter.name](recipe.adapter)
    located = locate(recipe.model, store, listener)
    facts = describe(located.folder)
    tokenizer = load_tokenizer(
        located.folder, add_tokens=recipe.add_tokens, needs_chat=method.head == "tokens"
    )
    trainable = _trainable(recipe, adapter, facts)
    return Known(
        recipe=recipe,
        method=method,
        adapter=adapter,
        facts=facts,
        trainable=trainable,
        sample=take_sample(data, method, tokenizer),
        num_validation=data.num_rows("validation"),
        num_test=data.num_rows("test"),
        place=place_here(),
        general=_general(recipe, method, tokenizer, store, listener),
        beside=_teacher(method, store, listener) + _reference(recipe, method, facts, trainable),
    )


def _teacher(method: Method[Any], store: Store, listener: Listener) -> int:
    """Weights of a teacher that is in memory beside its student."""
    needs = method.needs
    if not needs.teacher or needs.teacher_top_k:
        return 0
    return describe(locate(needs.teacher, store, listener).folder).parameters


def _reference(recipe: Recipe, method: Method[Any], facts: ModelFacts, trainable: int) -> int:
    """Weights of a frozen copy: asked for, or as whole models need one for their own answers."""
    needs = method.needs
    asked = needs.reference or ("auto" if recipe.remember.kl else None)
    is_needed = asked == "auto" and (needs.rollouts or needs.own_answers)
    is_whole = trainable > facts.parameters // 2
    return facts.parameters if asked == "frozen" or (is_needed and is_whole) else 0


def _general(
    recipe: Recipe, method: Method[Any], tokenizer: Tokenizer, store: Store, listener: Listener
) -> Sample | None:
    """Rows to be replayed or asked about (EWC), where this method learns such."""
    asked = recipe.remember
    is_text = asked.rows == "text"
    if not (asked.replay or asked.ewc) or (is_text and method.head != "tokens"):
        return None
    kind = METHODS["pretrain"]
    learned_by = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
    rows = learned_rows(recipe, store, listener)
    return take_sample(rows, learned_by if is_text else method, tokenizer)


def _method(recipe: Recipe, data: Dataset) -> Method[Any]:
    kind = METHODS[recipe.method.name]
    if data.row_type not in kinds_of(kind):
        fitting = [name for name in METHODS if data.row_type in kinds_of(METHODS[name])]
        raise DataError(
            f"The method {recipe.method.name} learns from {' or '.join(kinds_of(kind))} rows, but "
            f"the data came out as {data.row_type} rows.",
            where=f"method: {recipe.method.name}; data.source: {recipe.data.source}",
            fix=f"Set method to {' or '.join(fitting) or 'another'}, or let the data come out as "
            f"{kinds_of(kind)[0]} rows by {makers(kinds_of(kind)[0])}.",
        )
    if not data.num_rows("train"):
        raise DataError(
            "There are no rows to train on.",
            where=str(data.path),
            fix="Give more rows, or smaller data.split.validation and data.split.test.",
        )
    counts = data.manifest.get("label_counts", {}).get("train", {})
    return kind(
        recipe.method,
        DataFacts(data.labels, tuple(int(counts.get(label, 0)) for label in data.labels)),
    )


def makers(kind: str) -> str:
    """The formats, and the template, that give rows of a kind, each with what it needs."""
    found = [f"data.format: {f} ({FORMATS[f].wants})" for f in FORMATS if FORMATS[f].rows == kind]
    if kind in NEEDED and kind != "chat":  # which the format template says of itself
        found.append(f"data.template with {', '.join(NEEDED[kind])}")
    return "; or ".join(found)


def _trainable(recipe: Recipe, adapter: Adapter, facts: ModelFacts) -> int:
    moving = adapter.num_trainable(facts)
    layers = recipe.train.freeze_layers
    if not layers or moving < facts.parameters:
        return moving
    return max(0, moving - facts.embedding_parameters - layers * facts.block_parameters)


def place_here() -> Place:
    """This machine, as far as choices depend on it."""
    machine = look()
    gpu = machine.gpus[0] if machine.gpus else None
    return Place(
        device="cpu" if gpu is None else "cuda",
        memory_gib=machine.memory_gib if gpu is None else gpu.memory_gib,
        threads=machine.cores,
        has_bf16=machine.has_bf16,
    )
