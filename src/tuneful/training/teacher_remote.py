"""A teacher behind an OpenAI-compatible endpoint: many questions at once, each paid for once.

Every reply is written down as it comes, so that a stopped command asks nothing twice. What an
answer may cost at most is set aside before it is asked for, so that replies never pass the ceiling;
a question that times out is counted once, at its highest cost, however often it was asked.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest
from tuneful.core.endpoint import Endpoint, NoReply
from tuneful.core.environment import secret
from tuneful.core.errors import DataError, ModelError, TunefulError
from tuneful.core.lines import cut_to_lines, read_lines
from tuneful.training.teacher_choice import NO_END, NO_REPLY, NO_WORD, REFUSED, Said
from tuneful.training.teacher_local import asked_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tuneful.core.endpoint import Reply
    from tuneful.data.message import Turns
    from tuneful.recipe.data import Answers, Remote

MILLION = 1_000_000
TOKENS_OF_TURN = 16
"""That a template may put around a turn, at most."""
SILENT_IN_A_ROW = 20
"""Questions without any reply, one after the other, that tell that the endpoint is down."""
ENDS = {"length": NO_END, "content_filter": REFUSED}


@dataclass
class Purse:
    """What has been paid, and what is set aside for questions under way.

    Attributes:
        most: USD that may be spent; None without a ceiling.
        spent: USD.
    """

    most: float | None
    spent: float = 0.0
    aside: float = 0.0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def set_aside(self, usd: float) -> bool:
        """Wait until there is room for a question; False where there never will be."""
        with self.changed:
            while self.most is not None and self.spent + self.aside + usd > self.most:
                if not self.aside:
                    return False
                self.changed.wait()
            self.aside += usd
            return True

    def pay(self, aside: float, usd: float) -> None:
        """Pay for a question that some was set aside for."""
        with self.changed:
            # Sums of many small numbers drift; what is left of them would be waited for for ever.
            self.aside = max(0.0, self.aside - aside) if self.aside - aside > 1e-9 else 0.0
            self.spent += usd
            self.changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Letter:
    """One question: its name among those kept, its turns, the sample's number, how it is asked."""

    key: str
    messages: list[dict[str, Any]]
    sample: int
    how: Answers


