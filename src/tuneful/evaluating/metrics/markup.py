"""Answers in YAML or Markdown: whether they are written as they must be.

Any text is some Markdown. It is broken where marks were meant to do something and stand there as
text: a fence that is never closed, a row of a table with other cells than its head, lines of a
table without a line of dashes, `**`, a backtick or a link that was begun and not ended, a link to a
name that is not defined, `##Title` without its space. Parsed by CommonMark 0.31 with tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.measures.graded import GradedSample
    from tuneful.evaluating.measures.preferences import PreferenceSample
    from tuneful.evaluating.metrics.base import Array

LEFT_OVER = re.compile(
    r"(?<![\w*])\*\*(?=[^\s*])"  # bold begun
    r"|`"
    r"|\[[^\]\n]*\]\("  # a link's address that does not end, or has a space
    r"|(?<!\w)\[[^\]\n]+\]\[[^\]\n]*\]"  # a link to a name that is not defined
    r"|^\#{2,6}\w"
    r"|^\|.*\|[ ]*\n\|.*\|[ ]*$",  # two lines of a table that is none
    re.MULTILINE,
)
CELLS = re.compile(r"(?<!\\)\|")
ESCAPED = "\0"
"""In the place of a mark that a backslash made plain."""


class YamlValid(Mean):
    """The share of answers that are one YAML mapping or list, with the reference's keys if any."""

    measures: ClassVar[tuple[str, ...]] = ("answers", "preferences")
    title: ClassVar[str] = "valid YAML"

    def statistics(self, sample: AnswerSample | PreferenceSample) -> Array:
        """1 for each valid answer: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[float(_is_yaml(said, meant))] for said, meant in pairs])


class MarkdownValid(Mean):
    """The share of answers without broken Markdown; an empty answer is broken."""

    measures: ClassVar[tuple[str, ...]] = ("answers", "preferences", "graded")
    title: ClassVar[str] = "valid Markdown"

    def statistics(self, sample: AnswerSample | PreferenceSample | GradedSample) -> Array:
        """1 for each valid answer: [N, 1]."""
        import numpy as np

        return np.array(
            [[float(bool(said.strip()) and not broken(said))] for said in sample.answers]
        )


def _is_yaml(said: str, meant: str) -> bool:
    found, wanted = _yaml(said), _yaml(meant)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return set(found) == set(wanted)
    return found is not None and (wanted is None or type(found) is type(wanted))


def _yaml(text: str) -> dict[Any, Any] | list[Any] | None:
    """The mapping or list that the whole text is in YAML 1.2, else None."""
    from ruamel.yaml import YAML, YAMLError

    try:
        value: object = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return None
    is_one = isinstance(value, dict | list)
    return cast("dict[Any, Any] | list[Any]", value) if is_one else None


def broken(text: str) -> list[str]:
    """What is wrong with a text as Markdown; nothing where it is right."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table").disable("text_join")
    lines = text.split("\n")
    found: list[str] = []
    for token in parser.parse(text):
        begin, end = token.map or (0, 0)
        if token.type == "fence" and not _is_closed(lines[begin:end], token.markup):
            found.append(f"line {begin + 1}: a fence that is not closed")
        elif token.type == "table_open":
            found += _uneven(lines[begin:end], begin)
        elif token.type == "inline":
            marks = LEFT_OVER.findall("".join(_plain(token.children or [])))
            found += [f"line {begin + 1}: {mark.splitlines()[0]} stands as text" for mark in marks]
    return found


def _is_closed(lines: Sequence[str], markup: str) -> bool:
    last = lines[-1].strip(" \t>")
    return len(lines) > 1 and len(last) >= len(markup) and set(last) == {markup[0]}


def _uneven(lines: Sequence[str], begin: int) -> Iterator[str]:
    """Rows of a table that have other cells than its head."""
    counts = [len(CELLS.split(line.strip(" \t>").removeprefix("|").rstrip("|"))) for line in lines]
    for number, count in enumerate(counts[2:], start=begin + 3):
        if count != counts[0]:
            yield f"line {number}: {count} cells under a head of {counts[0]}"


def _plain(tokens: Sequence[Any]) -> Iterator[str]:
    """Text of a paragraph that no mark has changed."""
    for token in tokens:
        if token.type == "text":
            yield token.content
        else:
            yield "\n" if token.type in {"softbreak", "hardbreak"} else ESCAPED
