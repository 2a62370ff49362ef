"""A data set whose answers a teacher has written: sequence-level distillation.

Source: Kim & Rush 2016 (arXiv:1606.07947, section 3.2), with the likeliest token at each place, or
drawn ones, in place of a beam. The student sees texts alone, so its tokens may be other ones.

Answers are written down as they come: a broken run goes on after the last whole chunk.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from tuneful.core.artifact import MANIFEST, building, digest, write_json
from tuneful.core.drafts import alone
from tuneful.core.errors import DataError
from tuneful.core.events import Event
from tuneful.core.lines import cut_to_lines, read_lines
from tuneful.data.arrow import Writer, columns_of, pyarrow, row_of, schema
from tuneful.data.dataset import REPORT, SPLITS, Dataset
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Prompt
from tuneful.data.showing.written import write_report
from tuneful.models.references import locate
from tuneful.recipe.data import Remote
from tuneful.training.teacher_choice import SAME_ROW, Choice
from tuneful.training.teacher_local import load_scribe
from tuneful.training.teacher_remote import Correspondent
from tuneful.training.teacher_report import TEXTS, listed, report_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.recipe.data import Answers
    from tuneful.recipe.schema import Recipe
    from tuneful.training.teacher_choice import Said

VERSION = 3
ROWS_AT_ONCE = 64
REPLIES = "replies"
MARKS = ".marks.jsonl"
"""After the name of a file of answers: what graders gave them."""

Asking = Chat | Prompt


class Teacher(Protocol):
    """Writes answers: one on this machine, or one behind an endpoint."""

    def answers(self, prompts: Sequence[Turns], chunk: int) -> list[list[Said]]:
        """Each row's samples."""
        ...


@dataclass(frozen=True)
class Origin:
    """Where answers come from.

    Attributes:
        place: The teacher's folder, or its endpoint.
        licence: Of what it writes.
    """

    place: str
    licence: str


def answer(data: Dataset, recipe: Recipe, store: Store, listener: Listener) -> Dataset:
    """The data set with the teacher's answers: made now, or as an earlier call made it.

    Raises:
        DataError: The rows are no conversations, or not one training row has a whole answer.
        ModelError: The teacher is not to be found, or does not write.
    """
    how = recipe.data.answers
    assert how is not None, "the recipe has no teacher"
    _refuse(data)
    origin = origin_of(how, store, listener)
    said = how.model_dump(mode="json", exclude={"endpoint": set(Remote.PATIENCE)})
    asked = [said, recipe.seed if how.temperature else None]
    key = digest([VERSION, data.hash, origin.place, asked])
    final = store.artifact_folder("datasets", data.name, key)
    texts = store.home / "answers" / f"{final.name}.jsonl"
    if not (final / MANIFEST).exists():
        texts.parent.mkdir(parents=True, exist_ok=True)
        with alone(texts, listener):
            if not (final / MANIFEST).exists():
                _write_texts(texts, data, recipe, store, listener)
                manifest = {**data.manifest, "hash": key, "rows": "chat"}
                with building(final, manifest) as draft:
                    manifest |= _write_rows(draft, data, texts, how, origin)
                    made = Dataset(draft, manifest)
                    write_report(made, made.report())
    for path in (texts, texts.with_suffix(MARKS)):
        path.unlink(missing_ok=True)
    return Dataset.open(final)


def origin_of(how: Answers, store: Store, listener: Listener) -> Origin:
    """Where a teacher's words come from.

    Raises:
        ModelError: One on this machine is not to be found.
    """
    if how.endpoint is not None:
        return Origin(how.endpoint.url, "unknown")
    located = locate(how.model, store, listener)
    return Origin(str(located.folder.resolve()), located.licence)


@contextmanager
def _teacher(data: Dataset, recipe: Recipe, store: Store, listener: Listener) -> Generator[Teacher]:
    """The teacher; of one behind an endpoint the replies are this process's alone."""
    how = recipe.data.answers
    assert how is not None
    if how.endpoint is None:
        yield load_scribe(how, recipe.seed, store, listener)
        return
    key = digest([how.endpoint.url, how.model, data.hash])
    replies = store.home / "answers" / f"{REPLIES}-{key[:16]}.jsonl"
    with (
        alone(replies, listener),
        closing(Correspondent(how, recipe.seed, replies)) as teacher,
    ):
        yield teacher


def _refuse(data: Dataset) -> None:
    if data.row_type not in {"chat", "prompt"}:
        raise DataError(
            f"A teacher answers conversations; these are {data.row_type} rows.",
            where="data.answers",
            fix="Set data.format to chat or prompt, or leave out data.answers.",
        )
    for split in data.splits:
        for record in data.records(split):
            if record["tools"] not in {None, "[]"}:
                raise DataError(
                    "A teacher's calls of tools are not read back as calls.",
                    where=f"data.answers; row {record['source_row']} of the source has tools",
                    fix="Leave out data.answers, or the rows with tools.",
                )


def _to_answer(data: Dataset) -> Iterator[tuple[str, int, Asking]]:
    """Split, number in it and row of all that the teacher answers."""
    for split in data.splits:
        for number, row in enumerate(data.rows(split)):
            assert isinstance(row, Chat | Prompt)
            if split != "test" or not _own_answer(row):
                yield split, number, row


def _own_answer(row: Asking) -> str:
    return row.messages[-1].content if isinstance(row, Chat) else row.reference


