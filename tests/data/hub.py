"""A hub on loopback: the requests that `datasets` makes, answered from a few files in memory."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Hub(ThreadingHTTPServer):
    """Serves one data set."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.files = name, files
        self.commit = etag(b"".join(name.encode() + files[name] for name in sorted(files)))

    def known(self, path: str) -> object:
        """What the API says of the data set, or of a folder in it."""
        if "/tree/" not in path:
            facts = {"id": self.name, "sha": self.commit, "private": False, "gated": False}
            return facts | {"tags": [], "siblings": [{"rfilename": file} for file in self.files]}
        tree = path.partition(f"/tree/{self.commit}")[2].strip("/")
        folder = f"{tree}/" if tree else ""
        inside = [file.removeprefix(folder) for file in self.files if file.startswith(folder)]
        folders = sorted({file.split("/")[0] for file in inside if "/" in file})
        found = [{"type": "directory", "path": folder + one, "oid": ""} for one in folders]
        return found + [
            {"type": "file", "path": folder + one, "size": 1, "oid": etag(self.files[folder + one])}
            for one in inside
            if "/" not in one
        ]


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: Hub

    def do_GET(self) -> None:
        path, name = self.path.partition("?")[0], self.server.name
        if path.startswith(f"/api/datasets/{name}"):
            self.answer(200, json.dumps(self.server.known(path)).encode())
        elif path.startswith(f"/datasets/{name}/resolve/"):
            self.file(path.split("/", 6)[6])
        else:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def file(self, path: str) -> None:
        files = self.server.files
        if path in files:
            headers = {"ETag": f'"{etag(files[path])}"', "X-Repo-Commit": self.server.commit}
            self.answer(200, files[path], headers)
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hub(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve one data set as huggingface.co does; yields the address for HF_ENDPOINT."""
    server = Hub(name, files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def etag(content: bytes) -> str:
    """What names a file's content."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
