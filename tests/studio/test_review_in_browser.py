"""A review as people do it: in a real browser, with the keyboard."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, Page, chromium
from tuneful.core.store import Store
from tuneful.evaluating.people.from_file import review_file
from tuneful.evaluating.people.making import Wanted
from tuneful.evaluating.people.review import Review
from tuneful.evaluating.people.verdicts import read
from tuneful.studio.review import review_server

pytestmark = pytest.mark.slow
NAMES = ("alpha-model", "omega-model", "sigma-model")
HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "<a href='http://evil.example/'>&amp;</a>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def begin(browser: Browser, url: str, name: str) -> Page:
    """A new page, on which a person gives their name."""
    page = browser.page()
    page.resize(1280, 800)
    page.open(url)
    page.wait("!document.getElementById('welcome').hidden")
    page.type(name)
    page.press("Enter")
    page.wait("document.getElementById('welcome').hidden")
    return page


def done(page: Page, count: int) -> None:
    """Wait until so many verdicts are on disk and the next item is there."""
    page.wait(f"document.getElementById('progress').getAttribute('aria-valuenow') === '{count}'")


def answers(page: Page) -> list[str]:
    return page.run("[...document.querySelectorAll('.answer .text')].map((e) => e.textContent)")


def made(folder: Path, store: Store, names: tuple[str, ...], **wanted: object) -> Review:
    file = folder / "answers.jsonl"
    rows = [
        {"prompt": f"{HOSTILE} {n}", "answers": {a: f"{HOSTILE} {chr(97 + k)}" for k, a in
                                                 enumerate(names)}, "reference": "none"}
        for n in range(3)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return review_file(file, Wanted((str(file),), **wanted), store)  # type: ignore[arg-type]


def test_rankings_and_ratings_by_keyboard_with_hostile_answers(
    tmp_path: Path, store: Store, browser: Browser
):
    ranked, rated = made(tmp_path, store, NAMES), made(tmp_path, store, NAMES[:1], ask="rate")
    pages: list[Page] = []
    for review in (ranked, rated):
        server = review_server(review)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        page = begin(browser, server.url, "Ann")
        done(page, 0)
        pages.append(page)
        letters = [text[-1] for text in answers(page)]
        if review is ranked:
            assert sorted(letters) == ["a", "b", "c"]
            page.press("Enter")  # an order that is not whole is not saved
            for key in (str(letters.index("c") + 1), "=", str(letters.index("a") + 1), "Backspace",
                        str(letters.index("b") + 1), str(letters.index("a") + 1)):  # fmt: skip
                page.press(key)
            page.press("s")  # later: nothing is kept
            page.wait("document.querySelectorAll('.placed').length === 0")
            letters = [text[-1] for text in answers(page)]
            for key in (str(letters.index("c") + 1), str(letters.index("b") + 1), "=",
                        str(letters.index("a") + 1), "Enter"):  # fmt: skip
                page.press(key)
        else:
            page.press("r")
            page.wait("!document.getElementById('reference').hidden")
            page.press("4")
        done(page, 1)
        server.shutdown()
        server.server_close()
        assert page.run("document.title") == "Review, 1 of 3"
        assert page.run("document.images.length + document.querySelectorAll('a').length") == 0
        assert HOSTILE in page.run("document.getElementById('prompt').textContent")
    assert read(ranked.verdicts).verdicts[0].numbers == (2, 2, 1)
    assert read(rated.verdicts).verdicts[0].numbers == (4,)
    everything = "".join(text for page in pages for text in page.received)
    assert not [name for name in NAMES if name in everything]
    assert not [asked for page in pages for asked in page.requests if "evil" in asked]


def test_differences_are_marked_and_what_was_not_saved_is_said(
    tmp_path: Path, store: Store, browser: Browser
):
    review = made(tmp_path, store, NAMES[:2])
    server = review_server(review)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    page = begin(browser, server.url, "Ann")
    done(page, 0)
    page.press("d")
    marked = page.run("[...document.querySelectorAll('mark')].map((e) => e.textContent)")
    assert sorted(marked) == ["a", "b"]
    for width, is_dark in ((1280, False), (390, True)):
        page.resize(width, 800, is_dark=is_dark)
        assert page.run("document.documentElement.scrollWidth") <= width
    server.shutdown()
    server.server_close()
    page.press("1")
    page.wait("!document.getElementById('trouble').hidden")
    assert "Not saved" in page.run("document.getElementById('trouble').textContent")
    assert read(review.verdicts).verdicts == ()
    thread.join()
