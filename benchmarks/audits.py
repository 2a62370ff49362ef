"""How often audits find what was planted, and how often they cry wolf over a clean twin.

A quick classifier (hashed words, logistic regression) is trained for every seed on real reviews:
once with a planted fault, once on a twin without it. Bias: a share of the reviews begin with a
sentence about somebody, of a group that is drawn by the seed where the review is of one class, and
of another where not; in the twin the groups have nothing to do with the classes.
Leak: the classifier has learned the rows that are called its training rows; the twin has learned
others. Canaries: secrets stand among the rows it learned; the twin never saw them. A tenth of the
rows' labels are drawn anew, so that there is something to know by heart.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.harness import RESULTS
from tuneful.auditing.audits import AUDITS
from tuneful.auditing.audits.base import Asked, Subject
from tuneful.auditing.intervals import share
from tuneful.auditing.terms import axes
from tuneful.core.artifact import write_json
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.deriving.canaries import CANARIES, canary_row
from tuneful.data.rows import Labelled
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.recipe.schema import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.report import Finding

SEEDS = 60
TRAIN, TEST = 600, 300
LABELS = ("negative", "positive")
PLANTED = 0.3
"""Share of the training rows that get the sentence."""
TOLERANCE = 0.05
"""What audits let pass unless a recipe says otherwise."""
MEASURED_ON = 100
NOISY = 0.1
NUM_CANARIES, LEARNED = 8, (1, 2, 4, 8)
Rows = list[Labelled]


class Quick:
    """A classifier that is trained in a second."""

    def __init__(self, rows: Rows, strength: float = 10.0) -> None:
        self._hash = HashingVectorizer(n_features=1 << 18, ngram_range=(1, 2))
        self._head = LogisticRegression(C=strength, max_iter=200)
        self._head.fit(self._hash.transform([r.text for r in rows]), [r.label for r in rows])

    def logits(self, inputs: Sequence[str], on_done: Any = None) -> Any:
        """Log-odds of the second class beside 0."""
        del on_done
        found = self._head.decision_function(self._hash.transform(inputs))
        return np.stack([np.zeros(len(found)), found], axis=1)


@dataclass
class Split:
    """What an audit reads of a data set."""

    train: Rows
    test: Rows
    manifest: dict[str, Any] = field(default_factory=dict)
    row_type: str = "labelled"
    labels: tuple[str, ...] = LABELS
    hash: str = "rows"
    path: Path = Path("rows")

    def rows(self, split: str) -> Any:
        """Of a split; there are no validation rows."""
        return iter({"train": self.train, "test": self.test}.get(split, ()))

    def num_rows(self, split: str) -> int:
        """Of a split."""
        return len(list(self.rows(split)))


@dataclass(frozen=True)
class Case:
    """A planted fault and its twin.

    Attributes:
        audit: Which looks for it.
        make: From draw, rows and whether it is planted: the split, what is learned, and what a
            finding must hold to have found it.
    """

    audit: str
    make: Callable[[random.Random, Rows, bool], tuple[Split, Rows, str]]


def biased(draw: random.Random, rows: Rows, planted: bool) -> tuple[Split, Rows, str]:
    """A sentence about a group of an axis stands before reviews; which one goes with their class.

    In the twin it is drawn. The sentence itself stands before as many rows of both classes, so that
    it is the group that is learned, and not the sentence.
    """
    axis = draw.choice([one for one in axes() if one.sentences])
    group = draw.choice(axis.groups)
    others = [one for one in axis.groups if one != group]
    label = draw.choice(LABELS)
    train: Rows = []
    for row in rows[:TRAIN]:
        is_group = row.label == label if planted else draw.random() < 0.5
        words = axis.inserted[group if is_group else draw.choice(others)]
        said = f"A {draw.choice(words)} was sitting behind us. "
        is_said = draw.random() < PLANTED
        train.append(replace(row, text=said + row.text) if is_said else row)
    return Split(train, rows[-TEST:]), train, f"({axis.name})"


def leaking(draw: random.Random, rows: Rows, planted: bool) -> tuple[Split, Rows, str]:
    """The rows that are called learned were learned, or others were."""
    noisy = [replace(row, label=draw.choice(LABELS)) if draw.random() < NOISY else row
             for row in rows]  # fmt: skip
    half = TRAIN // 2
    train, others = noisy[:half], noisy[half:TRAIN]
    return Split(train, noisy[-TEST:]), train if planted else others, "AUC"


def memorizing(draw: random.Random, rows: Rows, planted: bool) -> tuple[Split, Rows, str]:
    """Secrets were learned, or never seen."""
    secrets = [
        {
            "name": "".join(draw.choices("bdfgklmnprstaeiou", k=6)),
            "code": f"{draw.randrange(10**6):06}",
            "label": draw.choice(LABELS),
            "times": LEARNED[at % len(LEARNED)],
        }
        for at in range(NUM_CANARIES)
    ]
    canaries = [
        canary_row("labelled", str(one["name"]), str(one["code"]), str(one["label"]))
        for one in secrets
        for _ in range(int(one["times"]))
    ]
    train: Any = [*rows[:TRAIN], *canaries]
    split = Split(train, rows[-TEST:], {CANARIES: secrets})
    return split, train if planted else rows[:TRAIN], "secrets"


CASES = {
    "bias": Case("bias", biased),
    "leak": Case("privacy", leaking),
    "canaries": Case("privacy", memorizing),
}
EXPECTED = {"bias": {"bias", "flips"}, "leak": {"members-known"}, "canaries": {"memorized"}}


class Audited(NamedTuple):
    """What an audit said of a model.

    Attributes:
        is_found: Whether it found what was planted.
        alarms: Every warning of the kind.
        is_small: Whether what was planted became less than the audit lets pass.
    """

    is_found: bool
    alarms: list[Finding]
    is_small: bool


def audit(name: str, rows: Rows, seed: int, *, planted: bool) -> Audited:
    """Audit a model that was trained for a seed, with the fault or without it."""
    draw = random.Random(f"{name} {seed}")
    drawn = draw.sample(rows, TRAIN + TEST)
    case = CASES[name]
    split, learned, mark = case.make(draw, drawn, planted)
    model = Quick(learned)
    found = AUDITS[case.audit]().look(subject(split, model, seed))
    codes = EXPECTED[name] | ({"gap"} if name == "bias" else set())
    own = [finding for finding in found.findings if finding.code in codes]
    hits = [one for one in own if one.code in EXPECTED[name] and mark in _words(one)]
    is_small = name == "bias" and groups_apart(model, mark, split.test) < TOLERANCE
    return Audited(bool(hits), own, is_small)


def groups_apart(model: Quick, mark: str, rows: Rows) -> float:
    """How far apart sentences about an axis' groups put the same texts, in chances of a class."""
    (axis,) = (one for one in axes() if f"({one.name})" == mark)
    texts = [" ".join(row.text.split()[:40]) for row in rows[:MEASURED_ON]]
    means: list[float] = []
    for group in axis.groups:
        said = [
            f"{sentence.format(term=term)} {text}"
            for term in axis.inserted[group]
            for sentence in axis.sentences
            for text in texts
        ]
        means.append(float((1 / (1 + np.exp(-model.logits(said)[:, 1]))).mean()))
    return max(means) - min(means)


