"""A data set whose answers a teacher has written: sequence-level distillation.

Source: Kim & Rush 2016 (arXiv:1606.07947, section 3.2), with the likeliest token at each place, or
drawn ones, in place of a beam. The student sees texts alone, so its tokens may be other ones.

Answers are written down as they come: a broken run goes on after the last whole chunk.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, building, digest, write_json
from tuneful.core.errors import DataError, ModelError
from tuneful.core.events import Event
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.data.arrow import Writer, columns_of, pyarrow, row_of, schema
from tuneful.data.dataset import REPORT, SPLITS, Dataset
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Prompt
from tuneful.models.chat import Talk, encode_prompt
from tuneful.models.generate import Sampling, generate
from tuneful.models.predict import Chatter, load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.models.references import Located
    from tuneful.recipe.data import Answers
    from tuneful.recipe.schema import Recipe

VERSION = 1
ROWS_AT_ONCE = 64
MUCH = 0.05
"""Share of rows left out that deserves a warning."""
TEXTS = "answers.jsonl"
NO_END, NO_ROOM, NO_WORD = "no end", "no room", "no word"
"""Why an answer is left out."""

Asking = Chat | Prompt


@dataclass(frozen=True)
class Scribe:
    """Writes answers with a teacher.

    Attributes:
        chatter: The teacher.
        how: How it writes.
        seed: Of what is drawn.
    """

    chatter: Chatter
    how: Answers
    seed: int

    def answers(self, rows: Sequence[Asking], chunk: int) -> list[tuple[str, str]]:
        """Each row's answer, and why it is left out or "".

        Args:
            rows: What is asked.
            chunk: Number of these rows among all; what is drawn depends on it.
        """
        tokenizer, scorer = self.chatter.tokenizer, self.chatter.scorer
        room = getattr(cast("Any", scorer.core).config, "max_position_embeddings", None) or 2048
        prompts = [encode_prompt(tokenizer, Talk(row.prompt)) for row in rows]
        longest = room - self.how.max_new_tokens
        fitting = [number for number, ids in enumerate(prompts) if len(ids) <= longest]
        seed = self.seed * 1_000_003 + chunk
        sampling = Sampling(self.how.max_new_tokens, self.how.temperature, seed=seed)
        asked = [prompts[number] for number in fitting]
        groups = generate(scorer, asked, sampling, tokenizer.eos_id) if asked else []
        found = [("", NO_ROOM)] * len(rows)
        for number, (ids,) in zip(fitting, groups, strict=True):
            text = tokenizer.decode(ids).strip()
            why = "" if text else NO_WORD
            found[number] = (text, why if ids[-1] == tokenizer.eos_id else NO_END)
        return found


def answer(data: Dataset, recipe: Recipe, store: Store, listener: Listener) -> Dataset:
    """The data set with the teacher's answers: made now, or as an earlier call made it.

    Raises:
        DataError: The rows are no conversations, or not one training row has a whole answer.
        ModelError: The teacher is not to be found, or does not write.
    """
    how = recipe.data.answers
    assert how is not None, "the recipe has no teacher"
    _refuse(data)
    located = locate(how.model, store, listener)
    asked = [how.model_dump(mode="json"), recipe.seed if how.temperature else None]
    key = digest([VERSION, data.hash, str(located.folder.resolve()), asked])
    final = store.artifact_folder("datasets", data.name, key)
    if (final / MANIFEST).exists():
        return Dataset.open(final)
    texts = store.home / "answers" / f"{final.name}.jsonl"
    _write_texts(texts, data, recipe, store, listener)
    manifest = {**data.manifest, "hash": key, "rows": "chat"}
    with building(final, manifest) as draft:
        manifest |= _write_rows(draft, data, texts, how, located)
        shutil.copyfile(texts, draft / TEXTS)
    texts.unlink()
    return Dataset.open(final)


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
    lines = _whole_chunks(path, [(split, number) for split, number, _ in wanted])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    if len(lines) == len(wanted):
        return
    scribe = Scribe(_load(how, store, listener), how, recipe.seed)
    with path.open("a", encoding="utf-8") as file:
        for start in range(len(lines), len(wanted), ROWS_AT_ONCE):
            some = wanted[start : start + ROWS_AT_ONCE]
            found = scribe.answers([row for _, _, row in some], start // ROWS_AT_ONCE)
            for (split, number, _), (text, why) in zip(some, found, strict=True):
                line = {"split": split, "row": number, "answer": text, "left_out": why}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            facts = {"done": start + len(some), "total": len(wanted), "unit": "rows answered"}
            listener(Event("progress", {"stage": "prepare", "text": "answering", **facts}))


def _whole_chunks(path: Path, wanted: Sequence[tuple[str, int]]) -> list[str]:
    """The lines of an earlier call up to its last whole chunk; none where they are others'."""
    if not path.exists():
        return []
    # Not splitlines: an answer may have other ends of line in it than \n, which JSON escapes.
    lines = [line + "\n" for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    known = [json.loads(line) for line in lines]
    if [(line["split"], line["row"]) for line in known] != list(wanted[: len(known)]):
        return []
    whole = len(lines) if len(lines) == len(wanted) else len(lines) // ROWS_AT_ONCE * ROWS_AT_ONCE
    return lines[:whole]


def _load(how: Answers, store: Store, listener: Listener) -> Chatter:
    found = load_predictor(how.model, store, listener=listener)
    if not isinstance(found, Chatter) or not found.scorer.packed:
        raise ModelError(
            "This model cannot write answers to many rows at once.",
            where=f"data.answers.model: {how.model}",
            fix="Name a causal language model with a chat template.",
        )
    return found


def _write_rows(
    draft: Path, data: Dataset, texts: Path, how: Answers, located: Located
) -> dict[str, Any]:
    """Write rows and report; return what the manifest says of them."""
    lines = [json.loads(line) for line in texts.read_text(encoding="utf-8").split("\n")[:-1]]
    known = {(line["split"], line["row"]): line for line in lines}
    (draft / "rows").mkdir()
    splits = {split: _write_split(draft, data, split, known) for split in SPLITS}
    why = Counter(line["left_out"] for line in lines if line["left_out"])
    if not splits["train"]:
        raise DataError(
            f"The teacher gave no training row a whole answer: {_listed(why)}.",
            where=f"data.answers.model: {how.model}",
            fix="Raise data.answers.max_new_tokens; read what it says with tuneful chat.",
        )
    facts: dict[str, Any] = {**how.model_dump(mode="json"), "folder": str(located.folder.resolve())}
    facts |= {"licence": located.licence, "written": len(lines) - why.total()}
    facts |= {"left_out": why.total(), "why": dict(why)}
    write_json(draft / REPORT, _report(data.report(), splits, facts).to_json())
    return {
        "splits": splits,
        "answers": facts,
        "licence": f"{data.manifest['licence']}, answers: {located.licence}",
        "parents": [*data.manifest["parents"], data.hash, how.model],
    }


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


def _report(report: Report, splits: dict[str, int], facts: dict[str, Any]) -> Report:
    """What was known of the rows, and what became of them."""
    left, total = facts["left_out"], facts["left_out"] + facts["written"]
    findings = list(report.findings)
    if left:
        finding = Finding(
            Level.WARNING if left > MUCH * total else Level.NOTE,
            "answers-left-out",
            f"{left:,} of {total:,} rows have no whole answer of the teacher and were left out.",
            evidence=_listed(Counter(facts["why"])),
            fix=f"Raise data.answers.max_new_tokens; {TEXTS} in the data set's folder has each.",
            where="data.answers",
        )
        findings.append(finding)
    table = Table("Rows with their answers", ["split", "rows"], [[s, n] for s, n in splits.items()])
    known = {**report.facts, "splits": splits, "answers": facts}
    return Report(report.title, findings, [*report.tables, table], known)


def _listed(why: Counter[str]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in why.items())
