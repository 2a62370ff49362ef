"""An endpoint that answers, fails, stalls, and answers rubbish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.endpoint import Asked, Handler, endpoint
from tuneful.core.endpoint import Endpoint, NoReply
from tuneful.core.errors import ModelError

ASKED = [{"role": "user", "content": "What was it?"}]
Way = Callable[[Handler], None]


def once(way: Way, **settings: Any) -> Any:
    """Ask an endpoint that always behaves in one way; the reply and how often it was asked."""
    with endpoint(lambda handler, asked, count: way(handler)) as server:
        found = Endpoint(server.url, "any", **settings).ask(ASKED, 7, temperature=0)
        return found, len(server.asked)


def test_a_question_is_asked_in_the_contracts_shape():
    def answer(handler: Handler, asked: Asked, count: int) -> None:
        handler.say("a film")

    with endpoint(answer) as server:
        reply = Endpoint(server.url + "/", "any", key="k").ask(ASKED, 7, temperature=0, seed=3)
    assert (reply.text, reply.ended) == ("a film", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 2)
    wanted = {"model": "any", "messages": ASKED, "max_tokens": 7, "temperature": 0, "seed": 3}
    assert server.asked == [wanted]
    assert server.keys == ["Bearer k"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_is_asked_again(status: int):
    def answer(handler: Handler, asked: Asked, count: int) -> None:
        handler.say("now") if count > 2 else handler.fail(status, Retry_After="0")

    with endpoint(answer) as server:
        asked = Endpoint(server.url, "any", retries=2, backoff_s=0.01)
        assert asked.ask(ASKED).text == "now"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        (lambda handler: handler.fail(500, "it broke"), "unreachable"),
        (lambda handler: handler.send(200, b"<html>busy</html>"), "unreadable"),
        (lambda handler: handler.send(200, {"choices": []}), "unreadable"),
        (lambda handler: handler.say([{"type": "text"}]), "unreadable"),
        (lambda handler: handler.trickle(2.0), "timed-out"),
        (lambda handler: handler.fail(400, "too long a prompt"), "refused"),
        (lambda handler: handler.connection.close(), "unreachable"),
    ],
)
def test_silence_has_a_kind(way: Way, kind: str):
    with pytest.raises(NoReply) as caught:
        once(way, retries=1, backoff_s=0.001, timeout_s=0.2)
    assert caught.value.kind == kind
    assert caught.value.num_asked == (1 if kind == "refused" else 2)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_question_would_change_stops(status: int):
    with pytest.raises(ModelError, match=f"HTTP {status}: wrong") as caught:
        once(lambda handler: handler.fail(status, "wrong"), retries=5)
    assert "model any" in caught.value.where


def test_an_answers_length_may_have_its_newer_name():
    def answer(handler: Handler, asked: Asked, count: int) -> None:
        if "max_tokens" in asked:
            handler.fail(400, "'max_tokens' is unknown; use 'max_completion_tokens' instead")
        else:
            handler.say("short")

    with endpoint(answer) as server:
        asked = Endpoint(server.url, "any")
        assert [asked.ask(ASKED, 7).text for _ in range(2)] == ["short", "short"]
    assert [one.get("max_completion_tokens") for one in server.asked] == [None, 7, 7]


def test_no_words_and_a_refusal_are_told_apart():
    assert once(lambda handler: handler.say(None))[0].text == ""
    refusal = {"message": {"content": None, "refusal": "I may not"}, "finish_reason": "stop"}
    found = once(lambda handler: handler.say("", choices=[refusal]))[0]
    assert found.ended == "content_filter"