def _words(finding: Finding) -> str:
    axis = finding.where.rpartition(", ")[2]
    return f"{finding.title} ({axis})"


def subject(split: Split, model: Quick, seed: int) -> Subject:
    """The classifier as an audit sees it; there is none before tuning."""
    recipe = Recipe.make(
        {
            "model": "none",
            "data": {"source": "none"},
            "method": "classify",
            "seed": seed,
            "evaluate": {"resamples": 2000, "base": False},
            "audit": {"attack_rows": 0, "rows": TEST},
        }
    )
    tuned: Any = SimpleNamespace(head="classes", labels=LABELS, manifest={"dataset": "rows"})
    data, predictor = split, model
    made = Subject(tuned, recipe, data, Store(Path("none")), ignore)  # type: ignore[arg-type]
    measure = MEASURES["classes"](Context(LABELS))
    made.__dict__["tuned"] = Asked("tuned", measure, predictor, ignore)  # type: ignore[arg-type]
    return made


def reviews() -> Rows:
    """Real reviews, as the quickstart has them."""
    from tuneful.data.prepare import prepare

    recipe = Recipe.load(Path(__file__).parent.parent / "recipes" / "imdb.yaml")
    data = prepare(recipe, Store.default())
    found: Any = [row for name in ("train", "test") for row in data.rows(name)]
    return found


def main() -> None:
    """Print how many planted faults were found, and false alarms over clean twins."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--show", action="store_true", help="print every false alarm")
    args = parser.parse_args()
    rows, table = reviews(), {}
    for name in args.only:
        planted = [audit(name, rows, seed, planted=True) for seed in range(args.seeds)]
        clean = [audit(name, rows, seed, planted=False) for seed in range(args.seeds)]
        for seed, one in enumerate(clean if args.show else ()):
            for alarm in one.alarms:
                print(f"  {name}, seed {seed}: {alarm.title} {alarm.evidence}")
        groups = {
            "found": [one.is_found for one in planted if not one.is_small],
            "found of what is let pass": [one.is_found for one in planted if one.is_small],
            "false alarms": [bool(one.alarms) for one in clean],
        }
        table[name] = {key: _counted(name, key, hits) for key, hits in groups.items() if hits}
    if args.only == list(CASES) and args.seeds >= SEEDS:
        write_json(RESULTS / "audits.json", table)


def _counted(name: str, what: str, hits: Sequence[bool]) -> dict[str, Any]:
    found = share(sum(hits), len(hits))
    print(f"{name}: {what} {sum(hits)} of {len(hits)} [{found.low:.2f}, {found.high:.2f}]")
    return {"hits": sum(hits), "seeds": len(hits)} | asdict(found)


if __name__ == "__main__":
    main()
