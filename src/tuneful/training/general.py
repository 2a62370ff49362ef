"""General rows beside the recipe's own: as tokens, and as a part of each step.

Replay: Scialom et al. 2022, arXiv:2205.12393; of pre-training's text beside rewards: Ouyang et al.
2022, arXiv:2203.02155, equation 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuneful.data.collections.general import learned_rows
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts
from tuneful.planning.remember import rows_before
from tuneful.training.batches import row_at
from tuneful.training.sequences import Encoding, encode_split
from tuneful.training.steps import Learner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded, Method
    from tuneful.models.tokenizer import Tokenizer
    from tuneful.planning.settings import Settings
    from tuneful.recipe.schema import Recipe
    from tuneful.training.loop import Rows
    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup
    from tuneful.training.steps import Measured


@dataclass(frozen=True)
class General:
    """The rows of remember.source that may be learned from.

    Attributes:
        data: Their data set.
        method: What learns from them: pretrain, or the recipe's own.
        is_text: Whether it is pretrain.
        own: Hash of the recipe's own rows, whose labels the method knows.
        store: Where what is made of them is kept.
        listener: Hears of progress.
    """

    data: Dataset
    method: Method[Any]
    is_text: bool
    own: str
    store: Store
    listener: Listener

    @classmethod
    def of(
        cls, recipe: Recipe, own: Dataset, method: Method[Any], store: Store, listener: Listener
    ) -> General:
        """The general rows of a recipe with these own rows and this method.

        Raises:
            DataError: The source cannot be read as what the recipe says it is.
        """
        is_text = recipe.remember.rows == "text"
        if is_text:
            kind = METHODS["pretrain"]
            method = kind(kind.Config.model_validate({"name": "pretrain"}), DataFacts())
        data = learned_rows(recipe, store, listener)
        return cls(data, method, is_text, "" if is_text else own.hash, store, listener)

    def encoded(self, tokenizer: Tokenizer, max_length: int) -> Sequences:
        """Every row as tokens."""
        encoding = Encoding(self.method, tokenizer, max_length, self.own)
        return encode_split(self.data, "train", encoding, self.store, self.listener)


@dataclass(frozen=True)
class Replay:
    """Gives each step its general rows: a function of seed and step, so that resuming is exact.

    Attributes:
        rows: General rows as tokens.
        learner: Learns from them, with the model in training.
        settings: The run's; `replay` is their share of a step's rows.
        in_pieces: Whether a row's sequences stand alone, as pieces of a text do.
    """

    rows: Rows
    learner: Learner
    settings: Settings
    in_pieces: bool

    def learn(self, own: Learner, taken: Sequence[Sequence[Encoded]], step: int) -> Measured:
        """Leave the gradient of a step's own and general rows; each part counts by its rows.

        The loss that is returned is that of the own rows, which validation can be compared with.

        Raises:
            RunError: Nothing in the own rows is learned.
        """
        general = self.rows.take(self.numbers(step))
        count = len(general)
        if self.in_pieces:
            general = [[sequence] for row in general for sequence in row]
        units = self.learner.method.units([s for row in general for s in row])
        if units <= 0:
            return own.learn(taken)
        share = count / (count + len(taken))
        measured = own.learn(taken, 1 - share)
        beside = self.learner.learn(general, share)
        more = {"replay_loss": beside.loss, "replay_rows": float(count)}
        tokens, metrics = measured.tokens + beside.tokens, {**measured.metrics, **more}
        return replace(measured, tokens=tokens, metrics=metrics)

    def numbers(self, step: int) -> list[int]:
        """Numbers of a step's general rows: one seeded permutation after the other."""
        begin, end = (rows_before(at, self.settings) for at in (step, step + 1))
        return [row_at(at, len(self.rows), self.settings.seed) for at in range(begin, end)]


def make_replay(setup: Setup, ready: Callable[[Sequences], Rows]) -> Replay | None:
    """What gives a run's steps their general rows, where the recipe asks for them.

    Args:
        setup: Of the run.
        ready: Gives rows of the method's own kind what is to be known of them beforehand.
    """
    general, settings = setup.general, setup.settings
    if not settings.replay or general is None:
        return None
    rows = general.encoded(setup.tokenizer, settings.max_length)
    if general.is_text:
        learner = Learner(general.method, setup.plain_scorer(), settings.tokens_per_pass)
        return Replay(rows, learner, settings, in_pieces=True)
    return Replay(ready(rows), setup.learner(), settings, in_pieces=False)
