"""Classes of texts, or of pairs of texts: the probability of each beside the true one.

The base is the untuned model with a fresh head from the seed. Confidences are calibrated by a
temperature that is fitted on validation rows.

Shapes: N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.rows import Pair
from tuneful.evaluating.calibration import fit_temperature, mean_nll, reliability
from tuneful.evaluating.measures.base import Plain, Told, check_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Labelled
    from tuneful.models.classifier import Classifier

COMMONEST = "always choosing the commonest class"


@dataclass(frozen=True)
class ClassSample:
    """Class probabilities of texts.

    Attributes:
        truth_N: Number of each row's class.
        probability_NC: Of each class; rows sum to 1.
    """

    truth_N: NDArray[np.int64]
    probability_NC: NDArray[np.float64]

    @property
    def chosen_N(self) -> NDArray[np.int64]:
        """The likeliest class of each row."""
        return self.probability_NC.argmax(axis=1)

    @property
    def chose_NC(self) -> NDArray[np.float64]:
        """1 where a class was chosen, else 0."""
        return _one_of(self.chosen_N, self.probability_NC.shape[1])

    @property
    def is_NC(self) -> NDArray[np.float64]:
        """1 where a class is true, else 0."""
        return _one_of(self.truth_N, self.probability_NC.shape[1])


def _one_of(number_N: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    import numpy as np

    return np.eye(size)[number_N]


def class_sample(truth_N: Any, logits_NC: Any, temperature: float = 1.0) -> ClassSample:
    """A sample from logits [N, C], divided by `temperature` (Guo et al. 2017, 1706.04599)."""
    import numpy as np

    scaled_NC = np.asarray(logits_NC, dtype=np.float64) / temperature
    scaled_NC -= scaled_NC.max(axis=1, keepdims=True)
    exp_NC = np.exp(scaled_NC)
    return ClassSample(
        np.asarray(truth_N, dtype=np.int64), exp_NC / exp_NC.sum(axis=1, keepdims=True)
    )


class Classes(Plain):
    """One class for each text or pair of texts."""

    fits: ClassVar[bool] = True

    def ask(self, predictor: Classifier, rows: Sequence[Labelled | Pair], told: Told) -> list[Any]:
        """Logits of each row."""
        inputs = [(row.text, row.second) if isinstance(row, Pair) else row.text for row in rows]
        return predictor.logits(inputs, told("rows")).tolist()

    def fit(self, said: Sequence[Any], rows: Sequence[Any]) -> Mapping[str, Any]:
        """The temperature with the highest probability of the true classes."""
        import numpy as np

        logits_NC = np.asarray(said, dtype=np.float32)
        truth_N = np.array(self._truth(rows))
        temperature = fit_temperature(logits_NC, truth_N)
        return {
            "temperature": temperature,
            "rows": len(truth_N),
            "nll_before": mean_nll(logits_NC, truth_N, 1.0),
            "nll_after": mean_nll(logits_NC, truth_N, temperature),
        }

    def sample(self, said: Sequence[Any], rows: Sequence[Any]) -> ClassSample:
        """Calibrated probabilities beside the true classes."""
        return class_sample(self._truth(rows), said, self.context.temperature)

    def _truth(self, rows: Sequence[Labelled | Pair]) -> list[int]:
        """Each row's class as its number among the labels.

        Raises:
            DataError: A row is of a class that the model does not know.
        """
        number = {label: at for at, label in enumerate(self.context.labels)}
        check_known(self.context.labels, [(row.text, (row.label,)) for row in rows])
        return [number[row.label] for row in rows]

    def facts(self, sample: ClassSample) -> Mapping[str, Any]:
        """Confusion, the commonest class's share, calibration before scaling, and reliability."""
        import numpy as np

        from tuneful.evaluating.bootstrap import value_of
        from tuneful.evaluating.metrics import metric

        size = len(self.context.labels)
        confusion = np.bincount(sample.truth_N * size + sample.chosen_N, minlength=size * size)
        counts = np.bincount(sample.truth_N, minlength=size)
        ece = metric("ece")
        scaled = np.log(np.maximum(sample.probability_NC, 1e-300)) * self.context.temperature
        unscaled = class_sample(sample.truth_N, scaled)
        return {
            "labels": list(self.context.labels),
            "confusion": confusion.reshape(size, size).tolist(),
            "trivial": {"accuracy": [float(counts.max() / counts.sum()), COMMONEST]},
            "ece_unscaled": value_of(ece, ece.statistics(unscaled)),
            "reliability": reliability(sample.probability_NC, sample.truth_N),
        }

    def plain_use(self) -> str:
        """Only we calibrate."""
        return "confidences are not divided by the temperature below"

    def columns(self) -> tuple[str, ...]:
        """A text, or two where the model was trained on pairs."""
        method = self.context.method
        return ("text", "second") if method is not None and method.rows is Pair else ("text",)

    def say(self, predictor: Classifier, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """Label, confidence and the probabilities of all classes."""
        is_pair = len(self.columns()) > 1
        return predictor.classify([_pair(given) if is_pair else str(given) for given in inputs])


def _pair(given: Mapping[str, Any]) -> tuple[str, str]:
    return str(given["text"]), str(given["second"])
