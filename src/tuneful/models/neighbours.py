"""Words that a model's input embeddings hold near each other.

Only words that are one token are known: pieces of longer ones mean nothing by themselves.

Shapes: W words, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.models.catalog import describe
from tuneful.models.load import load_weights
from tuneful.models.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.references import Located

MOST = 5
"""Neighbours of a word."""
LEAST_COSINE = 0.5
"""What is farther away is no neighbour."""
SHORTEST = 3
WORDS_AT_ONCE = 1024


def word_neighbours(
    located: Located, words: Sequence[str], least: float = LEAST_COSINE
) -> Mapping[str, Sequence[str]]:
    """For each word with neighbours among the words, these, the nearest first.

    Args:
        located: The model.
        words: In small letters. Those that are more than one token, have other signs than letters,
            or have fewer than three are passed over.
        least: Lowest cosine of a neighbour.

    Raises:
        ModelError: The model cannot be loaded.
    """
    tokenizer = load_tokenizer(located.folder, needs_chat=False)
    fitting = [word for word in words if word.isalpha() and len(word) >= SHORTEST]
    whole = tokenizer.encode([f" {word}" for word in fitting])
    known = {word: ids[0] for word, ids in zip(fitting, whole, strict=True) if len(ids) == 1}
    is_encoder = describe(located.folder).kind == "encoder"
    head = "classes" if is_encoder else "tokens"
    model = load_weights(located.folder, head=head, labels=("a", "b") if is_encoder else ())
    weight_VD = cast("Any", model).get_input_embeddings().weight.detach().float()
    names = list(known)
    return nearest(names, weight_VD[list(known.values())], least) if names else {}


def nearest(words: list[str], vector_WD: Tensor, least: float) -> dict[str, list[str]]:
    """Each word's neighbours by cosine; inflections that share its first four letters are none."""
    unit_WD = torch.nn.functional.normalize(vector_WD, dim=1)
    found: dict[str, list[str]] = {}
    for start in range(0, len(words), WORDS_AT_ONCE):
        some = words[start : start + WORDS_AT_ONCE]
        top = (unit_WD[start : start + WORDS_AT_ONCE] @ unit_WD.T).topk(min(3 * MOST, len(words)))
        cosines = cast("list[list[float]]", top.values.tolist())
        places = cast("list[list[int]]", top.indices.tolist())
        for word, cosine, place in zip(some, cosines, places, strict=True):
            near = [words[at] for value, at in zip(cosine, place, strict=True) if value >= least]
            other = [one for one in near if one[:4] != word[:4]]
            if other:
                found[word] = other[:MOST]
    return found
