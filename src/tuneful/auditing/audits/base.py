"""What every audit is made of: a model with its base, the rows they are asked about, what is found.

An audit asks the tuned model and, unless the recipe says no, its base in the same way. What it
cannot look at it says (`Audited.why_not`) instead of being quiet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tuneful.auditing.paraphrases import Paraphrased, paraphrase
from tuneful.core.events import Event
from tuneful.data.rows import Rated, classes_of
from tuneful.evaluating.predictions import measure_of
from tuneful.models.classifier import Classifier
from tuneful.models.predict import Untuned, load_predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.random import Generator

    from tuneful.core.events import Listener
    from tuneful.core.report import Finding, Table
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.evaluating.measures.base import Measure
    from tuneful.models.model import Model
    from tuneful.models.predict import Predictor
    from tuneful.recipe.audit import Audit as Settings
    from tuneful.recipe.schema import Recipe

SCORED, WRITTEN = 300, 24
"""Rows that are asked about where nobody said: of heads with scores, and of models that write."""
MOST_DISTURBED = 120
"""Rows of each disturbance: there are several, and most rows come out as before."""


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    Attributes:
        facts: Numbers for a program.
        why_not: Why nothing was looked at; "" where something was.
    """

    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    why_not: str = ""


@dataclass(frozen=True)
class Asked:
    """A loaded model and how it is asked.

    Attributes:
        who: "tuned" or "base".
    """

    who: str
    measure: Measure
    predictor: Predictor
    listener: Listener

    def sample(self, rows: Sequence[Row], what: str) -> Any:
        """What the model says of rows, beside their truth: a sample of its measure."""
        said = self.measure.ask(self.predictor, rows, lambda _: self.told(what, len(rows)))
        return self.measure.sample(said, rows)

    def told(self, what: str, total: int) -> Callable[[int], None]:
        """A listener of how many of so many are done."""

        def on_done(done: int) -> None:
            facts = {"stage": "audit", "done": done, "total": total, "unit": "rows"}
            self.listener(Event("progress", facts | {"text": f"{self.who}, {what}"}))

        return on_done


@dataclass(frozen=True)
class Subject:
    """A tuned model under audit, and everything it may be held against."""

    model: Model
    recipe: Recipe
    data: Dataset
    store: Store
    listener: Listener

    @property
    def settings(self) -> Settings:
        """The recipe's section."""
        return self.recipe.audit

    @property
    def seed(self) -> int:
        """Of whatever is drawn."""
        return self.recipe.seed

    def draw(self, purpose: int = 0) -> Generator:
        """Random numbers, the same in every audit of the recipe."""
        import numpy as np

        return np.random.Generator(np.random.PCG64([self.seed, 0xA0D17, purpose]))

    @property
    def writes(self) -> bool:
        """Whether the model answers in words."""
        return self.model.head == "tokens"

    @cached_property
    def tuned(self) -> Asked:
        """The model, as calibrated."""
        measure = self._measure(is_base=False)
        predictor = load_predictor(self.model.path, self.store, listener=self.listener)
        return Asked("tuned", measure, _remembering(predictor), self.listener)

    @cached_property
    def base(self) -> Asked | None:
        """The model before tuning, with a fresh head; None where the recipe wants none."""
        if not self.recipe.evaluate.base:
            return None
        measure = self._measure(is_base=True)
        untuned = Untuned(self.model.head, self.model.labels, self.seed)
        found = load_predictor(
            self.recipe.model, self.store, untuned=untuned, listener=self.listener
        )
        cut_alike = replace(found, max_length=self.model.max_length)
        return Asked("base", measure, _remembering(cut_alike), self.listener)

    def _measure(self, *, is_base: bool) -> Measure:
        """Nothing in an audit asks how likely a reference was, but a metric that is named may."""
        scored = self.recipe.evaluate.metrics != "auto"
        return measure_of(
            self.model, self.recipe, self.store, is_base=is_base, scores_reference=scored
        )

    @property
    def asked(self) -> list[Asked]:
        """The tuned model, then its base where there is one."""
        return [self.tuned, *([self.base] if self.base else [])]

    @cached_property
    def test(self) -> tuple[list[Row], int]:
        """Test rows of classes that the model knows, and the number of all others."""
        known = set(self.model.labels)
        rows = list(self.data.rows("test"))
        fitting = [row for row in rows if not known or set(classes_of(row)) <= known]
        return fitting, len(rows) - len(fitting)

    @cached_property
    def rows(self) -> list[Row]:
        """The test rows that are asked about."""
        rows, _ = self.test
        most = self.settings.rows
        return self.some(rows, (WRITTEN if self.writes else SCORED) if most == "auto" else most)

    @cached_property
    def rating_range(self) -> tuple[float, float]:
        """Lowest and highest rating of the test rows."""
        known = [row.rating for row in self.test[0] if isinstance(row, Rated)]
        return (min(known), max(known)) if known else (0.0, 1.0)

    @cached_property
    def few(self) -> list[Row]:
        """Those of them that are disturbed."""
        return self.rows[:MOST_DISTURBED]

    @cached_property
    def paraphrased(self) -> Paraphrased | None:
        """Those of `few` that a teacher said in other words; None where the recipe has no teacher.

        Raises:
            ModelError: The teacher is not to be found, or answers nobody.
            DataError: The ceiling of its cost is reached.
        """
        return paraphrase(self)

    def some(self, rows: Sequence[Row], most: int, purpose: int = 1) -> list[Row]:
        """At most so many rows, drawn by the seed, in random order."""
        order = self.draw(purpose).permutation(len(rows))[:most].tolist()
        return [rows[at] for at in order]

    @cached_property
    def _clean(self) -> dict[str, Any]:
        return {}

    def clean(self, asked: Asked) -> Any:
        """What a model says of `rows` as they are; asked once."""
        if asked.who not in self._clean:
            self._clean[asked.who] = asked.sample(self.rows, "rows as they are")
        return self._clean[asked.who]


def _remembering(predictor: Predictor) -> Predictor:
    """A classifier that is asked nothing twice: texts in capitals are often the same tokens."""
    return replace(predictor, known={}) if isinstance(predictor, Classifier) else predictor


class Audit(Protocol):
    """Something that tuning can break."""

    needs_rows: ClassVar[bool]
    """Whether it asks about test rows."""

    def look(self, subject: Subject) -> Audited:
        """Ask, measure and judge."""
        ...
