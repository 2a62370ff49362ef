"""What texts are about: words weighed by rarity, their main directions, k-means over these.

Latent semantic analysis (Deerwester et al. 1990) by a random projection (Halko et al. 2011), in
numpy alone: a thousand reviews take half a second. Topics are a way to look at rows, no truth about
them: another seed gives others.

Shapes: N texts, V words, D directions, K topics.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, cast

from tuneful.data.selecting.base import unit
from tuneful.data.selecting.k_means import k_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

WORD = re.compile(r"(?<![\w'\u2019])[^\W\d_]{4,}(?![\w'\u2019])")
MOST_WORDS, MOST_TOPICS, DIRECTIONS = 2000, 8, 32
ROWS_OF_TOPIC = 60
"""Fewer would say nothing of a topic."""
TOO_COMMON = 0.1
"""Share of texts: a word of more of them is about none."""
PLAIN = frozenset(
    """
about above after again against almost also although always among another anyone anything around
away because been before behind being below between beyond both cannot come comes could does
doesn doing done down during each either else enough even ever every everyone everything from
gets getting give gives given goes going good have having here hers herself himself however into
itself just know least less like little long look made make makes making many might more most
much must myself neither never nothing once only onto other others ours over perhaps quite
rather really same seem seems seen shall should since some something still such take takes than
that their theirs them themselves then there these they thing things think this those though
through thus together toward towards under until upon very want well were what whatever when
where whether which while whole whom whose will with within without would years your yours
yourself
""".split()  # noqa: SIM905  (a list would take 130 lines)
)
"""English words that name no topic; of other languages commonness alone takes them out."""
BEGINNING = 5000
"""Characters of a text that are read."""
NAMING = 3
"""Words that name a topic."""


def topics(texts: Sequence[str], seed: int) -> list[str]:
    """The topic of each text, named by its own words; "" for all where there are too few."""
    import numpy as np

    counts = [Counter(WORD.findall(text[:BEGINNING].lower())) for text in texts]
    words = _vocabulary(counts)
    num_topics = min(MOST_TOPICS, len(texts) // ROWS_OF_TOPIC)
    if num_topics < 2 or len(words) < 2 * DIRECTIONS:
        return [""] * len(texts)
    weight_NV = _weights(counts, words)
    draw = np.random.default_rng([seed, 0x70C5])
    point_ND = unit(_directions(weight_NV, draw))
    _, own_N = k_means(point_ND, num_topics, draw)
    names = _names(weight_NV > 0, own_N, num_topics, words)
    return [names[own] for own in own_N.tolist()]


def _vocabulary(counts: Sequence[Counter[str]]) -> list[str]:
    seen: Counter[str] = Counter()
    for one in counts:
        seen.update(one.keys())
    most = TOO_COMMON * len(counts)
    kept = [(-n, word) for word, n in seen.items() if 3 <= n <= most and word not in PLAIN]
    return [word for _, word in sorted(kept)[:MOST_WORDS]]


def _weights(counts: Sequence[Counter[str]], words: Sequence[str]) -> Floats:
    import numpy as np

    place = {word: at for at, word in enumerate(words)}
    weight_NV = np.zeros((len(counts), len(words)), np.float32)
    for row, one in enumerate(counts):
        known = [(place[word], n) for word, n in one.items() if word in place]
        if known:
            at, n = zip(*known, strict=True)
            weight_NV[row, list(at)] = np.log1p(np.array(n, np.float32))
    rare_V = np.log(len(counts) / (weight_NV > 0).sum(axis=0))
    return unit(weight_NV * rare_V.astype(np.float32))


def _directions(weight_NV: Floats, draw: np.random.Generator) -> Floats:
    """Texts along the main directions."""
    import numpy as np

    probe_VD = draw.standard_normal((weight_NV.shape[1], DIRECTIONS)).astype(np.float32)
    for _ in range(3):
        basis_ND, _ = np.linalg.qr(weight_NV @ probe_VD)
        probe_VD = weight_NV.T @ basis_ND
    left_VD, size_D, _ = np.linalg.svd(probe_VD, full_matrices=False)
    del size_D
    return (weight_NV @ left_VD).astype(np.float32)


def _names(has_NV: NDArray[np.bool_], own_N: Ints, num: int, words: Sequence[str]) -> list[str]:
    """The words that a topic's texts have most often beyond the others'."""
    import numpy as np

    names: list[str] = []
    for topic in range(num):
        inside = has_NV[own_N == topic]
        outside = has_NV[own_N != topic]
        if not len(inside) or not len(outside):
            names.append("")
            continue
        share_V, other_V = inside.mean(axis=0), outside.mean(axis=0)
        score_V = share_V * np.log((share_V + 0.01) / (other_V + 0.01))
        best = cast("list[int]", np.argsort(-score_V)[:NAMING].tolist())
        names.append(", ".join(words[at] for at in best))
    return names
