"""Rows that a model learns and forgets again.

Source: Toneva et al. 2019, arXiv:1812.05159: a forgetting event is a row that was right and is
        wrong at the next look; a row that was never right counts as forgotten more often than any
        other. Here a quick head over frozen embeddings learns, it looks once an
        epoch, and the counts of its inits are averaged; of rows forgotten alike, those with the
        larger error over all epochs count as forgotten more.
Rows:   With one class each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, errors, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class ForgettingConfig(SelectConfig):
    """Settings of choosing by forgetting events."""

    name: Literal["forgetting"] = Field(
        default="forgetting", description="How often a row is learned and lost again."
    )
    keep: Keep = Field(default="high", description="high: the most forgotten, as the paper does.")


class Forgetting:
    """Rank rows by their forgetting events."""

    Config: ClassVar[type[ForgettingConfig]] = ForgettingConfig
    needs: ClassVar[tuple[Need, ...]] = ("chances",)
    paper: ClassVar[str] = "Toneva et al. 2019, arXiv:1812.05159"

    def __init__(self, config: ForgettingConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The rows forgotten most often, or least."""
        import numpy as np

        del draw
        error_NRTC = errors(features)
        tie_N = np.linalg.norm(error_NRTC, axis=-1).mean(axis=(1, 2)) / 2**0.5  # from 0 to 1
        apart = 1 / error_NRTC.shape[1]  # of two means of whole counts
        return ranked(events(features) + apart / 2 * tie_N, count, self.config.keep)


def events(features: Features) -> Floats:
    """Mean over inits of forgetting events: [N]; T, more than can be, where it was never right."""
    import numpy as np

    assert features.chance_NRTC is not None
    assert features.label_N is not None
    chance_NRTC = features.chance_NRTC
    right_NRT = chance_NRTC.argmax(axis=-1) == features.label_N[:, None, None]
    lost_NR = (right_NRT[:, :, :-1] & ~right_NRT[:, :, 1:]).sum(axis=-1)
    never_NR = ~right_NRT.any(axis=-1)
    lost_NR[never_NR] = chance_NRTC.shape[2]
    return lost_NR.mean(axis=1, dtype=np.float32)
