"""Write docs/reference/ from the code: recipe keys, commands, parts. Run by `make docs`.

The tests compare what this gives with what is committed, so the pages cannot fall behind.
"""

from __future__ import annotations

import importlib
import inspect
import shutil
from argparse import Action, ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tuneful.cli.commands import COMMANDS
from tuneful.cli.main import EXIT_CODES
from tuneful.recipe.parts import PartConfig
from tuneful.recipe.schema import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from tuneful.core.registry import Registry

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py (make docs): change the code, not this page. -->"
PARTS = {
    "Methods": "tuneful.methods:METHODS",
    "Adapters": "tuneful.models.adapters:ADAPTERS",
    "Graders": "tuneful.grading.graders:GRADERS",
    "Optimizers": "tuneful.training.optimizers:OPTIMIZERS",
    "Sources": "tuneful.data.sources:SOURCES",
    "Formats": "tuneful.data.formats:FORMATS",
    "Cleaners": "tuneful.data.cleaning:CLEANERS",
    "Selectors": "tuneful.data.selecting:SELECTORS",
    "Augmenters": "tuneful.data.augmenting:AUGMENTERS",
    "Data checks": "tuneful.data.checks:CHECKS",
    "Preflight checks": "tuneful.training.preflight:PREFLIGHT",
    "Measures": "tuneful.evaluating.measures:MEASURES",
    "Metrics": "tuneful.evaluating.metrics:METRICS",
    "Audits": "tuneful.auditing.audits:AUDITS",
}

OWN_PAGES = {
    "Methods": "method",
    "Adapters": "adapter",
    "Graders": "grader",
    "Optimizers": "train.optimizer",
    "Cleaners": "cleaner",
    "Selectors": "data.select",
    "Augmenters": "augmenter",
}
"""Parts that have a page each, and the recipe key that names them."""


def pages() -> dict[str, str]:
    """Every reference page by its file name."""
    return {
        "commands.md": commands_page(),
        "parts.md": parts_page(),
        "recipe.md": recipe_page(),
        **{
            f"{title.lower()}/{name}.md": part_page(key, name, part)
            for title, key in OWN_PAGES.items()
            for name, part in table(title).items()
        },
    }


def part_page(key: str, name: str, part: Any) -> str:
    """What a method, an adapter or the like is, asks for and can be set to."""
    module = inspect.getmodule(part)
    assert module is not None
    title, _, more = (module.__doc__ or "").strip().partition("\n")
    lines = [NOTE, f"# `{key}: {name}`", "", title, ""]
    if more.strip():
        lines += ["```text", *inspect.cleandoc(more).splitlines(), "```", ""]
    facts = [f"- {what}: {said}" for what, said in facts_of(part).items()]
    lines += [*facts, ""] if facts else []
    lines += [*key_table(part.Config, key.rpartition(".")[2])]
    return "\n".join(lines) + "\n"


def facts_of(part: Any) -> dict[str, str]:
    """What a part declares, in words."""
    found = {"paper": getattr(part, "paper", "")}
    if hasattr(part, "rows"):
        kinds = (part.rows, *getattr(part, "also_rows", ()))
        found["rows"] = " or ".join(f"{kind.__name__}: {first_line(kind)}" for kind in kinds)
    if hasattr(part, "metrics"):
        found["measured by"] = ", ".join(part.metrics)
    for kind, (low, best, high) in getattr(part, "learning_rates", {}).items():
        found[f"learning rate, {kind}"] = f"{best:g} ({low:g} to {high:g} is sensible)"
    return {what: said for what, said in found.items() if said}


def recipe_page() -> str:
    """Every key of a recipe, with type, default and reason."""
    lines = [NOTE, "# Recipe keys", "", "A recipe is a YAML file; unknown keys are refused.", ""]
    lines += key_table(Recipe)
    for name, field in Recipe.model_fields.items():
        section = section_of(field)
        if hasattr(section, "model_fields") and name not in {"method", "adapter"}:
            lines += ["", f"## `{name}`", "", section.__doc__.splitlines()[0], ""]
            lines += key_table(section, name)
    for title, key in OWN_PAGES.items():
        links = [f"[{name}]({title.lower()}/{name}.md)" for name in table(title)]
        lines += ["", f"## Settings of each `{key}`", "", " · ".join(links)]
    return "\n".join(lines) + "\n"


