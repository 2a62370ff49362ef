"""A quick classifier of texts: hashed words and pairs of words, softmax regression, in numpy alone.

A row's features are the words and the pairs of neighbours in it, each once, hashed into a fixed
number of places and weighted by how rare they are; a row's weights have length 1. Learned by
AdaGrad (Duchi et al. 2011), a few passes. Of IMDb's 25,000 reviews it has 90 % right.

Shapes: T rows, N features of all rows together, C classes, P places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.data.copies.shingles import mix, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.arrow import Array

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

PLACES = 1 << 18
FEWEST_PLACES = 1 << 14
MOST_WEIGHTS = 1 << 23
"""Of the classifier: with many classes there are fewer places."""
BATCH = 128
EPOCHS = 3
LEARNING_RATE = 0.1
"""Of 0.05 to 1, and 2 to 4 passes, these find most of the labels flipped in IMDb."""
FOLDS = 5
FEWEST_ROWS = 200
FEWEST_OF_CLASS = 10
MOST_ROWS = 25_000
MOST_CLASSES = 100
LEAST_SKILL = 0.3
"""Of the way from always naming the commonest class to being always right: below it the words say
too little of the class to doubt any label."""


@dataclass(frozen=True)
class Features:
    """Features of rows, row after row.

    Attributes:
        place_N: Where each is hashed to.
        value_N: Its weight.
        start_T: Where each row's begin; one more for the end.
        num_places: Places.
        rarity_P: What a word there weighs before a row's weights get the length 1.
    """

    place_N: NDArray[np.int32]
    value_N: Floats
    start_T: Ints
    num_places: int
    rarity_P: Floats

    def of(self, part_B: Ints) -> tuple[NDArray[np.intp], Floats, Ints]:
        """Some rows' features one after the other: where hashed to, weights, how many of each."""
        import numpy as np

        start_B, end_B = self.start_T[part_B], self.start_T[part_B + 1]
        spans = [slice(*span) for span in zip(start_B.tolist(), end_B.tolist(), strict=True)]
        place_N = np.concatenate([self.place_N[span] for span in spans]).astype(np.intp)
        return place_N, np.concatenate([self.value_N[span] for span in spans]), end_B - start_B


def features(
    hashed: list[NDArray[np.uint32]], num_classes: int, rarity_P: Floats | None = None
) -> Features:
    """Weigh rows' hashed words: rare ones more.

    Args:
        hashed: Of each row, what `hash_words` gives.
        num_classes: Classes to tell apart.
        rarity_P: Of other rows, where these are to be weighed as those; else their own.
    """
    import numpy as np

    num_places = PLACES
    while num_places * num_classes > MOST_WEIGHTS and num_places > FEWEST_PLACES:
        num_places //= 2
    rows = [_each_once(hash_W & np.uint32(num_places - 1)) for hash_W in hashed]
    start_T = np.cumsum([0, *(len(row) for row in rows)])
    place_N = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    if rarity_P is None:
        count_P = np.bincount(place_N, minlength=num_places)
        rarity_P = np.log(len(rows) / np.maximum(1, count_P)).astype(np.float32) + np.float32(0.1)
    value_N = rarity_P[place_N]
    text_N = np.repeat(np.arange(len(rows)), np.diff(start_T))
    norm_T = np.sqrt(np.bincount(text_N, value_N**2, minlength=len(rows)))
    value_N = (value_N / np.maximum(1e-9, norm_T)[text_N]).astype(np.float32)
    return Features(place_N, value_N, start_T, num_places, rarity_P)


