"""What the untuned model does when it is told more: by a system turn, or shown training rows.

Tuning is worth its cost where it beats these, which cost nothing to try. Examples are drawn from
the training rows by the recipe's seed and stand before each question as turns of a conversation
(few shots: Brown et al. 2020, arXiv:2005.14165); what is asked last, and its reference, stay.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.message import Message
from tuneful.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.dataset import Dataset
    from tuneful.data.message import Turns
    from tuneful.data.rows import Chat
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Rival:
    """A way to ask the untuned model.

    Attributes:
        name: What reports call it.
        system: A turn that comes first, before a row's own.
        shots: Conversations that stand before each question.
    """

    name: str
    system: str = ""
    shots: tuple[Turns, ...] = ()

    def put_before(self, row: Chat) -> Chat:
        """The row with all this before it; nothing of it is learned, or measured."""
        own = row.messages
        head: list[Message] = []
        if own[0].role == "system":
            head, own = [own[0]], own[1:]
        if self.system:
            told = "\n\n".join([self.system, *(turn.content for turn in head)])
            head = [Message("system", told)]
        shown = [replace(turn, weight=0.0) for shot in self.shots for turn in shot]
        return replace(row, messages=(*head, *shown, *own))

    def to_json(self) -> list[Any]:
        """What its answers depend on."""
        return [self.system, [[turn.to_json() for turn in shot] for shot in self.shots]]


def rivals(recipe: Recipe, data: Dataset) -> list[Rival]:
    """Those that the recipe asks for.

    Raises:
        DataError: There are fewer training rows than examples are asked for.
    """
    system, count = recipe.evaluate.system, recipe.evaluate.few_shot
    found = [Rival("prompted", system)] if system else []
    if not count:
        return found
    num_rows = data.num_rows("train")
    if num_rows < count:
        raise DataError(
            f"There are {num_rows} training rows, and {count} are to be shown.",
            where="evaluate.few_shot",
            fix=f"Set it to {num_rows} or less.",
        )
    chosen = random.Random(f"few shots {recipe.seed}").sample(range(num_rows), count)
    shots = [_turns(data.row("train", number)) for number in chosen]
    return [*found, Rival(f"{count}-shot", system, tuple(shots))]


def _turns(row: Any) -> Turns:
    """A training row's turns as an example: those up to its last answer, without a system turn."""
    last = max(at for at, turn in enumerate(row.messages) if turn.role == "assistant")
    return tuple(turn for turn in row.messages[: last + 1] if turn.role != "system")


def check_rivals(recipe: Recipe) -> None:
    """Refuse to prompt or to show examples where the model does not answer conversations.

    Raises:
        DataError: It does not, or the untuned model is not to be asked.
    """
    asked = [key for key in ("system", "few_shot") if getattr(recipe.evaluate, key)]
    if not asked:
        return
    if METHODS[recipe.method.name].measured != "answers":
        raise DataError(
            f"{recipe.method.name} makes no model that answers conversations.",
            where=f"evaluate.{asked[0]}",
            fix="Leave it out; it is for methods such as sft.",
        )
    if not recipe.evaluate.base:
        raise DataError(
            "The untuned model is to be prompted, but evaluate.base is false.",
            where=f"evaluate.{asked[0]}",
            fix="Set evaluate.base to true.",
        )


def refuse_too_long(lengths: Sequence[int], longest: int, rival: Rival) -> None:
    """Refuse questions that leave no room for an answer.

    Raises:
        DataError: There is one.
    """
    worst = max(lengths, default=0)
    if worst > longest:
        raise DataError(
            f"{rival.name}: a question has {worst:,} tokens with what stands before it, and the "
            f"model reads {longest:,} beside its answer.",
            where="evaluate.few_shot" if rival.shots else "evaluate.system",
            fix="Show fewer rows, or test on shorter ones (data.where).",
        )
