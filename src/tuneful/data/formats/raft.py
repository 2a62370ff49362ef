"""Retrieval-augmented rows: a question, documents of which some do not help, and the answer.

Source: Zhang et al. 2024, "RAFT: Adapting Language Model to Domain Specific RAG"
(arXiv:2403.10131). Where golden documents and distractors stand in columns of their own, they are
put in an order that a hash of question and document decides: the place says nothing about which
one helps. How many rows lack their golden document (the paper's 1 - P) is up to the source.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.data.columns.cells import (
    DISTRACTORS,
    DOCUMENTS,
    GOLDEN,
    has_documents,
    items_in,
    json_in,
    object_in,
)
from tuneful.data.columns.chats import chat_row, exchanges
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.rows import Row

QUESTION = (("question", "query", "instruction", "prompt"),)
ANSWER = (("cot_answer",), ("answer", "response", "completion", "output"))
SYSTEM = (("system",),)
BEGIN, END = "<DOCUMENT>", "</DOCUMENT>\n"
DOCUMENT = re.compile(re.escape(BEGIN) + "(.*?)" + re.escape(END), re.DOTALL)
TEXTS = ("text", "content", "passage", "document", "body")
SHAPE = 'Write documents as a list of texts, or of {"title", "text"}'


class RaftFormat:
    """Columns question, documents and answer; golden_documents and distractors may stand apart."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = (
        "question", "documents", "golden", "distractors", "answer", "system",
    )  # fmt: skip
    wants: ClassVar[str] = "columns question, documents (a list) and answer"

    def detect(self, sample: Sample) -> Match | None:
        """Question and answer by name, and lists of documents."""
        has_own = bool({"documents", "golden"} & set(sample.chosen))
        if not (has_own or has_documents(sample) or sample.asked == "raft"):
            return None
        found: dict[str, str] = {}
        for ours, names in (("question", QUESTION), ("answer", ANSWER), ("documents", DOCUMENTS),
                            ("golden", GOLDEN), ("distractors", DISTRACTORS),
                            ("system", SYSTEM)):  # fmt: skip
            column = sample.pick(ours, *names)
            found |= {ours: column} if column else {}
        if "question" not in found or "answer" not in found:
            return None
        if "documents" in found:  # Berkeley's files have the golden one in both
            found = {ours: name for ours, name in found.items() if ours != "golden"}
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """The documents stand before the question, as in the paper's code."""
        del sample
        columns = match.columns

        shown_in = [columns[o] for o in ("documents", "golden", "distractors") if o in columns]

        def text(values: Mapping[str, Any], ours: str) -> str:
            name = columns.get(ours)
            return text_of(values.get(name), name) if name else ""

        def documents(values: Mapping[str, Any], ours: str) -> list[str]:
            name = columns.get(ours)
            return list(_documents(json_in(values.get(name)), name)) if name else []

        def convert(values: Mapping[str, Any]) -> Converted:
            question, answer = text(values, "question"), text(values, "answer")
            if not question.strip() or not answer.strip():
                raise BadValue("The question or the answer is empty.", "Fill or remove the row")
            found = documents(values, "documents")
            apart = documents(values, "golden") + documents(values, "distractors")
            found += sorted(apart, key=lambda one: _place(question, one))
            shown = "".join(f"{BEGIN}{one}{END}" for one in found)
            system = text(values, "system")
            before = (Message("system", system),) if system else ()
            said = (Message("user", shown + question), Message("assistant", answer))
            lost = tuple(dict.fromkeys(key for name in shown_in for key in _lost(values.get(name))))
            return chat_row(Chat((*before, *said)))._replace(key=question, lost=lost)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The documents that the question begins with, as a list; none where it has none."""
        assert isinstance(row, Chat)
        system, said = exchanges(row.messages, "Retrieval-augmented")
        if len(said) > 1:
            raise BadValue("The conversation asks more than once.", "Write it as chat")
        found, question = _apart(said[0][0])
        before = {"system": system} if system else {}
        return {**before, "question": question, "documents": found, "answer": said[0][1]}


def _apart(text: str) -> tuple[list[str], str]:
    """The documents that a user's turn begins with, and what follows them."""
    found: list[str] = []
    while known := DOCUMENT.match(text):
        found.append(known[1])
        text = text[known.end() :]
    return found, text


def _documents(value: object, column: str) -> Iterator[str]:
    """Texts of documents: a list, or Berkeley's {"title": [[…]], "sentences": [[…]]}."""
    if isinstance(value, dict) and "sentences" in value:
        value = cast("dict[str, Any]", value)["sentences"]
    if value is None or value == "":
        return
    for one in cast("Sequence[object]", value if isinstance(value, list) else [value]):
        if isinstance(one, list):
            yield from _documents(cast("object", one), column)
        elif isinstance(one, dict):
            known = cast("dict[str, Any]", one)
            text = next((known[name] for name in TEXTS if isinstance(known.get(name), str)), None)
            if text is None:
                raise BadValue(f"The column {column!r} holds a document without a text.", SHAPE)
            title = known.get("title")
            yield f"{title}\n{text}" if isinstance(title, str) and title else text
        elif isinstance(one, str):
            yield one
        else:
            raise BadValue(f"The column {column!r} holds {one!r}, not a document.", SHAPE)


def _lost(value: object) -> Iterator[str]:
    """Keys of documents beside title and text."""
    for known in map(object_in, items_in(json_in(value))):
        text = next((name for name in TEXTS if isinstance(known.get(name), str)), "")
        yield from (f"{key!r} of documents" for key in known if key not in {"title", text})


def _place(question: str, document: str) -> str:
    return hashlib.sha256(f"{question}\n{document}".encode(errors="replace")).hexdigest()