def _each_once(place_W: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Sorted, without repetition. For the few of a row quicker than numpy's unique."""
    import numpy as np

    place_W = np.sort(place_W)
    is_new_W = np.ones(len(place_W), np.bool_)
    np.not_equal(place_W[1:], place_W[:-1], out=is_new_W[1:])
    return place_W[is_new_W].astype(np.int32)


def hash_words(texts: Array) -> list[NDArray[np.uint32]]:
    """Hashes of each text's words and pairs of neighbours."""
    import numpy as np

    found = words(texts)
    word_W, text_W = found.hash_S, found.text_S
    is_pair_W = text_W[1:] == text_W[:-1]
    pair_W = mix(word_W[:-1] * np.uint64(0x9E3779B97F4A7C15) + word_W[1:])[is_pair_W]
    hash_W = np.concatenate([word_W, pair_W]).astype(np.uint32)
    owner_W = np.concatenate([text_W, text_W[1:][is_pair_W]])
    order = np.argsort(owner_W, kind="stable")
    edge = np.searchsorted(owner_W[order], np.arange(1, len(texts)))
    return np.split(hash_W[order], edge)


def fold_of(group_T: NDArray[np.integer[Any]]) -> Ints:
    """The fold of each row, by its group of copies: what a row is held out with."""
    import numpy as np

    return (group_T.astype(np.int64) * 2654435761 >> 16) % FOLDS


def is_learnable(label_T: Ints) -> bool:
    """Whether there are rows enough of every class, and not too many classes."""
    import numpy as np

    if len(label_T) < FEWEST_ROWS:
        return False
    count_C = np.bincount(label_T)
    return 2 <= len(count_C) <= MOST_CLASSES and bool(count_C.min() >= FEWEST_OF_CLASS)


def skill(probability_TC: Floats, label_T: Ints) -> tuple[float, bool]:
    """Share of the rows that it has right, and whether that is enough to doubt a label."""
    import numpy as np

    right = float((probability_TC.argmax(axis=1) == label_T).mean())
    most = float(np.bincount(label_T).max()) / len(label_T)
    return right, right - most >= LEAST_SKILL * (1 - most)


def held_out(rows: Features, label_T: Ints, fold_T: Ints, num_classes: int) -> Floats:
    """Each row's probabilities [T, C], by a classifier that did not learn from its fold."""
    import numpy as np

    result_TC = np.zeros((len(label_T), num_classes), np.float32)
    for fold in np.unique(fold_T):
        weight_CP = learn(rows, label_T, np.flatnonzero(fold_T != fold), num_classes)
        out = np.flatnonzero(fold_T == fold)
        result_TC[out] = probabilities(rows, out, weight_CP)
    return result_TC


def probabilities(rows: Features, part: Ints, weight_CP: Floats) -> Floats:
    """The classes' probabilities [B, C] of some rows."""
    import numpy as np

    result_BC = np.zeros((len(part), len(weight_CP) + 1), np.float32)
    for begin in range(0, len(part), 1024):
        some = part[begin : begin + 1024]
        result_BC[begin : begin + 1024] = _softmax(_scores(*rows.of(some), weight_CP))
    return result_BC


def learn(rows: Features, label_T: Ints, used: Ints, num_classes: int) -> Floats:
    """Weights [C - 1, P]; the last class has none, and score 0."""
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(2021))
    weight_CP = np.zeros((num_classes - 1, rows.num_places), np.float32)
    square_CP = np.full((num_classes - 1, rows.num_places), 1e-4, np.float32)
    for _ in range(EPOCHS):
        order = draw.permutation(used)
        for begin in range(0, len(order), BATCH):
            part = order[begin : begin + BATCH]
            place_N, value_N, size_B = rows.of(part)
            wrong_BC = _softmax(_scores(place_N, value_N, size_B, weight_CP))
            wrong_BC[np.arange(len(part)), label_T[part]] -= 1
            for label in range(num_classes - 1):
                slope_N = value_N * np.repeat(wrong_BC[:, label], size_B)
                np.add.at(square_CP[label], place_N, slope_N**2)
                step_N = LEARNING_RATE * slope_N / np.sqrt(square_CP[label][place_N])
                np.subtract.at(weight_CP[label], place_N, step_N)
    return weight_CP


def _scores(place_N: NDArray[np.intp], value_N: Floats, size_B: Ints, weight_CP: Floats) -> Floats:
    """Scores [B, C] of rows with so many features each."""
    import numpy as np

    begin_B = np.cumsum(size_B) - size_B
    score_BC = np.zeros((len(size_B), len(weight_CP) + 1), np.float32)
    for label, weight_P in enumerate(weight_CP):
        # One more, so that an empty row at the end begins somewhere.
        weighed_N = np.append(value_N * weight_P[place_N], np.float32(0))
        score_BC[:, label] = np.where(size_B, np.add.reduceat(weighed_N, begin_B), 0)
    return score_BC


def _softmax(score_BC: Floats) -> Floats:
    import numpy as np

    raised_BC = np.exp(score_BC - score_BC.max(axis=1, keepdims=True))
    return raised_BC / raised_BC.sum(axis=1, keepdims=True)
