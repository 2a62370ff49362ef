"""A run that was broken off ends with the weights of one that was not."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests import rows as row_files
from tests.world import chat_model, chat_recipe, classify_recipe
from tuneful.core.errors import RunError
from tuneful.core.events import Event
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe
from tuneful.recipe.write import to_yaml
from tuneful.training import checkpoint
from tuneful.training.train import train as train_run
from tuneful.workflow import Gate, plan, prepare, train_recipe
from tuneful.workflow.gate import TRIAL

LOOKED_AT = Gate(fail_on=None)
"""With preflight, whose few steps must leave no trace."""


class Crash(Exception):  # noqa: N818  (reads as what happened)
    """The power went out."""


def crash_at(step: int):
    def listener(event: Event) -> None:
        if event.kind == "step" and event.data["step"] == step:
            raise Crash

    return listener


def weights(folder: Path) -> bytes:
    (path,) = folder.glob("*.safetensors")
    return path.read_bytes()


def lisa_recipe(folder: Path, **train: object) -> Recipe:
    lisa = {"name": "lisa", "layers": 1, "every": 3}
    return with_changes(chat_recipe(folder, **train), {"adapter": lisa})


def remembering_recipe(folder: Path, **train: object) -> Recipe:
    remember = {"replay": 0.15, "ewc": 50.0, "kl": 0.1, "l2_sp": 1.0}
    return with_changes(chat_recipe(folder, **train), {"adapter": "full", "remember": remember})


def sift_recipe(folder: Path, **train: object) -> Recipe:
    return with_changes(chat_recipe(folder, **train), {"adapter": "sift"})


def p_tuning_recipe(folder: Path, **train: object) -> Recipe:
    return with_changes(chat_recipe(folder, **train), {"adapter": "p_tuning"})


@pytest.mark.parametrize(
    ("make", "precision"),
    [
        (classify_recipe, "fp32"),
        *(
            pytest.param(make, precision, marks=pytest.mark.slow)
            for make in (
                classify_recipe,
                chat_recipe,
                lisa_recipe,
                sift_recipe,
                p_tuning_recipe,
                remembering_recipe,
            )
            for precision in ("fp32", "bf16")
            if (make, precision) != (classify_recipe, "fp32")
        ),
    ],
)
def test_a_crashed_run_goes_on_to_the_same_bits(tmp_path: Path, make, precision: str):
    recipe = make(tmp_path, precision=precision, max_steps=9, checkpoint_every=3)
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=LOOKED_AT).model
    broken = Store(tmp_path / "broken")
    for step in (4, 8):
        with pytest.raises(Crash):
            train_recipe(recipe, broken, crash_at(step), gate=LOOKED_AT)
    (run,) = broken.list_runs()
    assert len(list(Run(run).checkpoints.glob("*/manifest.json"))) > 0
    resumed = train_recipe(recipe, broken, gate=LOOKED_AT).model
    assert weights(resumed.path) == weights(whole.path)
    assert len(broken.list_runs()) == 1


@pytest.mark.slow
def test_a_value_head_goes_on_with_its_run_and_stays_in_its_folder(tmp_path: Path):
    ppo = {
        "name": "ppo",
        "rewards": [{"name": "length", "unit": "characters", "at_most": 4, "falloff": 8}],
        "num_answers": 2,
        "max_new_tokens": 6,
        "updates_per_rollout": 2,
    }
    train = {"max_steps": 5, "checkpoint_every": 2, "precision": "fp32", "threads": 1}
    recipe = Recipe.make(
        {
            "name": "ppo",
            "model": str(chat_model(tmp_path / "model")),
            "data": {"source": str(row_files.source("prompt", tmp_path / "rows.jsonl"))},
            "method": ppo,
            "train": {**train, "batch_size": 4, "learning_rate": 1e-3, "keep": "last"},
        }
    )
    heads: list[dict[str, torch.Tensor]] = []
    for name in ("whole", "broken"):
        store = Store(tmp_path / name)
        if name == "broken":
            with pytest.raises(Crash):
                train_recipe(recipe, store, crash_at(3), gate=TRIAL)
        model = train_recipe(recipe, store, gate=TRIAL).model
        (run,) = store.list_runs()
        heads.append(load_file(run / "value_head.safetensors"))
        assert not [key for key in load_file(model.path / "model.safetensors") if "value" in key]
    assert set(heads[0]) == {"weight", "bias"}
    assert bool(heads[0]["weight"].any())  # it began with zeros
    for key, value in heads[0].items():
        assert torch.equal(value, heads[1][key])


@pytest.mark.slow
def test_an_optimizer_that_averages_goes_on_to_the_same_bits(tmp_path: Path):
    recipe = classify_recipe(
        tmp_path, precision="bf16", optimizer="schedule_free", max_steps=9, checkpoint_every=4
    )
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=TRIAL).model
    broken = Store(tmp_path / "broken")
    with pytest.raises(Crash):
        train_recipe(recipe, broken, crash_at(6), gate=TRIAL)
    resumed = train_recipe(recipe, broken, gate=TRIAL).model
    assert weights(resumed.path) == weights(whole.path)


def test_metrics_tell_of_each_step_once_after_a_crash(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=12, checkpoint_every=5)
    with pytest.raises(Crash):
        train_recipe(recipe, store, crash_at(8), gate=TRIAL)
    train_recipe(recipe, store, gate=TRIAL)
    (run,) = store.list_runs()
    lines = Run(run).metrics.read_text(encoding="utf-8").splitlines()
    steps = [line for line in lines if '"loss"' in line]
    assert [f'"step": {n},' in line for n, line in enumerate(steps, 1)] == [True] * 12


def test_a_run_that_another_process_holds_is_refused(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=12, checkpoint_every=5)
    with pytest.raises(Crash):
        train_recipe(recipe, store, crash_at(2), gate=TRIAL)
    (run,) = store.list_runs()
    with Run(run).only_me(), pytest.raises(RunError, match="Another process"):
        train_recipe(recipe, store, gate=TRIAL)


def test_a_full_disk_stops_the_run_and_loses_nothing(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    recipe = classify_recipe(tmp_path, max_steps=12, checkpoint_every=4)
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=TRIAL).model
    save = checkpoint._save

    def full(tensors: object, path: Path) -> None:
        if "000008" in str(path):
            path.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(tensors, path)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_save", full)
        with pytest.raises(RunError, match="No space left") as caught:
            train_recipe(recipe, store, gate=TRIAL)
    assert "same command" in caught.value.fix
    (run,) = store.list_runs()
    assert Run(run).state == "failed"
    kept = {path.parent.name for path in Run(run).checkpoints.glob("*/manifest.json")}
    assert "000004" in kept
    assert "000008" not in kept
    assert not list(Run(run).checkpoints.glob(".*"))
    resumed = train_recipe(recipe, store, gate=TRIAL).model
    assert weights(resumed.path) == weights(whole.path)


def test_a_run_that_another_process_ended_meanwhile_is_left_as_it_is(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=3)
    model = train_recipe(recipe, store, gate=TRIAL).model
    made = (model.path / "manifest.json").stat().st_mtime_ns
    (run,) = map(Run, store.list_runs())
    data = prepare(recipe, store=store)
    again = train_run(run, recipe, data, plan(recipe, data, store=store, probes=False), store)
    assert again.path == model.path
    assert (model.path / "manifest.json").stat().st_mtime_ns == made


def test_an_error_is_forgotten_when_the_run_goes_on(tmp_path: Path):
    run = Run.new(tmp_path, "x", "abcdef")
    run.set_state("failed", error="It broke.")
    run.set_state("done", model="m")
    assert "error" not in run.facts
    assert run.facts["hash"] == "abcdef"


def test_what_is_done_is_not_done_again(tmp_path: Path, store: Store):
    recipe = classify_recipe(tmp_path, max_steps=4)
    first = train_recipe(recipe, store, gate=TRIAL)
    seen: list[Event] = []
    second = train_recipe(recipe, store, seen.append, gate=TRIAL)
    assert second.was_done
    assert second.model.path == first.model.path
    assert not [event for event in seen if event.kind == "step"]


def start(recipe: Recipe, folder: Path, home: Path) -> "subprocess.Popen[bytes]":
    path = folder / "small.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    environment = {**os.environ, "TUNEFUL_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "tuneful", "train", str(path), "--yes", "--quiet"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def wait_for_step(home: Path, step: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        for path in (home / "runs").glob("*/metrics.jsonl"):
            if f'"step": {step},' in path.read_text(encoding="utf-8"):
                return
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        time.sleep(0.05)
    raise AssertionError("the run did not get there")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_goes_on_to_the_same_bits(tmp_path: Path, stop: signal.Signals):
    recipe = classify_recipe(tmp_path, precision="bf16", epochs=20, checkpoint_every=7)
    whole = train_recipe(recipe, Store(tmp_path / "whole"), gate=LOOKED_AT).model
    home = tmp_path / "killed"
    process = start(recipe, tmp_path, home)
    wait_for_step(home, 40, process)
    process.send_signal(stop)
    process.communicate(timeout=60)
    assert process.returncode == (130 if stop == signal.SIGTERM else -signal.SIGKILL)
    (run,) = Store(home).list_runs()
    assert Run(run).facts["state"] == ("stopped" if stop == signal.SIGTERM else "running")
    assert Run(run).state == "stopped"  # nobody holds it
    again = start(recipe, tmp_path, home)
    _, words = again.communicate(timeout=300)
    assert again.returncode == 0, words.decode()
    (model,) = Store(home).list_artifacts("models")
    assert weights(model) == weights(whole.path)
