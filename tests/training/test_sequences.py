"""Rows as tokens: the bytes that lists of Python's numbers make, and many chats as one by one."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from tests import world
from tuneful.data.message import Message
from tuneful.data.rows import Chat
from tuneful.methods.base import Encoded, encode_chats
from tuneful.models.chat import Talk, _owners, encode_chat
from tuneful.models.tokenizer import TEXTS_AT_ONCE, load_tokenizer
from tuneful.training.sequences import _schema, as_batch

ROWS = [
    [Encoded([5, 6, 7], label=2, weight=0.5, num_cut=3)],
    [Encoded((1,), (0.1,), second=1), Encoded([], [], weight=2.0, is_aside=True)],
    [],
    [Encoded([9] * 40, [0.0, 1.0, 1e-60, 0.3] * 10, targets=[0, 1.0, 2 / 3])],
]


def one_by_one(row: list[Encoded]) -> dict[str, object]:
    return {
        **{
            name: [list(getattr(s, name)) for s in row] for name in ("tokens", "weights", "targets")
        },
        **{
            name: [getattr(s, name) for s in row]
            for name in ("label", "weight", "num_cut", "second", "is_aside")
        },
        "length": [len(s.tokens) for s in row],
        "num_learned": [sum(w > 0 for w in s.weights) for s in row],
    }


def on_disk(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("rows", [ROWS, ROWS[2:3], []])
def test_arrays_are_the_bytes_that_lists_of_numbers_make(rows: list[list[Encoded]]):
    expected = pa.RecordBatch.from_pylist([one_by_one(row) for row in rows], schema=_schema())
    assert on_disk(as_batch(rows)) == on_disk(expected)


def test_many_chats_are_encoded_as_each_by_itself(tmp_path: Path):
    tokenizer = load_tokenizer(world.chat_model(tmp_path / "model"), needs_chat=True)
    chats = [
        Chat(
            (
                Message("user", f"é {n} 😀"),
                Message("assistant", "ö" * (n % 5), weight=0.5),
                *([Message("user", "more"), Message("assistant", "no 😀")] if n % 2 else []),
            ),
            weight=1.0 + n,
        )
        for n in range(TEXTS_AT_ONCE + 3)
    ]
    found = encode_chats(chats, tokenizer, 60, only_last=False)
    for chat, (sequence,) in zip(chats, found, strict=True):
        alone = encode_chat(tokenizer, Talk(chat.messages), 60)
        assert sequence.tokens == alone.tokens
        assert sequence.weights == [0.0, *alone.weights[1:]]
        assert (sequence.weight, sequence.num_cut) == (chat.weight, alone.num_cut)
        assert {w for w in sequence.weights if w} <= {0.5, 1.0}


def test_a_token_belongs_to_the_span_it_begins_in():
    draw = random.Random(0)
    for _ in range(300):
        cuts = sorted(draw.choices(range(13), k=4))
        spans = [(cuts[0], cuts[1]), (cuts[2], cuts[3])]
        starts = sorted(draw.choices(range(12), k=6))
        offsets = [(start, start + draw.choice((0, 1, 1, 2))) for start in starts]
        straddles = any(a < cut < b for a, b in offsets for cut in cuts)
        inside = [next((n for n, (a, b) in enumerate(spans) if a <= at < b), -1) for at in starts]
        assert _owners(offsets, cuts) == (None if straddles else inside)