class Correspondent:
    """Writes answers by letter.

    Args:
        how: How the teacher is asked.
        seed: Sent with questions that are drawn, if the endpoint cares.
        replies: File that replies are kept in; no other process may work on it.
        where: The recipe's section that asks, for errors.
    """

    def __init__(self, how: Answers, seed: int, replies: Path, where: str = "data.answers") -> None:
        assert how.endpoint is not None
        self._how, self._remote, self._seed, self._where = how, how.endpoint, seed, where
        key = secret(self._remote.key) if self._remote.key else ""
        self._endpoint = Endpoint(
            self._remote.url, how.model, key, self._remote.timeout_s, self._remote.retries
        )
        self._known: dict[str, dict[str, Any]] = {}
        self.purse = Purse(self._remote.max_usd)
        self._silent = 0
        self._ended: TunefulError | None = None
        self._lock = threading.Lock()
        replies.parent.mkdir(parents=True, exist_ok=True)
        cut_to_lines(replies)
        for line in read_lines(replies):
            self.purse.spent += line["usd"]
            if line["why"] != NO_REPLY:
                self._known[line["key"]] = line
        self._file = replies.open("a", encoding="utf-8")

    def close(self) -> None:
        """End the file of replies."""
        self._file.close()

    def answers(self, prompts: Sequence[Turns], chunk: int) -> list[list[Said]]:
        """Each row's samples, in order; what was asked before is not asked again.

        Raises:
            ModelError: The endpoint answers nobody, or nothing at all.
            DataError: The ceiling is reached.
        """
        del chunk
        return self.ask(prompts, self._how)

    def ask(self, prompts: Sequence[Turns], how: Answers) -> list[list[Said]]:
        """The same of the same model, asked in another way: other samples, longest answer, heat."""
        letters = [
            self._letter(prompt, sample, how) for prompt in prompts for sample in range(how.samples)
        ]
        once = {letter.key: letter for letter in letters}  # two rows may ask the same
        pool = ThreadPoolExecutor(self._remote.at_once)
        try:
            said = dict(zip(once, pool.map(self._unless_ended, once.values()), strict=True))
        finally:
            pool.shutdown(cancel_futures=True)
        flat = [said[letter.key] for letter in letters]
        return [flat[at : at + how.samples] for at in range(0, len(flat), how.samples)]

    def _letter(self, prompt: Turns, sample: int, how: Answers) -> _Letter:
        messages = [turn.to_json() for turn in asked_of(prompt, how)]
        for turn in messages:
            turn.pop("weight", None)
        asked = [how.model, messages, how.max_new_tokens, how.temperature]
        drawn = [self._seed, sample] if how.temperature else []
        return _Letter(digest([*asked, *drawn]), messages, sample, how)

    def _unless_ended(self, letter: _Letter) -> Said:
        """What ends the work for one question ends it for those that wait behind it."""
        if self._ended is not None:
            raise self._ended
        known = self._known.get(letter.key)
        try:
            if known is None:
                known = {"key": letter.key, **self._asked(letter)}
                self._note(known)
        except (DataError, ModelError) as error:
            self._ended = error
            raise
        return Said(known["text"], known["why"], known["detail"])

    def _asked(self, letter: _Letter) -> dict[str, Any]:
        messages, how = letter.messages, letter.how
        bound = _bound(messages)
        most = _usd(self._remote, bound, how.max_new_tokens)
        if not self.purse.set_aside(most):
            raise DataError(
                f"The next answer could pass the ceiling: {self.purse.spent:.4f} of "
                f"{self._remote.max_usd:g} USD are spent.",
                where=f"{self._where}.endpoint.max_usd",
                fix="Raise it and run the same command: every answer so far is kept.",
            )
        paid = most  # whoever asks and hears nothing may have to pay all the same
        try:
            drawn = {"seed": self._seed + letter.sample} if how.temperature else {}
            reply = self._endpoint.ask(
                messages, how.max_new_tokens, temperature=how.temperature, **drawn
            )
            paid = self._cost(reply, bound)
            line = _line_of(reply)
        except NoReply as silence:
            refused = silence.kind == "refused"
            paid = 0.0 if refused else most * (silence.kind != "unreachable")
            line = {"text": "", "why": REFUSED if refused else NO_REPLY, "detail": str(silence)}
        finally:
            self.purse.pay(most, paid)
        return line | {"usd": paid}

    def _cost(self, reply: Reply, bound: int) -> float:
        """By the endpoint's own count; by what it can have been at most where it counts nothing."""
        said = reply.completion_tokens or len(reply.text.encode())
        return _usd(self._remote, reply.prompt_tokens or bound, said)

    def _note(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            self._known[line["key"]] = line
            self._silent = self._silent + 1 if line["why"] == NO_REPLY else 0
            if self._silent >= SILENT_IN_A_ROW:
                raise ModelError(
                    f"The endpoint gave no reply to {self._silent} questions in a row: "
                    f"{line['detail']}.",
                    where=self._remote.url,
                    fix=f"Start it, or raise {self._where}.endpoint.timeout_s; the same command "
                    "goes on with what is answered.",
                )


def _line_of(reply: Reply) -> dict[str, Any]:
    text = reply.text.strip()
    why = ENDS.get(reply.ended, "") or ("" if text else NO_WORD)
    return {"text": text, "why": why, "detail": ""}


def _usd(remote: Remote, read: int, written: int) -> float:
    return (read * remote.input_usd + written * remote.output_usd) / MILLION


def _bound(messages: Sequence[dict[str, Any]]) -> int:
    """Tokens that the question can have at most: one for each byte, and the template's."""
    size = sum(len(json.dumps(turn, ensure_ascii=False).encode()) for turn in messages)
    return size + TOKENS_OF_TURN * (1 + len(messages))
