"""Steps of cleaning: what each mends or leaves out, and that all of it is counted and listed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.errors import DataError, RecipeError
from tuneful.core.report import Level
from tuneful.core.store import Store
from tuneful.data.cleaning import CLEANERS
from tuneful.data.dataset import Dataset
from tuneful.data.faults import language
from tuneful.data.faults.quality import broken_rule
from tuneful.data.message import Message
from tuneful.data.prepare import prepare
from tuneful.data.rows import Chat, Labelled, Text
from tuneful.recipe.schema import Recipe


def step(name: str, **settings: Any) -> Any:
    part = CLEANERS[name]
    return part(part.Config.model_validate({"name": name, **settings}))


MENDED = [
    ("encoding", "CafÃ© â€œnaÃ¯veâ€\x9d â€” 5 â‚¬", "Café “naïve” — 5 €"),  # noqa: RUF001
    ("encoding", "CafÃƒÂ©", "Café"),
    ("encoding", "ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),  # noqa: RUF001
    ("encoding", "it\x92s a film \x97 and", "it’s a film — and"),  # noqa: RUF001
    ("encoding", "CAFÉ… «Ø» São Ångström Ã", "CAFÉ… «Ø» São Ångström Ã"),
    ("html", "<p>One<br />two</p><p>3 &lt; 4 &amp; 5</p>", "One\ntwo\n\n3 < 4 & 5"),
    ("html", "a <b>b</b> <a href='x'>c</a><!-- d --><script>e()</script>", "a b c"),
    ("html", "I <3 it, a < b and c > d, AT&T, <think>so</think>", None),
    ("html", "`<br>` and\n```html\n<p>&amp;</p>\n```", None),
    ("html", "<i>so</i> `<br>` it is", "so `<br>` it is"),
    ("whitespace", "a\u00a0b\u200b c \r\nd\t\n\n\n\ne\x00\u202e\n", "a b c\nd\n\ne"),
    ("whitespace", "if x:\n    y = 1", None),
    ("whitespace", "می\u200cخواهم 👨\u200d👩", None),  # noqa: RUF001
]


@pytest.mark.parametrize(("name", "text", "better"), MENDED)
def test_texts_are_mended_and_sound_ones_stay(name: str, text: str, better: str | None):
    assert step(name).mend(text) == (text if better is None else better)


def test_settings_of_steps_that_mend():
    assert step("whitespace", collapse=True).mend("  a   b\n  c") == "a b\n c"
    lines = step("boilerplate", lines=["Sent from my phone"])
    assert lines.mend("It is good.\n sent from my PHONE ") == "It is good."
    assert lines.mend("It was sent from my phone.") == "It was sent from my phone."
    assert step("encoding", ftfy=True).mend("voilÃ\u00a0 le travail") == "voilà le travail"


def said(text: str) -> Chat:
    return Chat((Message("user", "x" * 99), Message("assistant", text)))


def test_rows_are_left_out_by_length_of_what_is_learned():
    words = step("length", least=2, most=3, unit="words")
    assert [words.why_out(Text(t)) for t in ("a", "a b", "a b c", "a b c d")] == [
        "1 words", "", "", "4 words",
    ]  # fmt: skip
    assert step("length", most=5).why_out(said("four")) == ""
    assert step("length", least=5).why_out(Labelled(" four ", "a")) == "4 characters"
    with pytest.raises(RecipeError, match="needs least or most"):
        make(["length"])


def test_rows_in_other_languages_are_left_out_and_short_ones_stay():
    keep = step("language", keep=["en"])
    german = "Der Film war lang, aber am Ende doch sehr schön und gut gespielt."
    assert keep.why_out(Text(german)) == "language de"
    assert keep.why_out(Text("Der Film")) == ""
    assert (
        keep.why_out(said("The film was long, but in the end it was good and well played.")) == ""
    )


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language, "is_installed", lambda: False)
    with pytest.raises(DataError) as caught:
        step("language", keep=["en"])
    assert "tuneful[clean]" in caught.value.fix


def test_low_quality_is_what_gophers_rules_say():
    sound = " ".join(f"word{n} follows{n} thing{n * 7} here{n}" for n in range(30))
    assert broken_rule(sound) is None
    assert broken_rule("Fine.") is None
    assert str(broken_rule("buy now\n" * 5)) == "lines that repeat 0.80, not 0.3"
    assert "a letter 0.33" in str(broken_rule("12 34 of " * 8))
    assert broken_rule("12 + 34 = 46") is None
    assert str(broken_rule("| - " * 20)) == "words among signs 0.00, not 0.5"
    assert (
        broken_rule('it was , he said , " a film , long , and loud , and " dear ! " to me .')
        is None
    )
    assert broken_rule("\n".join(f"- thing{n} of it" for n in range(12))) is None
    assert broken_rule("```\n" + "    }\n" * 20 + "```") is None
    assert "commonest 2 words" in str(broken_rule(sound + " so good" * 60))
    # 10 of 110 words stand a second time, 5 characters each beside 5 of the others: 0.09.
    once = [f"w{n:04}" for n in range(100)]
    assert broken_rule(" ".join(once + once[:10])) is None
    assert "10 words that repeat" in str(broken_rule(" ".join(once + once[:13])))
    assert broken_rule("你好世界" * 40) is None


def make(clean: list[Any], source: str = "rows.csv") -> Recipe:
    data = {"source": source, "clean": clean}
    return Recipe.make({"model": "m", "data": data, "method": "classify"})


SOUND = [f"row {n} says word{n * 7} and thing{n * 13} of it" for n in range(100)]


@pytest.fixture
def ready(tmp_path: Path, store: Store):
    """Prepare sound rows with a few others in their place, by row number."""

    def ready(clean: list[Any], **planted: str) -> Dataset:
        texts = list(SOUND)
        for name, text in planted.items():
            texts[int(name.removeprefix("row")) - 1] = text
        path = tmp_path / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [("text", "label"), *((text, "ab"[n % 2]) for n, text in enumerate(texts))]
            )
        return prepare(make(clean, str(path)), store)

    return ready


ENGLISH = "it was a very long film about an old man who went to the sea with his dog and a boat"
PLANTED: list[tuple[str, str, Any]] = [
    ("mojibake", "the cafÃ© was closed", {"name": "encoding"}),
    ("lost-characters", "the caf\ufffd was closed", None),
    ("html", "one<br />two", {"name": "html"}),
    ("hidden-signs", "zero\u200bwidth", {"name": "whitespace"}),
    ("low-quality", "spam again\n" * 6, {"name": "quality"}),
    ("profanity", "what a bullshit film", None),
]


@pytest.mark.parametrize(("code", "text", "change"), PLANTED)
def test_faults_are_found_by_row_and_mended(ready: Any, code: str, text: str, change: Any):
    data = ready([], row7=text)
    codes = [f.code for f in data.report().findings if f.code not in {"format", "copies"}]
    assert codes == [code]
    (found,) = [f for f in data.report().findings if f.code == code]
    assert "source rows 7:" in found.evidence
    assert found.change == ({"data.clean": [change]} if change else {})
    (line,) = (data.path / "found" / f"{code}.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["row"] == 7
    if change:
        assert code not in {f.code for f in ready([change], row7=text).report().findings}


def test_lines_that_end_many_texts_are_boilerplate(ready: Any):
    end = "\nSent from my phone"
    planted = {f"row{n}": SOUND[n - 1] + end for n in range(1, 13)}
    (found,) = [f for f in ready([], **planted).report().findings if f.code == "boilerplate"]
    assert "'sent from my phone' in 12 rows" in found.evidence
    data = ready(found.change["data.clean"], **planted)
    assert "boilerplate" not in {f.code for f in data.report().findings}
    rows = {row["source_row"]: row["text"] for split in data.splits for row in data.records(split)}
    assert rows[1] == SOUND[0]


def test_languages_are_told_where_they_are_mixed(ready: Any):
    texts = {f"row{n}": f"{ENGLISH} {SOUND[n - 1]}" for n in range(1, 101)}
    german = "es war ein sehr langer Film über einen alten Mann, der mit dem Hund an die See fuhr"
    data = ready([], **texts, **{f"row{n}": f"{german} {n}" for n in range(0)})
    assert "languages" not in {f.code for f in data.report().findings}
    texts |= {f"row{n}": f"{german}, {SOUND[n - 1][:9]}" for n in (4, 44)}
    (found,) = [f for f in ready([], **texts).report().findings if f.code == "languages"]
    assert found.level is Level.NOTE
    assert "2 rows of 100 looked at are not in en (2.0%): de 2." in found.title
    assert "source rows 4, 44" in found.evidence
    assert found.change == {"data.clean": [{"name": "language", "keep": ["en"]}]}


def test_steps_run_in_their_own_order_and_each_row_left_out_is_listed(ready: Any):
    data = ready(
        ["mask", {"name": "length", "least": 5}, "html"],
        row2="write to ann&#64;mail.org, soon", row3="<b></b>tiny<br>", row5="no",
    )  # fmt: skip
    rows = {row["source_row"]: row["text"] for split in data.splits for row in data.records(split)}
    assert rows[2] == "write to [EMAIL_1], soon"
    assert len(rows) == 98
    assert not {3, 5} & set(rows)
    lines = (data.path / "cleaned.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines][-1] == {
        "row": 5, "step": "length", "did": "left out", "why": "2 characters",
    }  # fmt: skip
    assert data.report().facts["cleaned"]["length"]["left_out"] == 2
    titles = {f.title for f in data.report().findings if f.code == "cleaned"}
    assert titles == {
        "The step mask mended 1 row.",
        "The step html mended 2 rows.",
        "The step length left out 2 rows.",
    }
