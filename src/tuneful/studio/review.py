"""The page of a review: its files, and what it may ask the desk."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.people.desk import Desk
from tuneful.studio.local import File, LocalServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.evaluating.people.review import Review

PARTS = {
    "": ("review.html", "text/html; charset=utf-8"),
    "review.css": ("review.css", "text/css; charset=utf-8"),
    "review.js": ("review.js", "text/javascript; charset=utf-8"),
    "differences.js": ("differences.js", "text/javascript; charset=utf-8"),
}


def review_server(review: Review, port: int = 0) -> LocalServer:
    """A server of the review's page; `serve_forever` runs it.

    Raises:
        OSError: The port is taken.
    """
    desk = Desk(review)
    calls = {"show": partial(_show, desk), "judge": partial(_judge, desk)}
    calls["undo"] = partial(_undo, desk)
    folder = files("tuneful.studio") / "static"
    page = {name: File((folder / file).read_bytes(), kind) for name, (file, kind) in PARTS.items()}
    return LocalServer(page, calls, port)


def _show(desk: Desk, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    after = asked.get("after")
    return desk.show(asked.get("rater", ""), after if type(after) is int else -1)


def _judge(desk: Desk, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return desk.judge(asked.get("rater", ""), asked.get("at", -1), dict(asked))


def _undo(desk: Desk, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return desk.undo(asked.get("rater", ""))
