"""A language model behind an OpenAI-compatible endpoint: ask it, say why it is silent.

Source of the shapes: POST /chat/completions of the OpenAI API; 408, 409, 429 and 500 and above are
asked again, as its clients do.
"""

from __future__ import annotations

import json
import random
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.client import HTTPResponse

AGAIN = {408, 409, 429}
"""Statuses below 500 that are asked again."""
HOPELESS = {401: "the key is wrong", 403: "the key may not", 404: "no such model or address"}
"""Statuses that no other question would change."""
MOST_BYTES = 16 << 20
"""Of a reply."""
LONGEST_PAUSE_S = 60.0
AT_ONCE = 1 << 16

Kind = Literal["timed-out", "unreachable", "unreadable", "refused"]
"""Too slow; no connection or an error of the server; a reply that is none; a question refused."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said.

    Attributes:
        text: Its words; "" where it had none.
        ended: Why it stopped: "stop", "length", "content_filter" ….
        prompt_tokens: As the endpoint counts them; 0 where it does not say.
        completion_tokens: The same for the answer.
    """

    text: str
    ended: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class NoReply(Exception):  # noqa: N818  (reads as what happened: "no reply")
    """The endpoint gave no answer to one question.

    Attributes:
        kind: Why not.
        num_asked: How often it was asked.
    """

    def __init__(self, kind: Kind, message: str, pause_s: float | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.pause_s = pause_s
        self.num_asked = 1


@dataclass
class Endpoint:
    """Asks one model.

    Attributes:
        url: Up to /v1.
        model: What the endpoint calls it.
        key: Sent as a bearer token; "" for none.
        timeout_s: For a whole reply.
        retries: How often a question is asked again.
        backoff_s: Before the first time; doubled each time, with chance, and never shorter than
            the endpoint asks for.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 60.0
    retries: int = 0
    backoff_s: float = 0.5
    _limit: str = "max_tokens"

    def ask(self, messages: Sequence[dict[str, Any]], most: int | None = None, **how: Any) -> Reply:
        """The answer to a conversation.

        Args:
            messages: Turns as the endpoint takes them.
            most: Tokens of the answer.
            how: Further fields: temperature, seed ….

        Raises:
            NoReply: It gave none, however often it was asked.
            ModelError: It would answer no question at all: the key, the model or the address.
        """
        tries = 0
        while True:
            tries += 1
            limit = {} if most is None else {self._limit: most}
            try:
                return self._once({"model": self.model, "messages": list(messages), **limit, **how})
            except NoReply as silence:
                silence.num_asked = tries
                if self._renamed(str(silence)):
                    continue
                if silence.kind == "refused" or tries > self.retries:
                    raise
                pause = self.backoff_s * 2 ** (tries - 1) * random.uniform(0.5, 1.0)
                sleep(min(LONGEST_PAUSE_S, max(pause, silence.pause_s or 0.0)))

    def _renamed(self, said: str) -> bool:
        """Newer models of OpenAI call the answer's length by another name, and say so."""
        is_new = self._limit == "max_tokens" and "max_completion_tokens" in said
        if is_new:
            self._limit = "max_completion_tokens"
        return is_new

    def _once(self, asked: dict[str, Any]) -> Reply:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        address = self.url.rstrip("/") + "/chat/completions"
        request = urllib.request.Request(address, json.dumps(asked).encode(), headers)
        until = monotonic() + self.timeout_s
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                body = _read(response, until)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except TimeoutError:
            raise NoReply("timed-out", f"no reply within {self.timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            slow = isinstance(getattr(error, "reason", None), TimeoutError | socket.timeout)
            raise NoReply("timed-out" if slow else "unreachable", str(error)) from None
        return _reply(body)

    def _refusal(self, error: urllib.error.HTTPError) -> NoReply:
        with error:
            said = _message(error.read(AT_ONCE))
        text = f"HTTP {error.code}: {said}"
        if error.code in HOPELESS:
            raise ModelError(
                f"The endpoint refuses to answer: {HOPELESS[error.code]} ({text}).",
                where=f"{self.url}, model {self.model}",
                fix="Put the address (up to /v1), the model's name or the key right.",
            )
        if error.code in AGAIN or error.code >= 500:
            return NoReply("unreachable", text, _seconds(error.headers.get("Retry-After")))
        return NoReply("refused", text)


def _read(response: HTTPResponse, until: float) -> bytes:
    """A body, of bounded size and in bounded time: one that trickles in is a stall as well."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(AT_ONCE):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise NoReply("unreadable", f"a reply of more than {MOST_BYTES >> 20} MiB")
        if monotonic() > until:
            raise TimeoutError
    return b"".join(parts)


def _reply(body: bytes) -> Reply:
    try:
        whole: Any = json.loads(body)
        choice = whole["choices"][0]
        text = choice["message"].get("content")
        usage: dict[str, Any] = whole.get("usage") or {}
        refusal = choice["message"].get("refusal")
        ended = "content_filter" if refusal else str(choice.get("finish_reason") or "stop")
        counted = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NoReply("unreadable", f"{type(error).__name__} in {body[:80]!r}") from None
    if text is not None and not isinstance(text, str):
        raise NoReply("unreadable", f"the answer is no text: {str(text)[:80]!r}")
    return Reply(text or "", ended, *counted)


def _message(body: bytes) -> str:
    """The words of an error in the OpenAI shape, or the body's beginning."""
    try:
        whole: Any = json.loads(body)
        found = whole["error"]["message"]
    except (ValueError, LookupError, TypeError):
        found = body[:200].decode(errors="replace")
    return str(found)[:300]


def _seconds(said: str | None) -> float | None:
    try:
        return float(said) if said else None
    except ValueError:  # a date: its clients ignore it as well
        return None
