"""A quick head over frozen embeddings, and what it says of the rows while it learns.

Softmax regression on standardised embeddings, Adam at 0.01 on batches of 64, ten epochs, five
inits: seconds for thousands of rows. Its epochs stand in for those of the whole network in EL2N,
GraNd and forgetting events (Paul et al. 2021, Toneva et al. 2019) and for LESS's checkpoints.

Shapes: N rows, D width, C classes, R inits, T epochs, E = D + 1 inputs with the bias's one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]

INITS = 5
EPOCHS = 10
BATCH = 64
RATE = 0.01
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
INIT_SCALE = 0.1
"""Standard deviation of an init's logits: inits must differ, and none may be sure of itself."""


@dataclass(frozen=True)
class Scaled:
    """How embeddings become inputs: of mean 0 and variance 1 over the training rows."""

    mean_D: Floats
    scale_D: Floats

    @classmethod
    def of(cls, embedding_ND: Floats) -> Scaled:
        """As the training rows have it; a number that never changes stays 0."""
        scale_D = embedding_ND.std(axis=0)
        return cls(embedding_ND.mean(axis=0), np.where(scale_D > 1e-6, scale_D, np.inf))

    def inputs(self, embedding_ND: Floats) -> Floats:
        """The inputs: [N, D]."""
        return ((embedding_ND - self.mean_D) / self.scale_D).astype(np.float32)


def train_heads(
    input_ND: Floats, label_N: Numbers, classes: int, inits: int = INITS
) -> NDArray[np.float32]:
    """Weights after each epoch of each init: [R, T, E, C]."""
    with_one_NE = with_ones(input_ND)
    found = [
        list(_epochs(with_one_NE, label_N, classes, np.random.default_rng([init, 0x4EAD])))
        for init in range(inits)
    ]
    return np.array(found, np.float32)


def _epochs(
    input_NE: Floats, label_N: Numbers, classes: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """The weights after each epoch."""
    width = input_NE.shape[1]
    scale = INIT_SCALE / np.sqrt(width)
    weight_EC = rng.normal(0, scale, (width, classes)).astype(np.float32)
    mean_EC, square_EC, step = np.zeros_like(weight_EC), np.zeros_like(weight_EC), 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(label_N))
        for start in range(0, len(order), BATCH):
            row_B = order[start : start + BATCH]
            error_BC = chances(input_NE[row_B], weight_EC)
            error_BC[np.arange(len(row_B)), label_N[row_B]] -= 1
            gradient_EC = input_NE[row_B].T @ error_BC / len(row_B)
            step += 1
            mean_EC += (1 - BETA1) * (gradient_EC - mean_EC)
            square_EC += (1 - BETA2) * (gradient_EC**2 - square_EC)
            size_EC = np.sqrt(square_EC / (1 - BETA2**step)) + EPSILON
            weight_EC -= RATE * mean_EC / (1 - BETA1**step) / size_EC
        yield weight_EC.copy()


def with_ones(input_ND: Floats) -> Floats:
    """Inputs with a one for the bias: [N, E]."""
    return np.concatenate([input_ND, np.ones((len(input_ND), 1), np.float32)], axis=1)


def chances(input_NE: Floats, weight_EC: Floats) -> Floats:
    """Probabilities of the classes: [N, C]."""
    logit_NC = input_NE @ weight_EC
    share_NC = np.exp(logit_NC - logit_NC.max(axis=1, keepdims=True))
    return share_NC / share_NC.sum(axis=1, keepdims=True)


def all_chances(input_ND: Floats, weight_RTEC: Floats) -> Floats:
    """Probabilities by every init after every epoch: [N, R, T, C]."""
    input_NE = with_ones(input_ND)
    found = [[chances(input_NE, weight) for weight in epochs] for epochs in weight_RTEC]
    return np.array(found, np.float32).transpose(2, 0, 1, 3)


def gradients(input_ND: Floats, label_N: Numbers, weight_TEC: Floats) -> Iterator[Floats]:
    """Each row's gradient of the loss at every epoch, flat: T arrays [N, E * C]."""
    input_NE = with_ones(input_ND)
    for weight_EC in weight_TEC:
        error_NC = chances(input_NE, weight_EC)
        error_NC[np.arange(len(label_N)), label_N] -= 1
        yield (input_NE[:, :, None] * error_NC[:, None, :]).reshape(len(label_N), -1)
