"""One page for an evaluation and an audit, whichever is made first; it loads nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auditing.test_audit import look
from tests.browser import Browser, chromium
from tests.evaluating.test_analysing import evaluation
from tests.world import classify_recipe
from tuneful.auditing.page import audit_page, audit_section
from tuneful.cli.main import main
from tuneful.core.store import Store
from tuneful.data.rows import Labelled
from tuneful.evaluating.analysing.page import page
from tuneful.evaluating.summary import summarize
from tuneful.recipe.change import with_changes
from tuneful.workflow import Gate, audit, evaluate, find_recipe, train

EVIL = "<script>alert(1)</script>"


def anchors(text: str) -> tuple[set[str], set[str]]:
    """Places that are led to, and places that there are."""
    return set(re.findall(r'href="#([^"]+)"', text)), set(re.findall(r' id="([^"]+)"', text))


def test_an_audit_stands_on_the_evaluations_page_with_all_it_found(tmp_path: Path):
    rows = [Labelled(f"{EVIL} a {w} film of his", w) for w in ("good", "bad") * 60]
    audited = look(rows, tmp_path, audits=["bias", "robustness", "forgetting"])
    whole = page(summarize(evaluation()), [audit_section(audited)])
    alone = audit_page(audited)
    assert alone == (tmp_path / "audit.html").read_text(encoding="utf-8")
    for text in (whole, alone):
        asked, there = anchors(text)
        assert asked <= there
        assert {"audit-bias", "audit-robustness", "audit-forgetting"} <= there
        assert "<script" not in text
        assert not re.search(r"""(src|href)=["'](?!#|data:,)""", text)
        assert "Not audited: " in text
        places = [text.index(finding.title[:40]) for finding in audited.findings[:-1]]
        assert places == sorted(places)
        for table in audited.tables:
            assert table.title in text
    assert "audit" in anchors(whole)[0]
    # The evaluation's own page is what it was.
    assert page(summarize(evaluation())) == page(summarize(evaluation()), [])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.slow
def test_evaluate_and_then_audit_make_one_page(
    tmp_path: Path, store: Store, browser: Browser, capsys: pytest.CaptureFixture[str]
):
    recipe = classify_recipe(tmp_path, max_steps=6)
    recipe = with_changes(recipe, {"data.split.test": 60, "audit.attack_rows": 0})
    train(recipe, store=store, gate=Gate(fail_on=None))
    said: list[str] = []
    for command in ("audit", "evaluate", "audit"):
        main([command, "last", "--json", "--quiet"])
        said.append(json.loads(capsys.readouterr().out)["page"])
    first, *both = said
    assert first.endswith("audit.html")  # there was no evaluation yet
    assert both[0] == both[1]
    text = Path(both[0]).read_text(encoding="utf-8")
    assert "What may tuning have broken?" in text
    assert "Written otherwise" in text
    found, model = find_recipe("last", store)
    # Made again for other rows asked about, the same page has the new audit; it stays there.
    more = with_changes(found, {"audit.audits": ["artefacts"], "audit.rows": 7})
    audit(model, more, store=store)
    assert "Written otherwise" not in Path(both[0]).read_text(encoding="utf-8")
    evaluate(model, found, store=store)
    assert 'id="audit-artefacts"' in Path(both[0]).read_text(encoding="utf-8")
    Path(both[0]).write_text(text, encoding="utf-8")
    shown(browser, Path(both[0]), tmp_path)


def shown(browser: Browser, path: Path, folder: Path) -> None:
    """In a browser the page loads nothing, says nothing in its console and fits any width."""
    opened = browser.page()
    for width, is_dark in ((1280, False), (390, True)):
        opened.resize(width, 900, is_dark=is_dark)
        opened.open(path.as_uri())
        wide = opened.run("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} of {width} pixels"
        opened.run("document.querySelector('a[href=\"#audit-robustness\"]').click()")
        opened.wait("location.hash === '#audit-robustness'")
        top = opened.run("document.getElementById('audit-robustness').getBoundingClientRect().top")
        assert -1 <= top < 900
        colors = "getComputedStyle(document.body).backgroundColor"
        assert opened.run(colors) == ("rgb(18, 22, 27)" if is_dark else "rgb(246, 247, 249)")
        opened.picture(folder / f"{width}.png")
    assert opened.troubles == []
    assert {address.partition("#")[0] for address in opened.requests} == {path.as_uri()}
