"""Train: a recipe, its data and its plan become a model."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST, building, digest, file_hashes, write_json
from tuneful.core.errors import Stopped, TunefulError
from tuneful.core.events import Event, append_to, both, ignore
from tuneful.core.run import Run
from tuneful.data.collections.general import contents_of
from tuneful.grading.rollouts import updates_of
from tuneful.models.model import Model, put_in_place, save_model
from tuneful.models.value_head import part_with_value_head
from tuneful.planning.outcome import compare_with_actual
from tuneful.planning.privacy import epsilon_spent
from tuneful.planning.remember import rows_before
from tuneful.recipe.write import to_yaml
from tuneful.training.batches import Order, PoissonOrder
from tuneful.training.beforehand import with_reference
from tuneful.training.between import on_the_way
from tuneful.training.general import make_replay
from tuneful.training.loop import Job, run_loop
from tuneful.training.memory import peak_memory_gib
from tuneful.training.on_policy import make_on_policy
from tuneful.training.privacy import Mechanism, secret_of
from tuneful.training.rollouts import make_rollouts
from tuneful.training.samples import summarize
from tuneful.training.sequences import encode_split
from tuneful.training.setup import set_up_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded
    from tuneful.planning.plan import Plan
    from tuneful.planning.settings import Settings
    from tuneful.recipe.origins import Written
    from tuneful.recipe.schema import Recipe
    from tuneful.training.checkpoint import Progress
    from tuneful.training.loop import Rows
    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup

VERSION = 2
WEIGHTS_DEPEND_ON = {"model", "method", "adapter", "add_tokens", "train", "privacy", "seed"}
"""Sections of a recipe that decide the trained weights, beside its rows."""


def asked_hash(recipe: Recipe, data: Dataset) -> str:
    """SHA-256 of what was asked for, before a plan settles the rest."""
    asked = recipe.model_dump(include=WEIGHTS_DEPEND_ON, mode="json")
    asked["remember"] = recipe.remember.model_dump(exclude={"text"})
    asked["general"] = contents_of(recipe)
    return digest([VERSION, asked, data.hash])


def model_hash(recipe: Recipe, data: Dataset, plan: Plan) -> str:
    """SHA-256 of everything that decides the trained weights."""
    return digest([asked_hash(recipe, data), plan.settings.to_json()])


def finished_model(recipe: Recipe, data: Dataset, store: Store) -> Model | None:
    """The newest model that was made of the same recipe and data, if there is one."""
    asked = asked_hash(recipe, data)
    folders = sorted(
        store.list_artifacts("models"), key=lambda folder: (folder / MANIFEST).stat().st_mtime
    )
    for folder in reversed(folders):
        model = Model.open(folder)
        if model.manifest.get("asked") == asked:
            return model
    return None


def open_run(recipe: Recipe, data: Dataset, plan: Plan, store: Store, written: Written) -> Run:
    """The unfinished run of the same recipe, data and plan, or a new one.

    Args:
        recipe: What was asked for.
        data: The prepared rows.
        plan: Every setting.
        store: Where runs are.
        written: The recipe file's text, and the origin of its values.
    """
    hash_ = model_hash(recipe, data, plan)
    for path in reversed(store.list_runs()):
        if Run(path).facts.get("hash") == hash_:
            return Run(path)
    run = Run.new(store.runs, recipe.name or "model", hash_)
    (run.path / "recipe.yaml").write_text(written.text or to_yaml(recipe), encoding="utf-8")
    write_json(run.path / "plan.json", plan.to_json())
    write_json(run.path / "resolved.json", _resolved(recipe, plan, written))
    run.set_state("queued", dataset=str(data.path.resolve()))
    run.reports.mkdir(exist_ok=True)
    return run


def _resolved(recipe: Recipe, plan: Plan, written: Written) -> dict[str, Any]:
    """The whole recipe, the origin of each value, and what the plan made of every "auto"."""
    tree = recipe.model_dump(mode="json")
    return {
        "recipe": tree,
        "origins": written.of_all(tree),
        "plan": {key: [choice.value, choice.reason] for key, choice in plan.choices.items()},
    }


def train(
    run: Run, recipe: Recipe, data: Dataset, plan: Plan, store: Store, listener: Listener = ignore
) -> Model:
    """Train in a run folder, from its newest checkpoint if there is one.

    Raises:
        RunError: Another process works on the run, training diverged, or the disk is full.
        Stopped: A signal came; the same call continues.
    """
    with run.only_me():
        made = _made_meanwhile(run)
        if made is not None:
            return made
        tell = both(append_to(run.events), listener)
        run.set_state("running")
        tell(Event("state", {"state": "running", "run": str(run.path)}))
        began = time.time()
        try:
            model = _train(run, recipe, data, plan, store, tell)
        except TunefulError as error:
            state = "stopped" if isinstance(error, Stopped) else "failed"
            run.set_state(state, error=str(error))
            tell(Event("state", {"state": state, "error": str(error)}))
            raise
        run.set_state("done", model=str(model.path.resolve()), seconds=time.time() - began)
        tell(Event("state", {"state": "done", "model": str(model.path)}))
        return model


def _made_meanwhile(run: Run) -> Model | None:
    """The model of a run that another process ended while this one looked ahead."""
    facts = run.facts
    folder = Path(str(facts.get("model")))
    is_whole = facts["state"] == "done" and (folder / MANIFEST).exists()
    return Model.open(folder) if is_whole else None


def _train(
    run: Run, recipe: Recipe, data: Dataset, plan: Plan, store: Store, listener: Listener
) -> Model:
    setup = set_up_run(recipe, data, plan.settings, store, listener)
    job = make_job(run, setup, data, store, listener)
    try:
        progress, weights = run_loop(job)
    finally:
        if job.rollouts is not None:
            job.rollouts.close()
    if job.rollouts is not None:
        write_json(run.reports / "rollouts.json", summarize(run.rollouts).to_json())
    part_with_value_head(setup.model, weights, run.path / "value_head.safetensors")
    weights = on_the_way(weights, setup, recipe.remember.wise_ft)
    facts = _facts(recipe, data, plan, setup, progress)
    facts["run"] = str(run.path.resolve())
    write_json(run.reports / "plan.json", compare_with_actual(plan, facts["measured"]).to_json())
    return _save(setup, weights, facts, store)


def make_job(run: Run, setup: Setup, data: Dataset, store: Store, listener: Listener) -> Job:
    """Encode the rows and put a job together."""
    settings, base = setup.settings, setup.base()

    def ready(encoded: Sequences) -> Rows:
        rows = encoded
        if setup.teacher and setup.teacher.is_beforehand:
            rows = setup.teacher.beside(encoded)
        return with_reference(encoded, base, store, listener).beside(rows) if base else rows

    rows = {
        split: ready(encode_split(data, split, setup.encoding, store, listener))
        for split in ("train", "validation")
        if data.num_rows(split)
    }
    train_rows, learner, rollouts = rows["train"], setup.learner(), None
    if setup.method.needs.rollouts is not None:
        rollouts = make_rollouts(run.rollouts, setup, learner, data, store, listener)
    order, mechanism = _order(run, setup, len(train_rows))

    def first() -> Sequence[Sequence[Encoded]]:
        numbers = order.rows(0)
        return rollouts.of_step(0, numbers).rows if rollouts else train_rows.take(numbers)

    return Job(
        run=run,
        settings=settings,
        learner=learner,
        optimizer=setup.optimizer(first),
        order=order,
        train_rows=train_rows,
        validation_rows=rows.get("validation"),
        listener=listener,
        rollouts=rollouts,
        own_answers=make_on_policy(run.rollouts, setup, learner),
        mechanism=mechanism,
        resting=setup.adapted.resting,
        replay=make_replay(setup, ready),
    )


def _order(run: Run, setup: Setup, num_rows: int) -> tuple[Order | PoissonOrder, Mechanism | None]:
    """Which rows make a step, and what hides them."""
    settings = setup.settings
    budget, repeats = settings.privacy, updates_of(setup.method.config)
    if budget is None:
        order = Order(num_rows, settings.batch_size, settings.epochs, settings.seed, repeats)
        return order, None
    secret = secret_of(run, budget)
    mechanism = Mechanism(
        bound=budget.max_grad_norm,
        noise_multiplier=budget.noise_multiplier,
        expected_rows=budget.sample_rate * num_rows,
        secret=secret,
    )
    return PoissonOrder(num_rows, budget.sample_rate, secret), mechanism


def _privacy(settings: Settings, steps: int) -> dict[str, Any] | None:
    """What was promised and what was spent, without the seed."""
    if settings.privacy is None:
        return None
    facts = asdict(settings.privacy)
    facts["seed"] = None if facts["seed"] is None else "in the recipe"
    return {**facts, "steps": steps, "epsilon_spent": epsilon_spent(settings.privacy, steps)}


def _facts(
    recipe: Recipe, data: Dataset, plan: Plan, setup: Setup, progress: Progress
) -> dict[str, Any]:
    measured = {
        "seconds": progress.seconds,
        "memory_gib": peak_memory_gib(),
        "tokens": progress.tokens,
        "steps": progress.step,
        "replayed_rows": rows_before(progress.step, setup.settings),
        "tokens_per_s": progress.tokens / max(progress.seconds, 1e-9),
    }
    return {
        "kind": "model",
        "name": recipe.name or "model",
        "hash": model_hash(recipe, data, plan),
        "asked": asked_hash(recipe, data),
        "head": setup.method.head,
        "method": recipe.method.name,
        "method_settings": recipe.method.model_dump(mode="json"),
        "adapter": recipe.adapter.name,
        "quantized": setup.settings.quantized,
        "base": recipe.model,
        "base_folder": str(setup.located.folder.resolve()),
        "labels": list(setup.method.outputs),
        "measured_as": setup.method.measured,
        "max_length": setup.settings.max_length,
        "dataset": data.hash,
        "licence": setup.located.licence,
        "parents": [recipe.model, data.hash],
        "measured": measured,
        "progress": asdict(progress),
        "tokenizer_changes": list(setup.tokenizer.changes),
        "privacy": _privacy(setup.settings, progress.step),
    }


def _save(setup: Setup, weights: dict[str, Tensor], facts: dict[str, Any], store: Store) -> Model:
    import torch

    final = store.artifact_folder("models", facts["name"], facts["hash"])
    is_peft = hasattr(setup.model, "peft_config")
    precision = torch.float32 if is_peft else setup.base_precision
    put_in_place(setup.model, weights, {} if is_peft else setup.untouched(), precision)
    with building(final, facts) as draft:
        model = setup.adapted.finish(setup.model)
        save_model(draft, model, setup.tokenizer, base=setup.located.loads_as)
        facts["files"] = file_hashes(draft)
    return Model.open(final)
