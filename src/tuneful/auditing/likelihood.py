"""How likely rows are to a model, token by token: what memory is measured by.

Shapes: T tokens of a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.data.rows import Chat, Labelled, Pair, Text
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.models.chat import Talk, encode_chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.auditing.audits.base import Asked
    from tuneful.data.rows import Row
    from tuneful.evaluating.metrics.base import Array

KINDS = ("labelled", "pair", "text", "chat")


def row_logps(asked: Asked, rows: Sequence[Row], what: str) -> list[Array]:
    """Log p (nats) of each row's learned tokens, or of its class: an array [T] a row."""
    import numpy as np

    if isinstance(rows[0], Labelled | Pair):
        sample = asked.sample(rows, what)
        sure_N = sample.probability_NC[range(len(rows)), sample.truth_N]
        return list(np.log(np.maximum(sure_N, 1e-12))[:, None])
    predictor: Any = asked.predictor
    sequences, weights, sizes = _encoded(asked, rows)
    found = predictor.token_logps(sequences, weights, asked.told(what, len(sequences)))
    edges = np.cumsum(sizes)[:-1]
    return [np.concatenate(list(part)) for part in _cut(found, edges.tolist())]


def _cut(found: Sequence[Array], edges: Sequence[int]) -> list[Sequence[Array]]:
    begins = [0, *edges]
    return [found[a:b] for a, b in zip(begins, [*edges, len(found)], strict=True)]


def _encoded(asked: Asked, rows: Sequence[Row]) -> tuple[list[Any], list[list[float]], list[int]]:
    """Tokens and weights of every piece, and the number of pieces of each row."""
    predictor: Any = asked.predictor
    if isinstance(rows[0], Text):
        kind = METHODS["pretrain"]
        method = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
        encoded = method.encode(rows, predictor.tokenizer, predictor.max_length)
        pieces = [piece for row in encoded for piece in row]
        sizes = [len(row) for row in encoded]
        return [p.tokens for p in pieces], [list(p.weights) for p in pieces], sizes
    talks = [Talk(row.messages, row.tools) for row in rows if isinstance(row, Chat)]
    chats = [encode_chat(predictor.tokenizer, talk, predictor.max_length) for talk in talks]
    weights = [[0.0, *chat.weights[1:]] for chat in chats]
    return [chat.tokens for chat in chats], weights, [1] * len(chats)
