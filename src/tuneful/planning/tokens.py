"""Rows as the tokens that a model sees, and which of them it learns: for a person to look at."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.catalog import describe
from tuneful.models.references import locate
from tuneful.models.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.encoded import Encoded
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.recipe.schema import Recipe

PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tokens</title><style>
:root { color-scheme: light dark; }
body { font: 16px/1.9 ui-monospace, monospace; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2, p { font-family: system-ui, sans-serif; line-height: 1.4; }
.t { border-radius: .2rem; padding: .1rem 0; white-space: pre-wrap; opacity: .55;
  box-shadow: inset 0 -1px #8886; }
.t:nth-child(odd) { box-shadow: inset 0 -2px #8886; }
.l { background: #1a7f3755; opacity: 1; } .l:nth-child(odd) { background: #1a7f3788; }
.s { font-weight: bold; }
</style></head>
<body><h1>Tokens</h1>
<p>Green is learned, the rest is given. A token says its number and weight when pointed at.</p>
"""


@dataclass(frozen=True)
class Token:
    """One token of a sequence.

    Attributes:
        id: Its number in the vocabulary.
        text: What it stands for.
        weight: How much it is learned; 0: it is given.
        is_special: Whether it belongs to the template and not to the text.
    """

    id: int
    text: str
    weight: float
    is_special: bool


@dataclass(frozen=True)
class Shown:
    """A sequence that a row becomes: a preference becomes two.

    Attributes:
        split: Where the row stands.
        row: Its number in the split, from 0.
        label: What a classifier is to say; "" for models that learn tokens.
        num_cut: Tokens that did not fit.
        tokens: The others.
    """

    split: str
    row: int
    label: str
    num_cut: int
    tokens: tuple[Token, ...]

    @property
    def num_learned(self) -> int:
        """Tokens with a weight."""
        return sum(token.weight > 0 for token in self.tokens)

    @property
    def title(self) -> str:
        """What the sequence is, in words."""
        cut = f", {self.num_cut:,} cut" if self.num_cut else ""
        aim = f"class {self.label!r}" if self.label else f"{self.num_learned:,} learned"
        return f"{self.split} row {self.row}: {len(self.tokens):,} tokens, {aim}{cut}"


def tokens_of(
    recipe: Recipe, data: Dataset, rows: Sequence[tuple[str, int]], store: Store, listener: Listener
) -> list[Shown]:
    """Encode rows as training does.

    Args:
        recipe: Its method, model and train.max_length; where that is auto the model's own limit.
        data: Its rows.
        rows: Split, and number in it from 0.
        store: Where models lie.
        listener: Hears of a model that is fetched.

    Raises:
        DataError: There is no such row, or the template refuses it.
    """
    counts: dict[str, int] = data.manifest.get("label_counts", {}).get("train", {})
    facts = DataFacts(data.labels, tuple(int(counts.get(label, 0)) for label in data.labels))
    method = METHODS[recipe.method.name](recipe.method, facts)
    folder = locate(recipe.model, store, listener).folder
    tokenizer = load_tokenizer(
        folder, add_tokens=recipe.add_tokens, needs_chat=method.head == "tokens"
    )
    asked = recipe.train.max_length
    max_length = describe(folder).max_length if asked == "auto" else asked
    made: list[Shown] = []
    for split, number in rows:
        for sequence in method.encode([data.row(split, number)], tokenizer, max_length)[0]:
            label = ""
            if method.head == "classes" and sequence.label >= 0:
                label = str(data.labels[sequence.label])
            tokens = tuple(_tokens(sequence, tokenizer))
            made.append(Shown(split, number, label, sequence.num_cut, tokens))
    if not made:
        raise DataError("There are no such rows.", where=str(data.path), fix="Rows count from 0.")
    return made


def _tokens(sequence: Encoded, tokenizer: Tokenizer) -> Iterator[Token]:
    special: set[int] = set(tokenizer.hf.all_special_ids)
    weights = sequence.weights or [0.0] * len(sequence.tokens)
    for number, weight in zip(sequence.tokens, weights, strict=True):
        text = str(tokenizer.hf.decode([number], clean_up_tokenization_spaces=False))
        yield Token(number, text, float(weight), number in special)


def to_page(sequences: Sequence[Shown]) -> str:
    """A page that needs nothing else."""
    parts = [PAGE]
    for sequence in sequences:
        parts.append(f"<h2>{html.escape(sequence.title)}</h2>\n<div>")
        parts += [_span(token) for token in sequence.tokens]
        parts.append("</div>\n")
    return "".join([*parts, "</body></html>\n"])


def _span(token: Token) -> str:
    kinds = f"t{' l' * (token.weight > 0)}{' s' * token.is_special}"
    shown = html.escape(token.text).replace("\n", "⏎\n")
    return f'<span class="{kinds}" title="{token.id}, weight {token.weight:g}">{shown}</span>'


def to_json(sequence: Shown) -> dict[str, Any]:
    """A sequence as JSON values."""
    return {
        "split": sequence.split,
        "row": sequence.row,
        "label": sequence.label,
        "cut": sequence.num_cut,
        "tokens": [
            {"id": token.id, "text": token.text, "weight": token.weight}
            for token in sequence.tokens
        ],
    }
