"""Rows near the middle of their cluster, or far from it: k-means over embeddings.

Source: Das & Khetan 2023 (DEFT-UCS), arXiv:2311.00116: easy rows lie nearest to a cluster's
        centroid, hard ones farthest. Of each cluster a share of its size is taken, where the paper
        takes as many of each. Embeddings have length 1; Lloyd's steps begin with k-means++ (Arthur
        & Vassilvitskii 2007).
Cost:   rows x clusters x width operations a step, at most 50 steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, quotas, ranked, unit

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers

MOST_STEPS = 50
CLUSTERS = Field(
    default=7,
    ge=1,
    description="Clusters, of each class where classes keep their shares; 7 is the paper's choice.",
)


class EasyConfig(SelectConfig):
    """Settings of k-means, easy rows."""

    name: Literal["k_means_easy"] = Field(
        default="k_means_easy", description="Rows nearest to their cluster's centroid."
    )
    clusters: int = CLUSTERS


class HardConfig(SelectConfig):
    """Settings of k-means, hard rows."""

    name: Literal["k_means_hard"] = Field(
        default="k_means_hard", description="Rows farthest from their cluster's centroid."
    )
    clusters: int = CLUSTERS


class KMeansEasy:
    """Take typical rows of every cluster."""

    Config: ClassVar[type[EasyConfig]] = EasyConfig
    needs: ClassVar[tuple[Need, ...]] = ("embedding",)
    paper: ClassVar[str] = "Das & Khetan 2023, arXiv:2311.00116"

    def __init__(self, config: EasyConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """Those nearest to their centroids."""
        return _by_distance(features, count, draw, self.config.clusters, "low")


class KMeansHard:
    """Take untypical rows of every cluster."""

    Config: ClassVar[type[HardConfig]] = HardConfig
    needs: ClassVar[tuple[Need, ...]] = ("embedding",)
    paper: ClassVar[str] = "Das & Khetan 2023, arXiv:2311.00116"

    def __init__(self, config: HardConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """Those farthest from their centroids."""
        return _by_distance(features, count, draw, self.config.clusters, "high")


def _by_distance(
    features: Features, count: int, draw: Generator, clusters: int, keep: Keep
) -> Numbers:
    import numpy as np

    assert features.embedding_ND is not None
    point_ND = unit(features.embedding_ND)
    center_KD, own_N = k_means(point_ND, min(clusters, len(point_ND)), draw)
    apart_N = np.square(point_ND - center_KD[own_N]).sum(axis=1)
    size_K = np.bincount(own_N, minlength=len(center_KD))
    parts: list[Numbers] = []
    for cluster, quota in enumerate(quotas(size_K, count)):
        row_M = np.flatnonzero(own_N == cluster)
        parts.append(row_M[ranked(apart_N[row_M], quota, keep)])
    return np.concatenate(parts)


def k_means(point_ND: Floats, clusters: int, draw: Generator) -> tuple[Floats, Numbers]:
    """Centroids [K, D] and each point's cluster [N]; an empty cluster keeps its centroid."""
    import numpy as np

    center_KD = point_ND[_spread(point_ND, clusters, draw)]
    own_N = _nearest(point_ND, center_KD)
    for _ in range(MOST_STEPS):
        size_K = np.bincount(own_N, minlength=clusters)
        sum_KD = np.zeros_like(center_KD)
        np.add.at(sum_KD, own_N, point_ND)
        center_KD = np.where(
            size_K[:, None] > 0, sum_KD / np.maximum(size_K, 1)[:, None], center_KD
        )
        center_KD = center_KD.astype(point_ND.dtype)
        before_N, own_N = own_N, _nearest(point_ND, center_KD)
        if (before_N == own_N).all():
            break
    return center_KD, own_N


def _spread(point_ND: Floats, clusters: int, draw: Generator) -> list[int]:
    """k-means++: each next centroid is drawn by its squared distance to the nearest one."""
    import numpy as np

    chosen = [int(draw.integers(len(point_ND)))]
    near_N = np.square(point_ND - point_ND[chosen[0]]).sum(axis=1).astype(np.float64)
    while len(chosen) < clusters:
        total = float(near_N.sum())
        share_N = near_N / total if total > 0 else None
        chosen.append(int(draw.choice(len(point_ND), p=share_N)))
        near_N = np.minimum(near_N, np.square(point_ND - point_ND[chosen[-1]]).sum(axis=1))
    return chosen


def _nearest(point_ND: Floats, center_KD: Floats) -> Numbers:
    """|x - c|^2 without |x|^2, which is the same for all centroids."""
    import numpy as np

    apart_NK = np.square(center_KD).sum(axis=1) - 2 * point_ND @ center_KD.T
    return apart_NK.argmin(axis=1)
