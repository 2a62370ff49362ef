"""What every measure is made of.

A measure asks a model about rows, keeps what it said as JSON values, and sets that beside the truth
as a sample: what metrics are computed from. Tuned and untuned model are asked in the same way.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tuneful.core.errors import DataError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts

if TYPE_CHECKING:
    from tuneful.core.store import Store
    from tuneful.methods.base import Method
    from tuneful.models.model import Model

Told = Callable[[str], Callable[[int], None]]
"""From what is being asked ("rows", "answers") to a listener of how many are done."""


@dataclass(frozen=True)
class Extra:
    """What a model that answers is asked beside one answer to each row.

    Attributes:
        samples: Answers drawn to each row; 0 for none.
        temperature: They are drawn at.
        timed: Rows that are asked one at a time, each timed.
        seed: Of what is drawn.
        runs_code: Whether a metric runs programs in answers.
        scores_reference: Whether it is asked how likely the reference's answer is.
    """

    samples: int = 0
    temperature: float = 0.8
    timed: int = 0
    seed: int = 0
    runs_code: bool = False
    scores_reference: bool = True


NOTHING_MORE = Extra()


def check_known(labels: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Refuse rows of classes that the model does not know: none of them could be got right.

    Args:
        labels: The model's classes.
        rows: Text and classes of each.

    Raises:
        DataError: With their number.
    """
    known = set(labels)
    bad = [(text, name) for text, names in rows if (name := _first_unknown(names, known))]
    if not bad:
        return
    text, name = bad[0]
    raise DataError(
        f"{len(bad):,} of {len(rows):,} rows have a class that the model does not know: {name!r}.",
        where=f"text {text[:60]!r}",
        fix="Leave such rows out with data.where (with --data: data.test_where), or call their "
        f"classes by the model's names with data.labels: {', '.join(labels)}.",
    )


def _first_unknown(names: Sequence[str], known: set[str]) -> str | None:
    return next((name for name in names if name not in known), None)


@dataclass(frozen=True)
class Context:
    """What a measure may know.

    Attributes:
        labels: Names of the model's scores in their order; none for a model without such a head.
        method: The method as the model was trained by it; None for a model that was not.
        temperature: What logits are divided by before they become confidences.
        max_new_tokens: Longest answer.
        store: Where models that grade stand; needed where something is asked of such.
        extra: What is asked of models that answer, beside answers.
    """

    labels: tuple[str, ...] = ()
    method: Method[Any] | None = None
    temperature: float = 1.0
    max_new_tokens: int = 128
    store: Store | None = None
    extra: Extra = NOTHING_MORE

    @classmethod
    def of(
        cls,
        model: Model,
        max_new_tokens: int,
        store: Store | None = None,
        *,
        is_base: bool = False,
    ) -> Context:
        """The context of a tuned model, or of its base, which nobody calibrated."""
        kind = METHODS[str(model.manifest["method"])]
        settings = kind.Config.model_validate(model.manifest["method_settings"])
        method = kind(settings, DataFacts(model.labels))
        temperature = 1.0 if is_base else model.temperature
        return cls(model.labels, method, temperature, max_new_tokens, store)


class Measure(Protocol):
    """A way to compare a model with the truth."""

    version: ClassVar[int]
    """Goes up when `ask` changes what it says: what was kept of untuned models is then outdated."""

    fits: ClassVar[bool]
    """Whether something is fitted on validation rows before test rows are measured."""

    def __init__(self, context: Context) -> None: ...

    def depends_on(self) -> list[Any]:
        """What the answers depend on, beside model, head, rows and length: JSON values."""
        ...

    def ask(self, predictor: Any, rows: Sequence[Any], told: Told) -> list[Any]:
        """What the model says of each row, as JSON values: [N]."""
        ...

    def fit(self, said: Sequence[Any], rows: Sequence[Any]) -> Mapping[str, Any]:
        """What is fitted on validation rows and kept with the model: its calibration.

        `Model.temperature` reads "temperature" in it.
        """
        ...

    def sample(self, said: Sequence[Any], rows: Sequence[Any]) -> Any:
        """What was said beside the truth.

        Raises:
            DataError: A row's truth is nothing that the model could have said.
        """
        ...

    def metrics(self, sample: Any) -> list[str]:
        """Metrics that this sample calls for, beside the method's."""
        ...

    def facts(self, sample: Any) -> Mapping[str, Any]:
        """What the report says beside metrics, as JSON values, of the tuned model's sample."""
        ...

    def plain_use(self) -> str:
        """What to know of the scores where transformers loads the model; "" for nothing."""
        ...

    def columns(self) -> tuple[str, ...]:
        """What an input is made of: ("text",), or more where it is an object of several."""
        ...

    def say(self, predictor: Any, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """What `tuneful predict` prints for each input: a value, or an object of the columns.

        Raises:
            DataError: An input is not what the model reads.
        """
        ...


class Plain:
    """A measure of texts that fits nothing and adds nothing to metrics and report."""

    version: ClassVar[int] = 1
    fits: ClassVar[bool] = False

    def __init__(self, context: Context) -> None:
        self.context = context

    def depends_on(self) -> list[Any]:
        """Nothing."""
        return []

    def fit(self, said: Sequence[Any], rows: Sequence[Any]) -> Mapping[str, Any]:
        """Nothing."""
        del said, rows
        return {}

    def metrics(self, sample: Any) -> list[str]:
        """None more."""
        del sample
        return []

    def facts(self, sample: Any) -> Mapping[str, Any]:
        """Nothing."""
        del sample
        return {}

    def plain_use(self) -> str:
        """Nothing."""
        return ""

    def columns(self) -> tuple[str, ...]:
        """A text."""
        return ("text",)