def section_of(field: FieldInfo) -> Any:
    """A field's type; of one that may be left out ("… | None") that of what it holds."""
    kinds = get_args(field.annotation)
    return kinds[0] if kinds[1:] == (type(None),) else field.annotation


def key_table(section: type[BaseModel], prefix: str = "") -> list[str]:
    """Rows of a Markdown table, nested sections written out with dots."""
    rows = [f"| `{key}` | {default} | {text} |" for key, default, text in keys(section, prefix)]
    return ["| key | default | what it is |", "| --- | --- | --- |", *rows]


def keys(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Dotted key, default and description of a section and the sections in it."""
    for name, field in section.model_fields.items():
        known = field.alias or name
        key = f"{prefix}.{known}" if prefix else known
        kind = section_of(field)
        if hasattr(kind, "model_fields"):
            if prefix and kind is not PartConfig:
                yield from keys(kind, key)
            elif field.description:
                yield key, shown_default(field), cell(field.description)
            continue
        yield key, shown_default(field), cell(field.description or "")


def shown_default(field: FieldInfo) -> str:
    """The default as YAML would have it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    shown = getattr(value, "name", value)
    if shown is None or shown in ({}, [], ""):
        return ""
    return f"`{str(shown).lower() if isinstance(shown, bool) else shown}`"


def cell(text: str) -> str:
    """Text that a Markdown table can hold."""
    return " ".join(text.split()).replace("|", "\\|")


def parts_page() -> str:
    """Every built-in part that a recipe or a command can name."""
    lines = [NOTE, "# Parts", "", "What is built in. A package adds parts by entry points.", ""]
    for title in PARTS:
        lines += [f"## {title}", "", "| name | what it does |", "| --- | --- |"]
        for name, part in table(title).items():
            shown = f"[`{name}`]({title.lower()}/{name}.md)" if title in OWN_PAGES else f"`{name}`"
            lines.append(f"| {shown} | {first_line(part)} |")
        lines.append("")
    return "\n".join(lines)


def commands_page() -> str:
    """Every command with its flags, and the exit codes."""
    lines = [NOTE, "# Commands", "", "Results go to standard output, words and progress to", ""]
    lines[3] += " standard error. `NO_COLOR` is obeyed."
    lines += ["| exit code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    for name in COMMANDS:
        sub = ArgumentParser(prog=f"tuneful {name}", add_help=False)
        COMMANDS[name].add(sub)
        usage = " ".join(sub.format_usage().removeprefix("usage: ").split())
        lines += ["", f"## `tuneful {name}`", "", f"{COMMANDS[name].summary}.", "", f"    {usage}"]
        rows = [
            f"| `{flag_of(action)}` | {cell(action.help or ', '.join(action.choices or ()))} |"
            for action in sub._actions
        ]
        lines += ["", "| argument | what it does |", "| --- | --- |", *rows] if rows else []
        for action in sub._actions:
            if isinstance(action.choices, dict):
                for word, below in action.choices.items():
                    lines += nested(name, word, below)
    return "\n".join(lines) + "\n"


def nested(name: str, word: str, sub: ArgumentParser) -> list[str]:
    """A command's word with words of its own: tuneful data look."""
    sub.prog = f"tuneful {name} {word}"
    usage = " ".join(sub.format_usage().removeprefix("usage: ").split())
    rows = [
        f"| `{flag_of(action)}` | {cell(action.help or ', '.join(action.choices or ()))} |"
        for action in sub._actions
        if action.dest != "help"
    ]
    head = ["", f"### `tuneful {name} {word}`", "", f"    {usage}", ""]
    return [*head, "| argument | what it does |", "| --- | --- |", *rows]


def flag_of(action: Action) -> str:
    """An argument as it is typed."""
    return ", ".join(action.option_strings) or str(action.metavar or action.dest)


def table(title: str) -> dict[str, Any]:
    """A table's parts by name."""
    module, _, attribute = PARTS[title].partition(":")
    found: Registry[Any] = getattr(importlib.import_module(module), attribute)
    return {name: found[name] for name in sorted(found.table)}


def first_line(part: object) -> str:
    """What a part says of itself, in one line."""
    return cell((part.__doc__ or "").strip().splitlines()[0])


if __name__ == "__main__":
    written = pages()  # first, so that a fault in the code leaves the old pages
    shutil.rmtree(REFERENCE, ignore_errors=True)
    for file_name, text in written.items():
        (REFERENCE / file_name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / file_name).write_text(text, encoding="utf-8")
