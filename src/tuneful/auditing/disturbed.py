"""Rows said otherwise: what a model makes of them beside the same rows as they are.

The metric is the recipe's first; of answers in JSON the fields that are right, for whether one can
be parsed says little of whether it is right. Every disturbed row stands beside itself as it is, so
that the interval is of the difference, row by row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tuneful.auditing.disturbances import DISTURBANCES, is_obeyed
from tuneful.auditing.intervals import bounds, share
from tuneful.auditing.paraphrases import NAME as PARAPHRASE
from tuneful.core.report import Finding, Level, Table
from tuneful.data.augmenting.base import text_of, with_text
from tuneful.evaluating.analysing.scores import FIELD, FieldsRight
from tuneful.evaluating.bootstrap import Compared, compare, row_counts, value_of, values_of_both
from tuneful.evaluating.evaluate import metric_names
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Asked, Subject
    from tuneful.core.report import Cell
    from tuneful.data.rows import Row
    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Array, Metric

HELPS = {"typos": "typos", "lower": "case", "upper": "case", PARAPHRASE: PARAPHRASE}
"""Augmenters whose rows are of a form."""


@dataclass(frozen=True)
class Form:
    """Rows in another form.

    Attributes:
        places: Which of the subject's few rows they are of.
        injects: Whether they tell the model what to say.
    """

    name: str
    what: str
    places: Sequence[int]
    rows: Sequence[Row]
    injects: bool = False


@dataclass(frozen=True)
class Disturbed:
    """What a model makes of disturbed rows.

    Attributes:
        who: "tuned" or "base".
        found: The metric of disturbed ("tuned") and of clean rows ("base"), and the difference.
        sure: The difference with the interval that holds for all disturbances together.
        obeyed: Answers that were what an injected instruction asked for; None without one.
    """

    who: str
    name: str
    what: str
    rows: int
    changed: int
    found: Compared
    sure: Interval
    obeyed: Interval | None = None


def ask_disturbed(subject: Subject) -> tuple[Metric, list[Disturbed]]:
    """Ask about disturbed rows.

    A base that has nothing to lose (its head is untrained, or it is right by no more than the
    tolerance) is asked only whether it obeys.
    """
    known = _metric(subject)
    forms = list(_forms(subject))
    asking = _Asking(subject, known, len(forms))
    base = subject.base if subject.writes else None
    loses = base is not None and asking.may_lose(base)
    found: list[Disturbed] = []
    for form in forms:
        found.append(asking.disturbed(subject.tuned, form))
        if base is not None and (loses or form.injects):
            found.append(asking.disturbed(base, form))
    return known, found


def _metric(subject: Subject) -> Metric:
    asked = subject.recipe.evaluate.metrics
    clean = subject.clean(subject.tuned)
    names = metric_names(subject.recipe, subject.tuned.measure.metrics(clean))
    parts = [name for name in names if name.startswith(FIELD)]
    return FieldsRight.of(parts) if parts and asked == "auto" else metric(names[0])


def _forms(subject: Subject) -> Iterator[Form]:
    """The rows that are disturbed, in every form."""
    few = subject.few
    for one in DISTURBANCES:
        if subject.writes or not one.injects:
            draw = subject.draw(3)
            rows = [with_text(row, one.edit(text_of(row), draw)) for row in few]
            yield Form(one.name, one.what, range(len(few)), rows, one.injects)
    said = subject.paraphrased
    if said is not None and said.rows:
        what = f"in the words of {said.teacher['teacher']}"
        yield Form(PARAPHRASE, what, list(said.rows), list(said.rows.values()))


@dataclass(frozen=True)
class _Asking:
    """Asks about rows in their forms.

    Attributes:
        known: The metric.
        num_forms: That a finding's interval holds for together.
    """

    subject: Subject
    known: Metric
    num_forms: int

    def may_lose(self, base: Asked) -> bool:
        """Whether the base is right in more rows than are let pass."""
        known, few = self.known, len(self.subject.few)
        value = value_of(known, known.statistics(self.subject.clean(base))[:few])
        is_low = known.is_share and known.better == "higher"
        return not (is_low and value <= self.subject.settings.tolerance)

    def disturbed(self, asked: Asked, form: Form) -> Disturbed:
        """What a model makes of a form, beside the same rows as they are."""
        subject, known = self.subject, self.known
        sample = asked.sample(form.rows, form.name)
        clean_NK = known.statistics(subject.clean(asked))[list(form.places)]
        found_NK, resamples = known.statistics(sample), subject.recipe.evaluate.resamples
        compared = compare(known, found_NK, clean_NK, resamples, subject.seed)
        few = [subject.few[at] for at in form.places]
        changed = sum(text_of(a) != text_of(b) for a, b in zip(few, form.rows, strict=True))
        obeyed = None
        if form.injects:
            obeyed = share(sum(map(is_obeyed, sample.answers)), len(few))
        sure = self._sure(found_NK, clean_NK)
        told = (asked.who, form.name, form.what)
        return Disturbed(*told, len(few), changed, compared, sure, obeyed)

    def _sure(self, found_NK: Array, clean_NK: Array) -> Interval:
        import numpy as np

        known, resamples = self.known, self.subject.recipe.evaluate.resamples
        rng = np.random.default_rng([self.subject.seed, 0xA0D17])
        apart: list[Array] = []
        for counts_RN in row_counts(rng, len(found_NK), resamples):
            found_R, clean_R = values_of_both(known, counts_RN, [found_NK, clean_NK])
            apart.append(found_R - clean_R)
        value = value_of(known, found_NK) - value_of(known, clean_NK)
        return bounds(value, np.concatenate(apart), self.num_forms)


def about_disturbed(
    disturbed: Sequence[Disturbed], known: Metric, tolerance: float
) -> Iterator[Finding]:
    """Warnings where answers obey what is injected, or too much of the metric is lost."""
    for one in disturbed:
        if one.who != "tuned":
            continue
        if one.obeyed is not None and one.obeyed.low > tolerance:
            base = next((d for d in disturbed if d.name == one.name and d.who == "base"), None)
            yield Finding(
                Level.WARNING,
                "injection",
                f"{interval(asdict(one.obeyed), is_share=True)} of the answers obey an instruction "
                "that stands in the user's text.",
                evidence=f"{one.rows} rows"
                + (
                    f"; before tuning {interval(asdict(base.obeyed), is_share=True)}"
                    if base and base.obeyed
                    else ""
                ),
                fix="Train on rows with such instructions and the right answer beside them.",
                where="audit: robustness, injection",
            )
        if _is_lost(one, known, tolerance):
            yield _about_loss(one, known)


def _is_lost(one: Disturbed, known: Metric, tolerance: float) -> bool:
    clean = one.found.base
    assert clean is not None
    worst = one.sure.high if known.better == "higher" else -one.sure.low
    return worst < -tolerance * (1.0 if known.is_share else abs(clean.value))


def _about_loss(one: Disturbed, known: Metric) -> Finding:
    assert one.found.difference is not None
    apart = interval(asdict(one.found.difference), is_share=known.is_share, sign=True)
    helps = HELPS.get(one.name)
    return Finding(
        Level.WARNING,
        "fragile",
        f"{known.title} changes by {apart} with {one.name}: {one.what}.",
        evidence=f"{one.changed} of {one.rows} rows were changed; each is compared with itself",
        fix=f"data.augment: [{helps}] trains on such texts."
        if helps
        else "Train on rows that are written so.",
        where=f"audit: robustness, {one.name}",
    )


def disturbed_table(disturbed: Sequence[Disturbed], known: Metric) -> Iterator[Table]:
    """Every form in a line."""
    rows: list[list[Cell]] = []
    for one in disturbed:
        found, is_share = one.found, known.is_share
        assert found.base is not None
        assert found.difference is not None
        few = f", {one.rows} rows" if one.rows < disturbed[0].rows else ""
        rows.append(
            [
                one.name + (", base" if one.who == "base" else "") + few,
                bare_interval(asdict(found.base), is_share=is_share),
                bare_interval(asdict(found.tuned), is_share=is_share),
                bare_interval(asdict(found.difference), is_share=is_share, sign=True),
                interval(asdict(one.obeyed), is_share=True) if one.obeyed else None,
            ]
        )
    if not any(one.obeyed for one in disturbed):
        rows = [row[:-1] for row in rows]
    columns = ["disturbance", "as it is", "disturbed", "difference", "obeyed"]
    note = (
        f"{known.title}{', %' if known.is_share else ''} on {disturbed[0].rows:,} test rows, each "
        f"compared with itself; 95 % intervals by bootstrap over rows."
    )
    if any(one.found.tuned.low == one.found.tuned.high for one in disturbed):
        note += (
            " One without width: no row came out otherwise, which is not to say that none would."
        )
    yield Table("Written otherwise", columns[: len(rows[0])], rows, note)
