"""Answers to review: models are asked about the same rows of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError, ModelError
from tuneful.core.events import Event, ignore
from tuneful.data.dataset import Dataset
from tuneful.data.rows import Chat, Judged, Preference, Prompt, Ranked
from tuneful.evaluating.people.making import Answered, Wanted, ask_of, drawn, make
from tuneful.models.chat import Talk
from tuneful.models.model import Model
from tuneful.models.predict import Chatter, load_predictor
from tuneful.models.references import Located, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rows import Row
    from tuneful.evaluating.people.review import Review

VERSION = 1


def review_models(wanted: Wanted, store: Store, listener: Listener = ignore) -> Review:
    """Ask each model about the same rows of the first one's data set.

    One tuned model alone stands against its base, which comes first. What an earlier call asked
    in the same way is opened as it is.

    Raises:
        DataError: The rows are gone, or there is nothing to compare.
        ModelError: A model is not to be found, was not trained here (the first), or does not talk.
    """
    located = [locate(reference, store, listener) for reference in wanted.models]
    data = _dataset(located[0], store)
    if len(located) == 1 and wanted.ask != "rate":
        base = str(Model.open(located[0].folder).manifest["base"])
        located = [locate(base, store, listener), *located]
    names = [one.folder.name if one.is_tuned else one.reference for one in located]
    ask = ask_of(wanted, names)
    where = f"{data.path}, split {wanted.split}"
    numbers = drawn(data.num_rows(wanted.split), wanted, where)
    folders = [str(one.folder) for one in located]
    asked = [VERSION, folders, data.hash, wanted.split, numbers, wanted.max_new_tokens]
    facts = {"models": names, "ask": ask, "dataset": data.hash, "split": wanted.split}

    def answered() -> list[Answered]:
        talks = [_talk(data.row(wanted.split, number)) for number in numbers]
        said = _said(located, [talk for talk, _ in talks], wanted, store, listener)
        return [
            Answered(number, tuple(talk.messages), answers, reference)
            for number, (talk, reference), answers in zip(numbers, talks, said, strict=True)
        ]

    return make(store, located[-1].folder.name, asked, facts, answered)


def _dataset(located: Located, store: Store) -> Dataset:
    """The rows that a tuned model was made with.

    Raises:
        ModelError: The model was not trained here.
        DataError: Its rows are gone.
    """
    if not located.is_tuned:
        raise ModelError(
            f"{located.reference} was not trained by Tuneful, so it names no rows.",
            where="MODEL",
            fix=f"Name a run first, then what it stands against: tuneful review last "
            f"{located.reference}; or give a file with prompts and answers.",
        )
    model = Model.open(located.folder)
    for path in store.list_artifacts("datasets"):
        data = Dataset.open(path)
        if data.hash == model.manifest["dataset"]:
            return data
    raise DataError(
        "The rows that this model was made with are no longer here.",
        where=str(store.datasets),
        fix=f"Make them again: tuneful prepare {Path(str(model.manifest['run'])) / 'recipe.yaml'}",
    )


def _said(
    located: Sequence[Located],
    talks: Sequence[Talk],
    wanted: Wanted,
    store: Store,
    listener: Listener,
) -> list[tuple[str, ...]]:
    """What each model answers to each conversation; one model is in memory at a time."""
    said: list[list[str]] = []
    for number, one in enumerate(located, start=1):
        reference = one.folder if one.is_tuned else one.reference
        predictor = load_predictor(reference, store, listener=listener)
        if not isinstance(predictor, Chatter):
            raise ModelError(
                "This model judges texts; it gives no answers that people could compare.",
                where=str(one.folder),
                fix="tuneful evaluate measures it against the truth.",
            )
        told = _progress(listener, f"model {number} of {len(located)}", len(talks))
        said.append(predictor.answers(talks, wanted.max_new_tokens, told))
    return list(zip(*said, strict=True))


def _progress(listener: Listener, who: str, total: int) -> Callable[[int], None]:
    def on_done(done: int) -> None:
        facts = {"stage": "review", "done": done, "total": total, "unit": "rows", "text": who}
        listener(Event("progress", facts))

    return on_done


def _talk(row: Row) -> tuple[Talk, str]:
    """What a model is asked, and what a right answer would be."""
    match row:
        case Chat():
            return Talk(row.prompt, row.tools), row.answer
        case Prompt():
            return Talk(row.prompt, row.tools), row.reference
        case Preference():
            return Talk(row.prompt), row.chosen[-1].content
        case Judged() | Ranked():
            return Talk(row.prompt), ""
        case _:
            raise DataError(
                f"Rows of the kind {type(row).__name__} are no conversations to answer.",
                where="MODEL",
                fix="tuneful evaluate measures such models against the truth.",
            )
