"""Teachers that `data.augment` and audits ask, by letter or on this machine: each reply is kept.

A local teacher's replies are kept a question at a time, a remote one's each by itself, in
`answers/` of the store, by what was asked: a stopped command asks for nothing twice.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest
from tuneful.core.drafts import alone
from tuneful.core.events import Event
from tuneful.core.lines import cut_to_lines, read_lines
from tuneful.recipe.data import Answers
from tuneful.training.teacher_choice import Said
from tuneful.training.teacher_local import Scribe, load_scribe
from tuneful.training.teacher_remote import Correspondent
from tuneful.training.teacher_texts import REPLIES, Origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rewriting import Question, TaughtConfig

REWRITES = "rewrites"


@dataclass
class Teachers:
    """Models that write, each made when it is first asked.

    Attributes:
        data_hash: Of the rows they write about: what a remote one costs is counted for each.
        seed: Of what is drawn.
        store: Where models are, and replies are kept.
        listener: Hears of downloads and progress.
        where: The recipe's section that asks, for errors.
        stage: That it is asked in, for progress.
    """

    data_hash: str
    seed: int
    store: Store
    listener: Listener
    where: str = "data.augment"
    stage: str = "prepare"
    _remote: dict[str, Correspondent] = field(default_factory=dict[str, Correspondent])
    _local: dict[str, _Kept] = field(default_factory=dict[str, "_Kept"])
    _origins: dict[str, Origin] = field(default_factory=dict[str, Origin])
    _works: set[Path] = field(default_factory=set["Path"])
    _held: ExitStack = field(default_factory=ExitStack)

    def ask(self, config: TaughtConfig, question: Question) -> list[list[Said]]:
        """Replies to each text, in order.

        Raises:
            ModelError: The teacher is not to be found, does not write or answers nobody.
            DataError: The ceiling of its cost is reached.
        """
        how = _how(config, question)
        if config.endpoint is None:
            said = self._scribe(config, how).replies(question, how)
        else:
            said = self._correspondent(config, how).ask(question.prompts, how)
        done, total = question.progress
        if total:
            facts = {"done": done, "total": total, "unit": f"rows ({question.step})"}
            self.listener(Event("progress", {"stage": self.stage, "text": "rewriting", **facts}))
        return said

    def origin(self, config: TaughtConfig) -> Mapping[str, str]:
        """Where a teacher is, and the licence of what it writes.

        Raises:
            ModelError: One on this machine is not to be found.
        """
        return asdict(self._origin(config))

    def close(self) -> None:
        """End the files of replies, and let others work on them."""
        for one in self._remote.values():
            one.close()
        self._held.close()

    def _origin(self, config: TaughtConfig) -> Origin:
        at = config.endpoint.url if config.endpoint else ""
        key = digest([at, config.model])
        if key not in self._origins:
            how = Answers(model=config.model, endpoint=config.endpoint)
            self._origins[key] = origin_of(how, self.store, self.listener)
        return self._origins[key]

    def _correspondent(self, config: TaughtConfig, how: Answers) -> Correspondent:
        assert config.endpoint is not None, config
        key = digest([config.model, config.endpoint.model_dump(mode="json")])
        if key not in self._remote:
            file = self._file(REPLIES, config.endpoint.url, config.model)
            where = f"{self.where}: {config.name}"
            self._remote[key] = Correspondent(how, self.seed, file, where)
        return self._remote[key]

    def _scribe(self, config: TaughtConfig, how: Answers) -> _Kept:
        if config.model not in self._local:
            file = self._file(REWRITES, self._origin(config).place)
            self._local[config.model] = _Kept(file, how, self, f"{self.where}: {config.name}")
        return self._local[config.model]

    def _file(self, kind: str, *whose: str) -> Path:
        """A file of replies, held for this process until all are closed.

        Before the first the data set is held: two processes then never wait for each other.
        """
        folder, key = self.store.home / "answers", digest([*whose, self.data_hash])
        file = folder / f"{kind}-{key[:16]}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        for work in (folder / f"{REWRITES}-{self.data_hash[:16]}", file):
            if work not in self._works:
                self._held.enter_context(alone(work, self.listener))
                self._works.add(work)
        return file


class _Kept:
    """A teacher on this machine that is loaded when something new is asked."""

    def __init__(self, file: Path, how: Answers, teachers: Teachers, where: str) -> None:
        self._file, self._how, self._teachers, self._where = file, how, teachers, where
        cut_to_lines(file)
        self._known = {line["key"]: line["said"] for line in read_lines(file)}
        self._scribe: Scribe | None = None

    def replies(self, question: Question, how: Answers) -> list[list[Said]]:
        """What it says, now or in an earlier call."""
        seed = self._teachers.seed
        prompts = [[turn.to_json() for turn in prompt] for prompt in question.prompts]
        asked = [prompts, how.model_dump(mode="json"), seed if how.temperature else None]
        key = digest(asked)
        if key not in self._known:
            scribe = self._loaded(how)
            said = scribe.answers(question.prompts, int(key[:8], 16))
            self._known[key] = [[asdict(one) for one in row] for row in said]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "said": self._known[key]}) + "\n")
        kept: list[list[dict[str, Any]]] = self._known[key]
        return [[Said(**one) for one in row] for row in kept]

    def _loaded(self, how: Answers) -> Scribe:
        if self._scribe is None:
            teachers = self._teachers
            self._scribe = load_scribe(
                how, teachers.seed, teachers.store, teachers.listener, self._where
            )
        return Scribe(self._scribe.chatter, how, self._scribe.seed)


def _how(config: TaughtConfig, question: Question) -> Answers:
    return Answers(
        model=config.model,
        endpoint=config.endpoint,
        max_new_tokens=question.max_new_tokens,
        temperature=question.temperature,
        samples=question.samples,
    )
