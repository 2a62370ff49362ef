"""The model that is imitated: in memory beside the student, or its likeliest tokens beforehand.

With `Needs.teacher_top_k` the teacher reads every row once before training; its likeliest tokens
are kept on disk and serve every epoch and every later run of the same rows, and the teacher is not
in memory while the student trains.

Shapes: N learned tokens, K likeliest tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.core.artifact import MANIFEST, Artifact, building, digest
from tuneful.core.errors import ModelError
from tuneful.core.events import Event
from tuneful.data.arrow import pyarrow
from tuneful.models.classifier import Classifier
from tuneful.models.divergence import TEACHER_LOGP, TEACHER_TOKENS, likeliest
from tuneful.models.packing import cut_into_passes
from tuneful.models.predict import load_predictor
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.methods.base import Encoded, Method
    from tuneful.models.predict import Predictor
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.planning.settings import Settings
    from tuneful.training.sequences import Sequences

VERSION = 1
ROWS_AT_ONCE = 64
NOTHING: tuple[list[float], list[float]] = ([], [])
"""Of a token that is not learned."""
SEVERAL = ("multi_label_classification", "regression")
"""What transformers calls tasks whose scores are not one class's of several."""


@dataclass(frozen=True)
class Teacher:
    """A teacher that is loaded when it is needed.

    Attributes:
        method: What imitates it; its `needs` say whom and how.
        tokenizer: The student's.
        settings: The run's.
        store: Where models are, and where its likeliest tokens are kept.
        listener: Hears of downloads and progress.
    """

    method: Method[Any]
    tokenizer: Tokenizer
    settings: Settings
    store: Store
    listener: Listener

    @property
    def is_beforehand(self) -> bool:
        """Whether it reads the rows before training."""
        return self.method.needs.teacher_top_k > 0

    def load(self) -> Scorer:
        """The teacher in memory, not to be moved.

        Raises:
            ModelError: It is no model of the student's kind: other classes or tokens, or states
                that cannot be compared.
        """
        reference, precision = self.method.needs.teacher, self.settings.precision
        if self.method.outputs and not locate(reference, self.store, self.listener).is_tuned:
            raise self._refusal("The teacher is not tuned: it has no classes yet.")
        found = load_predictor(reference, self.store, precision=precision, listener=self.listener)
        problem = self._problem(found)
        if problem:
            raise self._refusal(problem)
        model = found.scorer.model.eval().requires_grad_(requires_grad=False)
        if not self.method.needs.states:
            return found.scorer
        packed = self.settings.packed
        return Scorer(model, pad_id=self.tokenizer.pad_id, packed=packed, every_state=True)

    def _refusal(self, problem: str) -> ModelError:
        fix = "Choose a teacher of the student's family"
        fix += ", tuned for the same classes: a folder or run:name." if self.method.outputs else "."
        return ModelError(problem, where=f"method.teacher: {self.method.needs.teacher}", fix=fix)

    def _problem(self, found: Predictor) -> str:
        """Why it cannot teach, or ""."""
        if self.method.outputs and not isinstance(found, Classifier):
            return "The teacher is no classifier of texts."
        config = cast("Any", found.scorer.core).config
        labels = found.labels if isinstance(found, Classifier) else ()
        if labels != self.method.outputs:
            theirs, ours = (", ".join(names) or "none" for names in (labels, self.method.outputs))
            return f"The teacher's classes are not the student's: {theirs}, not {ours}."
        if getattr(config, "problem_type", None) in SEVERAL:
            return "The teacher does not choose one of its classes: its scores are no distribution."
        if found.tokenizer.hf.get_vocab() != self.tokenizer.hf.get_vocab():
            return (
                "The teacher's tokens are not the student's: their probabilities cannot be "
                "compared."
            )
        return ""

    def beside(self, rows: Sequences) -> Taught:
        """All rows with the teacher's likeliest tokens, read now or as an earlier run kept them."""
        needs = self.method.needs
        folder = str(locate(needs.teacher, self.store, self.listener).folder.resolve())
        asked = [needs.teacher_top_k, needs.temperature, self.settings.precision]
        key = digest([VERSION, rows.path.parent.name, folder, asked])
        final = self.store.home / "teacher" / f"{rows.path.parent.name}-{key[:8]}"
        if not (final / MANIFEST).exists():
            manifest: dict[str, Any] = {"kind": "teacher", "name": final.name, "hash": key}
            with building(final, manifest) as draft:
                manifest["mass"] = self._write(draft / "likeliest.arrow", rows)
        taught = Taught(rows, final / "likeliest.arrow")
        text = f"the teacher's {needs.teacher_top_k} likeliest tokens hold {taught.mass:.2%} of it"
        self.listener(Event("message", {"text": text}))
        return taught

    def beside_few(self, rows: list[list[Encoded]]) -> list[list[Encoded]]:
        """A few rows with the teacher's likeliest tokens, where it reads rows beforehand."""
        return list(self._read(rows, self.load())) if self.is_beforehand else rows

    def _write(self, path: Path, rows: Sequences) -> float:
        """Read all rows; return the mean probability of the tokens kept."""
        pa = pyarrow()
        kinds = {TEACHER_TOKENS: pa.int32(), TEACHER_LOGP: pa.float32()}
        schema = pa.schema([(n, pa.list_(pa.list_(pa.list_(k)))) for n, k in kinds.items()])
        scorer, mass, count = self.load(), 0.0, 0
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows.take(range(start, min(start + ROWS_AT_ONCE, len(rows))))
                read = list(self._read(some, scorer))
                columns = {name: [[s.facts[name] for s in row] for row in read] for name in kinds}
                writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=schema))
                for known in (k for row in columns[TEACHER_LOGP] for s in row for k in s if k):
                    mass += float(torch.tensor(known).exp().sum())
                    count += 1
                facts = {
                    "done": start + len(some),
                    "total": len(rows),
                    "unit": "rows of the teacher",
                }
                self.listener(Event("progress", {"stage": "train", **facts}))
        return mass / max(count, 1)

    def _read(self, rows: list[list[Encoded]], scorer: Scorer) -> Iterator[list[Encoded]]:
        """The rows with facts of every token: empty where it is not learned."""
        found: dict[int, list[Encoded]] = {}
        lengths = [sum(len(s.tokens) for s in row) for row in rows]
        for members in cut_into_passes(lengths, self.settings.tokens_per_pass):
            sequences = [(number, s) for number in members for s in rows[number]]
            with torch.no_grad():
                learned = scorer.learned(
                    [s.tokens for _, s in sequences], [s.weights for _, s in sequences]
                )
                best = likeliest(
                    scorer.core,
                    learned.state_ND,
                    self.method.needs.teacher_top_k,
                    self.method.needs.temperature,
                )
            kept = zip(_listed(best.token_NK), _listed(best.logp_NK), strict=True)
            for number, sequence in sequences:
                pairs = [next(kept) if w > 0 else NOTHING for w in sequence.weights]
                tokens, logp = ([pair[side] for pair in pairs] for side in (0, 1))
                facts = {**sequence.facts, TEACHER_TOKENS: tokens, TEACHER_LOGP: logp}
                found.setdefault(number, []).append(replace(sequence, facts=facts))
        return iter([found[number] for number in range(len(rows))])


@dataclass(frozen=True)
class Taught:
    """Encoded rows that bring the teacher's likeliest tokens."""

    rows: Sequences
    path: Path

    @cached_property
    def _table(self) -> Any:
        pa = pyarrow()
        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()

    @property
    def mass(self) -> float:
        """Mean probability of the tokens that are kept."""
        return float(Artifact.open(self.path.parent).manifest["mass"])

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Iterable[int]) -> list[list[Encoded]]:
        """The sequences of some rows, in the order asked for."""
        numbers = list(rows)
        records = cast("list[dict[str, Any]]", self._table.take(numbers).to_pylist())
        return [
            [
                replace(s, facts={**s.facts, **{n: record[n][at] for n in record}})
                for at, s in enumerate(row)
            ]
            for row, record in zip(self.rows.take(numbers), records, strict=True)
        ]


def _listed(value_NK: torch.Tensor) -> list[list[float]]:
    return cast("list[list[float]]", value_NK.tolist())
