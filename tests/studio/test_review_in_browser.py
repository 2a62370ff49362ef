"""A review as people do it: in a real browser, with the keyboard, to what models learn."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser import Browser, Page, chromium
from tests.world import chat_recipe
from tuneful.cli.main import main
from tuneful.core.store import Store
from tuneful.evaluating.people.from_file import review_file
from tuneful.evaluating.people.making import Wanted
from tuneful.evaluating.people.review import Review
from tuneful.evaluating.people.verdicts import read
from tuneful.recipe.write import to_yaml
from tuneful.studio.review import review_server

pytestmark = pytest.mark.slow
TUNEFUL = """
import signal, sys
from tuneful.cli.main import main
# Who starts tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""
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


@contextmanager
def served(words: list[str]) -> Iterator[str]:
    """`tuneful review` as a person starts it; gives the address that it prints."""
    command = [sys.executable, "-c", TUNEFUL, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def test_two_people_compare_twenty_answers_and_models_learn_what_they_prefer(
    tmp_path: Path, browser: Browser, capsys: pytest.CaptureFixture[str]
):
    model = trained(tmp_path)
    words = ["review", "small-chat", "--split", "train", "--items", "20", "--max-new-tokens", "6"]
    with served([*words, "--quiet"]) as url:
        pages = [*ann_judges(browser, url), bea_judges(browser, url)]
    for page in pages:
        assert page.troubles == []
        assert all(asked.startswith(url) for asked in page.requests)
    everything = "".join(text for page in pages for text in page.received)
    assert "Which answer is better?" in everything
    capsys.readouterr()
    assert not [word for word in ("small-chat", model, '"base"') if word in everything]
    assert main([*words, "--results", "--json", "--quiet"]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert [rater["num"] for rater in facts["raters"]] == [20, 20]
    (duel,) = facts["duels"]
    assert duel["num_rows"] == 20
    assert duel["won"] >= 17
    assert duel["wins"]["low"] > 0.5
    assert duel["p"] < 0.001
    assert facts["agreement"]["num_items"] == 20
    assert facts["agreement"]["alpha"] < 1
    assert [note["note"] for note in facts["notes"]] == ["the other one is noise"]
    learned(tmp_path, words, model, capsys)


def trained(folder: Path) -> str:
    """Train a small model whose answers are words, over a base whose answers are noise."""
    recipe = folder / "small-chat.yaml"
    asked = chat_recipe(folder / "parts", epochs=3)
    recipe.write_text(to_yaml(asked), encoding="utf-8")
    assert main(["train", str(recipe), "--yes", "--quiet"]) == 0
    return str(asked.model)


def is_word(page: Page) -> bool:
    """Whether the first answer is the tuned model's."""
    first, second = answers(page)
    assert first != second
    is_word = [text.isascii() and text.isalpha() for text in (first, second)]
    assert sorted(is_word) == [False, True]
    return is_word[0]


def ann_judges(browser: Browser, url: str) -> list[Page]:
    """Ann prefers words; she leaves after seven and comes back, and gives the last one twice."""
    pages: list[Page] = []
    for count in range(20):
        if count in {0, 7}:
            pages.append(begin(browser, url, "Ann" if not pages else " ann "))
        done(pages[-1], count)
        pages[-1].press("1" if is_word(pages[-1]) else "2")
    ann = pages[-1]
    done(ann, 20)
    ann.press("u")
    done(ann, 19)
    ann.press("n")
    ann.type("the other one is noise")
    ann.press("Escape")
    ann.press("1" if is_word(ann) else "2")
    ann.wait("!document.getElementById('end').hidden")
    return pages


def bea_judges(browser: Browser, url: str) -> Page:
    """Bea does, too, but for a tie and two bad answers; she uses the arrows."""
    bea = begin(browser, url, "Bea")
    for count in range(20):
        done(bea, count)
        bea.press("tb"[count] if count < 2 else "ArrowLeft" if is_word(bea) else "ArrowRight")
    bea.wait("!document.getElementById('end').hidden")
    return bea


def learned(folder: Path, words: list[str], model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Export what people said, let DPO learn it, and let a reward model judge as they did."""
    rows = folder / "preferences.jsonl"
    assert main([*words, "--export", str(rows), "--json", "--quiet"]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert (facts["num_rows"], facts["left_out"]) == (19, {"both bad": 1})  # what Bea said of one
    for method in ("dpo", "reward"):
        recipe = folder / f"{method}.yaml"
        recipe.write_text(
            f"version: 1\nname: people-{method}\nmodel: {model}\nmethod: {method}\n"
            f"data: {{source: {rows}, split: {{validation: 0.2, test: 0.2}}}}\n"
            "adapter: {name: lora, rank: 4}\nevaluate: {max_new_tokens: 4}\n"
            "train: {epochs: 4, batch_size: 4, learning_rate: 0.005, precision: fp32,"
            " threads: 1}\n",
            encoding="utf-8",
        )
        assert main(["train", str(recipe), "--yes", "--quiet", "--json"]) == 0
        capsys.readouterr()
        assert main(["evaluate", str(recipe), "--json", "--quiet"]) == 0
        found = json.loads(capsys.readouterr().out)["facts"]["metrics"]["pair_accuracy"]
        assert found["tuned"]["value"] == 1.0
    assert main([*words, "--judge", "run:people-reward", "--json", "--quiet"]) == 0
    (judge,) = json.loads(capsys.readouterr().out)["facts"]["judges"]
    assert (judge["known"], judge["unknown"]) == (20, {})
    assert judge["people"]["same"]["value"] >= 0.8


def made(folder: Path, store: Store, names: tuple[str, ...], **wanted: object) -> Review:
    file = folder / "answers.jsonl"
    rows = [
        {"prompt": f"{HOSTILE} {n}", "answers": {a: f"{HOSTILE} {chr(97 + k)}" for k, a in
                                                 enumerate(names)}, "reference": "none"}
        for n in range(3)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return review_file(str(file), Wanted((str(file),), **wanted), store)  # type: ignore[arg-type]


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
