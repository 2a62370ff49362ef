"""The local page's server: what it refuses, whoever asks."""

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from tuneful.core.errors import DataError
from tuneful.studio.local import File, LocalServer


def refuse(asked: object) -> object:
    raise DataError("That is wrong.", fix="Mend it.")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    calls = {"echo": lambda asked: asked, "refuse": refuse}
    server = LocalServer({"": File(b"<p>page", "text/html")}, calls)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(
    server: LocalServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    known = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, known)
    reply = connection.getresponse()
    found = (reply.status, dict(reply.getheaders()), reply.read())
    connection.close()
    return found


def test_the_page_is_there_for_who_knows_the_address(server: LocalServer):
    assert server.server_address[0] == "127.0.0.1"
    status, headers, body = ask(server, "GET", f"/{server.token}/")
    assert (status, body) == (200, b"<p>page")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_whoever_else_asks_is_refused(server: LocalServer):
    page, call = f"/{server.token}/", f"/{server.token}/echo"
    json_, own = "application/json", server.origin
    good = {"Origin": own, "Content_Type": json_}
    for status, method, path, body, headers in [
        (404, "GET", "/", None, {}),
        (404, "GET", f"/{server.token[:-1]}/", None, {}),
        (404, "GET", f"{page}../local.py", None, {}),
        (421, "GET", page, None, {"Host": f"evil.example:{server.server_port}"}),
        (421, "GET", page, None, {"Host": "127.0.0.1"}),
        (403, "GET", page, None, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "script"}),
        (403, "POST", call, b"{}", {**good, "Sec_Fetch_Site": "same-site"}),
        (403, "POST", call, b"{}", {"Content_Type": json_}),
        (403, "POST", call, b"{}", {**good, "Origin": "http://evil.example"}),
        (403, "POST", call, b"{}", {**good, "Origin": "null"}),
        (404, "POST", "/wrong/echo", b"{}", good),
        (404, "POST", f"{page}other", b"{}", good),
        (415, "POST", call, b"{}", {"Origin": own, "Content_Type": "text/plain"}),
        (400, "POST", call, b"[]", good),
        (400, "POST", call, b"{" * 5000, good),
        (413, "POST", call, b"x" * 70_000, good),
        (411, "POST", call, None, {**good, "Content_Length": "-1"}),
        (501, "PUT", page, b"", {}),
    ]:
        found, answered, said = ask(server, method, path, body, **headers)
        assert found == status, (method, path, headers)
        assert server.token.encode() not in said
        assert status == 501 or "Content-Security-Policy" in answered
    assert ask(server, "POST", call, b'{"a": 1}', **good)[::2] == (200, b'{"a": 1}')
    status, _, said = ask(server, "POST", f"{page}refuse", b"{}", **good)
    assert (status, json.loads(said)) == (400, {"error": "That is wrong. Mend it."})