def _write_texts(
    path: Path, data: Dataset, recipe: Recipe, store: Store, listener: Listener
) -> None:
    """Fill a file of answers, one line each, from where it was left."""
    how = recipe.data.answers
    assert how is not None
    wanted = list(_to_answer(data))
    done = _whole_chunks(path, [(split, number) for split, number, _ in wanted])
    cut_to_lines(path, done)
    if done == len(wanted):
        return
    with (
        closing(Choice(how, store, path.with_suffix(MARKS))) as choice,
        _teacher(data, recipe, store, listener) as teacher,
        path.open("a", encoding="utf-8") as file,
    ):
        for start in range(done, len(wanted), ROWS_AT_ONCE):
            some = wanted[start : start + ROWS_AT_ONCE]
            prompts = [row.prompt for _, _, row in some]
            samples = teacher.answers(prompts, start // ROWS_AT_ONCE)
            said = choice.of(prompts, samples)
            for (split, number, _), one in zip(some, said, strict=True):
                file.write(_line(split, number, one, how.model) + "\n")
            file.flush()
            facts = {"done": start + len(some), "total": len(wanted), "unit": "rows answered"}
            listener(Event("progress", {"stage": "prepare", "text": "answering", **facts}))


def _line(split: str, number: int, said: Said, model: str) -> str:
    """A row's answer, who gave it, and why it is left out."""
    line: dict[str, Any] = {"split": split, "row": number, "answer": said.text, "by": model}
    line["left_out"] = said.why
    more = {"detail": said.detail, "score": said.score}
    line |= {name: value for name, value in more.items() if value not in {"", None}}
    if said.share < 1:
        line["share"] = said.share
    return json.dumps(line, ensure_ascii=False)


def _whole_chunks(path: Path, wanted: Sequence[tuple[str, int]]) -> int:
    """Lines of an earlier call up to its last whole chunk; none where they are others'."""
    known = [(line["split"], line["row"]) for line in read_lines(path)]
    if known != list(wanted[: len(known)]):
        return 0
    return len(known) if len(known) == len(wanted) else len(known) // ROWS_AT_ONCE * ROWS_AT_ONCE


def _write_rows(
    draft: Path, data: Dataset, texts: Path, how: Answers, origin: Origin
) -> dict[str, Any]:
    """Write rows and report; return what the manifest says of them."""
    lines = list(read_lines(texts))
    known = {(line["split"], line["row"]): line for line in lines}
    _leave_out_copies(data, known)
    written = (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (draft / TEXTS).write_text("".join(written), encoding="utf-8")
    (draft / "rows").mkdir()
    splits = {split: _write_split(draft, data, split, known) for split in SPLITS}
    why = Counter(line["left_out"] for line in lines if line["left_out"])
    if not splits["train"]:
        raise DataError(
            f"The teacher gave no training row a whole answer: {listed(why)}.",
            where=f"data.answers.model: {how.model}",
            fix=f"No end: raise data.answers.max_new_tokens; else read what it says in {texts}.",
        )
    facts: dict[str, Any] = {**how.model_dump(mode="json"), "place": origin.place}
    facts |= {"licence": origin.licence, "written": len(lines) - why.total()}
    facts |= {"left_out": why.total(), "why": dict(why)}
    details = [line["detail"] for line in lines if line.get("detail")]
    facts["example"] = details[0] if details else ""
    write_json(draft / REPORT, report_of(data.report(), splits, facts).to_json())
    return {
        "splits": splits,
        "answers": facts,
        "licence": f"{data.manifest['licence']}, answers: {origin.licence}",
        "parents": [*data.manifest["parents"], data.hash, how.model],
    }


def _leave_out_copies(data: Dataset, known: dict[tuple[str, int], dict[str, Any]]) -> None:
    """Leave out rows that ask and say what an earlier one of their split does; test rows stay."""
    there: set[str] = set()
    for split in ("train", "validation"):
        for number, row in enumerate(data.rows(split)):
            line = known.get((split, number))
            if line is None or line["left_out"]:
                continue
            asked = json.dumps([turn.to_json() for turn in cast("Asking", row).prompt])
            mark = digest([split, *(" ".join(s.lower().split()) for s in (asked, line["answer"]))])
            line["left_out"] = SAME_ROW if mark in there else ""
            there.add(mark)


def _write_split(
    draft: Path, data: Dataset, split: str, known: dict[tuple[str, int], dict[str, Any]]
) -> int:
    """Write a split's rows that have a whole answer; return their number."""
    columns = schema("chat")
    writer = Writer(draft / "rows" / f"{split}.arrow", columns)
    try:
        for number, record in enumerate(data.records(split)):
            line = known.get((split, number))
            if line is None or not line["left_out"]:
                row = _answered(cast("Asking", row_of(record, data.row_type)), line)
                beside = {name: [record[name]] for name in ("source_row", "group")}
                values = {**columns_of([row]), **beside}
                writer.write(pyarrow().RecordBatch.from_pydict(values, schema=columns))
    finally:
        writer.close()
    return writer.num_rows


def _answered(row: Asking, line: dict[str, Any] | None) -> Chat:
    """The row with its own answer or the teacher's; earlier ones are then given, not learned."""
    if line is None and isinstance(row, Chat):
        return row
    said = line["answer"] if line else _own_answer(row)
    given = [replace(turn, weight=0.0) if turn.role == "assistant" else turn for turn in row.prompt]
    weight = row.weight if isinstance(row, Chat) else 1.0
    return Chat((*given, Message("assistant", said)), weight=weight)
