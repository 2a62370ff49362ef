"""A stand-in for an OpenAI-compatible endpoint, on loopback; it fails, stalls and lies if told.

It answers as the published contract says (POST /v1/chat/completions), and keeps what it was asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Asked = dict[str, Any]
Behaviour = Callable[["Handler", Asked, int], None]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server

    def do_POST(self) -> None:
        """Answer as the server's behaviour has it."""
        size = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(size))
        with self.server.lock:
            self.server.asked.append(asked)
            self.server.keys.append(self.headers.get("Authorization", ""))
            question = json.dumps([asked["messages"], asked.get("seed")])
            count = self.server.counts[question] = self.server.counts.get(question, 0) + 1
        self.server.behaviour(self, asked, count)

    def say(self, text: str | None, ended: str = "stop", **more: Any) -> None:
        """A reply in the contract's shape: three tokens read and two written."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "finish_reason": ended, "message": message, "logprobs": None}
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        self.send(200, {"object": "chat.completion", "choices": [choice], "usage": usage} | more)

    def fail(self, status: int, said: str = "no", **headers: str) -> None:
        """An error in the contract's shape."""
        error = {"message": said, "type": "error", "param": None, "code": None}
        self.send(status, {"error": error}, **headers)

    def send(self, status: int, body: Any, **headers: str) -> None:
        """A body, JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def trickle(self, seconds: float) -> None:
        """A byte now and then, for ever as it seems."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Keeps what it was asked.

    Attributes:
        asked: Every request's body.
        keys: Its Authorization.
        counts: How often each question was asked.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.keys: list[str] = []
        self.counts: dict[str, int] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Up to /v1."""
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def endpoint(behaviour: Behaviour) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    server = Server(behaviour)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
