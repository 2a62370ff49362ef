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

COMMIT = "a" * 40


@contextmanager
def hub(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve one data set as huggingface.co does; yields the address for HF_ENDPOINT."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/datasets/{name}"):
                self.answer(200, json.dumps(self.known(path)).encode())
            elif path.startswith(f"/datasets/{name}/resolve/"):
                self.file(path.split("/", 6)[6])
            else:
                self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

        do_HEAD = do_GET

        def known(self, path: str) -> object:
            _, _, tree = path.partition(f"/tree/{COMMIT}")
            if "/tree/" not in path:
                facts = {"id": name, "sha": COMMIT, "private": False, "gated": False, "tags": []}
                return facts | {"siblings": [{"rfilename": file} for file in files]}
            folder = f"{tree.strip('/')}/" if tree.strip("/") else ""
            inside = [file.removeprefix(folder) for file in files if file.startswith(folder)]
            folders = sorted({file.split("/")[0] for file in inside if "/" in file})
            found = [{"type": "directory", "path": folder + one, "oid": ""} for one in folders]
            return found + [
                {"type": "file", "path": folder + one, "size": 1, "oid": etag(files[folder + one])}
                for one in inside
                if "/" not in one
            ]

        def file(self, path: str) -> None:
            if path in files:
                headers = {"ETag": f'"{etag(files[path])}"', "X-Repo-Commit": COMMIT}
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
