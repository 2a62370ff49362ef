"""A server for one page on this machine, which nobody else can read or write.

It listens on loopback alone, and every address begins with a token that was drawn for it. What else
a browser could be led to do is refused: a host of another name (DNS rebinding), a request that
another page sends (Origin), a page that frames or scripts this one (Content-Security-Policy).
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import TunefulError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOPBACK = "127.0.0.1"
MOST_BYTES = 64 << 10
"""Of a request."""
PATIENCE_S = 30.0
"""For a connection that says nothing."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class File:
    """A part of the page."""

    content: bytes
    type: str


Call = "Callable[[Mapping[str, Any]], Mapping[str, Any]]"
"""Takes and gives a JSON object; what it refuses by TunefulError becomes 400."""


class LocalServer(ThreadingHTTPServer):
    """Serves files and calls below one secret address.

    Args:
        files: By name; "" is the page itself.
        calls: What the page may POST, by name.
        port: Where to listen; 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """

    daemon_threads = True

    def __init__(
        self, files: Mapping[str, File], calls: Mapping[str, Callable[..., Any]], port: int = 0
    ) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.files, self.calls = files, calls
        self.token = secrets.token_urlsafe(24)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{LOOPBACK}:{self.server_port}"

    @property
    def url(self) -> str:
        """What to open; who knows it may read and judge."""
        return f"{self.origin}/{self.token}/"


class _Refusal(Exception):  # noqa: N818  (reads as what happened)
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version, sys_version = "tuneful", ""

    @property
    def _door(self) -> LocalServer:
        return cast("LocalServer", self.server)

    def do_GET(self) -> None:
        """A file of the page."""
        self._answer(self._file)

    def do_POST(self) -> None:
        """A call of the page."""
        self._answer(self._call)

    def _answer(self, work: Callable[[], File]) -> None:
        try:
            found, status = work(), HTTPStatus.OK
        except _Refusal as refusal:
            found, status = _json({"error": str(refusal)}), refusal.status
        self.send_response(status)
        headers = {**HEADERS, "Content-Type": found.type, "Content-Length": len(found.content)}
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(found.content)

    def _name(self) -> str:
        """What is asked for, once host and token are right."""
        if self.headers.get("Host") != self._door.origin.removeprefix("http://"):
            raise _Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
        # Another page may lead here by a link, as a chat does; it can neither frame nor read this.
        is_link = self.command == "GET" and self.headers.get("Sec-Fetch-Dest") == "document"
        from_ = self.headers.get("Sec-Fetch-Site", "none")
        if from_ not in {"same-origin", "none"} and not is_link:
            raise _Refusal(HTTPStatus.FORBIDDEN, "Another page asked.")
        _, token, name = (*self.path.split("/", 2), "", "")[:3]
        if not hmac.compare_digest(token.encode(), self._door.token.encode()):
            raise _Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return name

    def _file(self) -> File:
        name = self._name()
        if name not in self._door.files:
            raise _Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return self._door.files[name]

    def _call(self) -> File:
        name = self._name()
        if self.headers.get("Origin") != self._door.origin:
            raise _Refusal(HTTPStatus.FORBIDDEN, "Another page asked.")
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is taken.")
        if name not in self._door.calls:
            raise _Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        try:
            return _json(self._door.calls[name](self._body()))
        except TunefulError as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, f"{error.message} {error.fix}") from None

    def _body(self) -> Mapping[str, Any]:
        size = self.headers.get("Content-Length", "")
        if not (size.isascii() and size.isdecimal()) or "Transfer-Encoding" in self.headers:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "How long is it?")
        if len(size) > 9 or int(size) > MOST_BYTES:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too long.")
        try:
            value: Any = json.loads(self.rfile.read(int(size)))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "That is no JSON object.")
        return cast("Mapping[str, Any]", value)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the token."""


def _json(value: object) -> File:
    return File(json.dumps(value).encode(), "application/json")
