"""What a model said of test rows, beside the truth: what metrics are computed from.

Shapes: N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

    def __len__(self) -> int:
        return len(self.truth_N)


@dataclass(frozen=True)
class AnswerSample:
    """Answers to conversations.

    Attributes:
        references: What should have been said.
        answers: What was said.
        logp_N: Summed log p (nats) of the reference's learned tokens.
        tokens_N: Their number.
    """

    references: tuple[str, ...]
    answers: tuple[str, ...]
    logp_N: NDArray[np.float64]
    tokens_N: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.references)


Sample = ClassSample | AnswerSample


def class_sample(truth_N: Any, logits_NC: Any, temperature: float = 1.0) -> ClassSample:
    """A sample from logits [N, C], divided by `temperature` (Guo et al. 2017, 1706.04599)."""
    import numpy as np

    scaled_NC = np.asarray(logits_NC, dtype=np.float64) / temperature
    scaled_NC -= scaled_NC.max(axis=1, keepdims=True)
    exp_NC = np.exp(scaled_NC)
    return ClassSample(
        np.asarray(truth_N, dtype=np.int64), exp_NC / exp_NC.sum(axis=1, keepdims=True)
    )
