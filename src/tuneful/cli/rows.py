"""Rows and tokens for a terminal, and the data set that a command line names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.said import BOLD, DIM, PLAIN, wrapped
from tuneful.core.artifact import MANIFEST
from tuneful.core.errors import DataError
from tuneful.data.showing.looking import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console as RichConsole

    from tuneful.cli.console import Console
    from tuneful.data.dataset import Dataset
    from tuneful.data.showing.looking import Looked
    from tuneful.planning.tokens import Shown, Token

LEARNED = ("\x1b[30;42m", "\x1b[30;102m")
"""Two greens in turn, so that each token is seen."""
GIVEN = ("\x1b[2m", "\x1b[2;4m")


def dataset_of(text: str, console: Console) -> Dataset:
    """The data set that a folder, a name in the store, last or a recipe means.

    Raises:
        DataError: None or several answer to the name.
    """
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import prepare

    if (Path(text) / MANIFEST).exists():
        return Dataset.open(text)
    if is_recipe(text):
        return prepare(Recipe.load(text), listener=console.listener)
    store = Store.default()
    known = sorted(
        store.list_artifacts("datasets"), key=lambda path: (path / MANIFEST).stat().st_mtime
    )
    if text == "last" and known:
        return Dataset.open(known[-1])
    matches = [path for path in known if path.name == text]
    matches = matches or [path for path in known if path.name.startswith(text)]
    if len(matches) == 1:
        return Dataset.open(matches[0])
    raise DataError(
        f"{len(matches) or 'No'} data sets answer to {text!r}.",
        where=str(store.datasets),
        fix="Give more of it: " + ", ".join(path.name for path in matches[:5])
        if matches
        else "Give a folder, a recipe (.yaml), or a name that tuneful list datasets shows.",
    )


def is_recipe(text: str) -> bool:
    """Whether it names a recipe's file."""
    return Path(text).suffix in {".yaml", ".yml"}


def row_shown(one: Looked, console: RichConsole, width: int, *, color: bool) -> str:
    """A row in lines of `width` columns."""
    bold, dim, plain = (BOLD, DIM, PLAIN) if color else ("", "", "")
    head = f"source row {one.source_row:,}, {one.split} {one.index:,}"
    lines = [f"{bold}{head}{f': {one.what}' if one.what else ''}{plain}"]
    for name, text in parts_of(one.values):
        lines += [f"{dim}{name}:{plain}", *wrapped(text, console, width)]
    return "\n".join(lines)


def tokens_shown(one: Shown, *, color: bool) -> str:
    """A sequence's tokens: learned ones green, or between [ and ] where there is no colour."""
    head = f"{BOLD}{one.title}{PLAIN}" if color else one.title
    return f"{head}\n{''.join(_painted(one.tokens) if color else _marked(one.tokens))}"


def _painted(tokens: Sequence[Token]) -> Iterator[str]:
    for place, token in enumerate(tokens):
        code = (LEARNED if token.weight > 0 else GIVEN)[place % 2]
        yield f"{code}{_clean(token.text)}{PLAIN}" + "\n" * token.text.count("\n")


def _marked(tokens: Sequence[Token]) -> Iterator[str]:
    is_learned = False
    for token in [*tokens, None]:
        now = token is not None and token.weight > 0
        if now != is_learned:
            yield "[" if now else "]"
        is_learned = now
        if token is not None:
            yield _clean(token.text) + "\n" * token.text.count("\n")


def _clean(text: str) -> str:
    """A token's text without what moves a cursor; ends of lines as a sign."""
    shown = text.replace("\n", "⏎")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in shown)
