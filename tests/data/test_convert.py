"""Rows through every format and back: equal, or what is lost is refused, counted and listed."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.data.conftest import Put
from tuneful.cli.main import main
from tuneful.core.errors import DataError
from tuneful.data.converting.convert import Asked, convert
from tuneful.data.formats import FORMATS
from tuneful.data.formats.base import BadValue, Sample, WritableFormat
from tuneful.data.message import Message, ToolCall
from tuneful.data.readers import READERS
from tuneful.data.readers.base import suffix
from tuneful.data.reading.detect import choose_format
from tuneful.data.reading.records import Meter, Record
from tuneful.data.rows import (
    Chat,
    Judged,
    Labelled,
    MultiLabelled,
    Pair,
    Preference,
    Prompt,
    Ranked,
    Rated,
    Row,
    Tagged,
    Text,
    to_json,
)

SIGNS = string.ascii_letters + string.digits + " \t\n\r\"',;|{}[]<>=#\\\u00e9\u2028\u00a0\U0001f600"
ODD = (
    "",
    '[{"role": "user"}]',
    "{text}",
    "null",
    "-1",
    "</DOCUMENT>\n",
    " x ",
    "a,b;c|d",
    "\ufeff",
)


class Draw:
    """Random rows of every kind, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, least: int = 1) -> str:
        if self.random.random() < 0.2 and not least:
            return self.random.choice(ODD)
        length = self.random.randint(least, 30)
        return "x" * bool(least) + "".join(self.random.choices(SIGNS, k=length))

    def word(self) -> str:
        return "".join(self.random.choices("abcXYZ-#\u00e9[]'\"", k=self.random.randint(1, 8)))

    def words(self, most: int = 5) -> tuple[str, ...]:
        return tuple(self.word() for _ in range(self.random.randint(1, most)))

    def turns(self, most: int = 3, *, system: bool = True) -> tuple[Message, ...]:
        """User and assistant in turn."""
        rounds = range(self.random.randint(1, most))
        said = [Message(who, self.text()) for _ in rounds for who in ("user", "assistant")]
        before = [Message("system", self.text())] if system and self.random.random() < 0.5 else []
        return (*before, *said)

    def chat(self) -> Chat:
        return Chat(self.turns())

    def short(self) -> Chat:
        return Chat(self.turns(1))

    def calls(self, *, ids: bool = True) -> Chat:
        """A conversation in which tools are called and answer."""
        name = "do_" + "".join(self.random.choices(string.ascii_lowercase, k=4))
        value = {"a": self.random.randint(0, 9), "b": [self.text(), None, {"c": 0.5}]}
        call = ToolCall(name, json.dumps(value, ensure_ascii=False), "c1" if ids else "")
        answer = Message("tool", self.text(0), (), name if ids else "", call.id)
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
        tool = {"type": "function", "function": {"name": name, "parameters": schema}}
        called = (Message("user", self.text()), Message("assistant", "", (call,)))
        return Chat((*called, answer, Message("assistant", self.text())), (tool,))

    def weighted(self) -> Chat:
        first, last = self.turns(1, system=False), self.turns(1, system=False)
        given = Message("assistant", first[1].content, weight=0.0)
        return Chat((first[0], given, *last), (), self.text(0), weight=2.5)

    def prompt(self) -> tuple[Message, ...]:
        return (*self.turns(2), Message("user", self.text()))

    def preference(self) -> Preference:
        sides = (Message("assistant", word + self.text(0)) for word in ("A", "B"))
        return Preference(self.prompt(), (next(sides),), (next(sides),))


MAKE: dict[str, Callable[[Draw], Row]] = {
    "text": lambda d: Text(d.text(0), d.random.choice([1.0, 0.5])),
    "labelled": lambda d: Labelled(d.text(0), d.word(), d.random.choice([1.0, 0.5])),
    "pair": lambda d: Pair(d.text(0), d.text(0), d.word()),
    "multi_labelled": lambda d: MultiLabelled(d.text(0), tuple(sorted(set(d.words())))),
    "rated": lambda d: Rated(d.text(0), d.random.uniform(-1e9, 1e9)),
    "tagged": lambda d: Tagged(words := d.words(), tuple("OBI"[len(w) % 3] for w in words)),
    "judged": lambda d: Judged(d.prompt(), d.turns(1)[-1:], d.random.random() < 0.5),
    "ranked": lambda d: Ranked(d.prompt(), (*d.words(1), "x", d.text()), (1.0, 2.5, 2.5)),
}
ROUNDS: list[tuple[str, Callable[[Draw], Row]]] = [
    *MAKE.items(),
    *(("chat", make) for make in (Draw.chat, Draw.calls, Draw.weighted)),
    *(("sharegpt", make) for make in (Draw.chat, lambda d: d.calls(ids=False))),
    ("alpaca", Draw.chat),
    ("prompt_completion", Draw.short),
    ("raft", Draw.short),
    *(("gemini", make) for make in (Draw.chat, Draw.calls, Draw.preference)),
    ("gemini", lambda d: Prompt(d.prompt(), d.text(0), d.calls().tools)),
    *(("bedrock", make) for make in (Draw.chat, Draw.calls)),
    ("cohere", Draw.chat),
    *(("nemo", make) for make in (Draw.chat, Draw.calls, Draw.preference)),
    ("preference", Draw.preference),
    ("openai_preference", Draw.preference),
    *((name, lambda d: Prompt(d.prompt(), d.text(0), d.calls().tools))
      for name in ("prompt", "reinforcement")),
]  # fmt: skip


def back(name: str, row: Row) -> Row:
    """A row through a format's record, as JSON, and read again."""
    part = FORMATS[name]()
    assert isinstance(part, WritableFormat)
    record = json.loads(json.dumps(part.record(row)))
    columns = {"weight": "weight"} if "weight" in record else {}
    asked = "chat" if name == "nemo" and isinstance(row, Chat) else name
    return choose_format(Sample(list(record), [record], columns), asked, "").convert(record).row


@pytest.mark.parametrize(
    ("name", "make"), ROUNDS, ids=[f"{n}{i}" for i, (n, _) in enumerate(ROUNDS)]
)
def test_a_row_that_a_format_holds_comes_back_equal(name: str, make: Callable[[Draw], Row]):
    for seed in range(60):
        row = make(Draw(seed))
        assert back(name, row) == row, f"seed {seed}"


def test_every_format_is_written_but_the_recipes_own_template():
    read_only = [name for name in FORMATS if not isinstance(FORMATS[name](), WritableFormat)]
    assert read_only == ["template"]
    assert set(FORMATS) - {name for name, _ in ROUNDS} == {"template"}


# -- files ---------------------------------------------------------------------------------------


def put_rows(path: Path, rows: list[Row]) -> Path:
    lines = (json.dumps(to_json(row), ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def read_rows(path: Path, name: str, **columns: str) -> list[Row]:
    items = list(READERS[suffix(path)](path, Meter()))
    records = [item.values for item in items if isinstance(item, Record)]
    assert len(records) == len(items)
    names = list(dict.fromkeys(column for record in records for column in record))
    chosen = choose_format(Sample(names, records, columns), name, "")
    return [chosen.convert(record).row for record in records]


@pytest.mark.parametrize("layout", ["jsonl", "json", "csv", "parquet", "arrow", "feather"])
@pytest.mark.parametrize(
    ("name", "make"),
    [("chat", Draw.calls), ("gemini", Draw.chat), ("ranked", MAKE["ranked"]),
     ("multi_labelled", MAKE["multi_labelled"])],
)  # fmt: skip
def test_a_file_in_every_layout_holds_the_same_rows(
    tmp_path: Path, layout: str, name: str, make: Callable[[Draw], Row]
):
    rows = [make(Draw(seed)) for seed in range(25)]
    out = tmp_path / f"out.{layout}"
    done = convert(Asked(str(put_rows(tmp_path / "in.jsonl", rows)), name, out))
    assert (done.num_rows, done.lost, done.listed) == (25, {}, "")
    assert read_rows(out, name) == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", out.name]


def test_sentences_become_conll_and_come_back(tmp_path: Path):
    rows = [MAKE["tagged"](Draw(seed)) for seed in range(40)]
    source, out = put_rows(tmp_path / "in.jsonl", rows), tmp_path / "out.conll"
    convert(Asked(str(source), "tagged", out))
    again = tmp_path / "again.jsonl"
    assert convert(Asked(str(out), "tagged", again)).read_as == "tagged"
    assert again.read_bytes() == source.read_bytes()
    spaced = put_rows(tmp_path / "odd.jsonl", [Tagged(("New York",), ("B-LOC",))])
    with pytest.raises(DataError, match="New York"):
        convert(Asked(str(spaced), "tagged", tmp_path / "odd.conll"))


def test_weights_of_some_rows_stand_beside_all(tmp_path: Path):
    rows: list[Row] = [Labelled("a", "x"), Labelled("b", "y", 0.5)]
    source = tmp_path / "in.csv"
    source.write_text("text,label,trust\na,x,1\nb,y,0.5\n")
    for layout in ("jsonl", "csv", "parquet"):
        out = tmp_path / f"out.{layout}"
        convert(Asked(str(source), "labelled", out, columns={"weight": "trust"}))
        assert read_rows(out, "labelled", weight="weight") == rows


# -- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "to", "what"),
    [
        (Draw(1).calls(), "alpaca", "user, assistant, tool, assistant"),
        (Draw(1).weighted(), "alpaca", "messages.weight"),
        (Draw(1).weighted(), "sharegpt", "weight"),
        (Draw(1).calls(), "sharegpt", "messages.name"),
        (Draw(1).calls(), "cohere", "calls of tools"),
        (Chat(Draw(1).turns(), Draw(1).calls().tools), "cohere", "tools"),
        (Chat(Draw(2).turns(1)[-2:] + Draw(1).turns(1)[-2:]), "raft", "once"),
        (Draw(1).calls(ids=False), "bedrock", "no id"),
        (replace(Draw(1).preference(), margin=2.0), "openai_preference", "margin"),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_refused_or_listed(
    tmp_path: Path, row: Row, to: str, what: str
):
    sound = Chat(Draw(5).turns(1)) if isinstance(row, Chat) else Draw(5).preference()
    source, out = put_rows(tmp_path / "in.jsonl", [sound, row]), tmp_path / "out.jsonl"
    with pytest.raises(DataError) as caught:
        convert(Asked(str(source), to, out))
    assert what in caught.value.message
    assert "row 2" in caught.value.where
    assert "--lossy" in caught.value.fix
    assert list(tmp_path.iterdir()) == [source]
    done = convert(Asked(str(source), to, out, may_lose=True))
    assert done.num_rows + done.num_unheld == 2
    (line,) = (tmp_path / done.listed).read_text().splitlines()
    listed = json.loads(line)
    assert (listed["number"], listed["row"]) == (2, 2)
    assert what in json.dumps(listed)
    assert bool(done.lost) != bool(done.num_unheld)
    assert all(count == 1 for count in done.lost.values())


def test_columns_that_no_format_takes_are_lost_only_if_the_user_says_so(put: Put, tmp_path: Path):
    source = put("in.csv", "id,text,label\n7,fine,a\n,bad,b\n")
    with pytest.raises(DataError, match="column 'id'"):
        convert(Asked(str(source), "labelled", tmp_path / "o.jsonl"))
    done = convert(Asked(str(source), "labelled", tmp_path / "o.jsonl", may_lose=True))
    assert done.lost == {"column 'id'": 1}


def test_answers_that_prompts_leave_out_are_lost_and_said(tmp_path: Path):
    source = put_rows(tmp_path / "in.jsonl", [Draw(1).short()])
    with pytest.raises(DataError, match="the answer at the end"):
        convert(Asked(str(source), "reinforcement", tmp_path / "o.jsonl"))


def test_rows_of_another_kind_name_the_formats_that_hold_them(put: Put, tmp_path: Path):
    source = put("in.csv", "text,label\nfine,a\n")
    with pytest.raises(DataError, match="labelled rows, read as labelled") as caught:
        convert(Asked(str(source), "gemini", tmp_path / "o.jsonl"))
    assert "labelled" in caught.value.fix
    stars = put("stars.csv", "text,stars\nfine,4\n")
    assert convert(Asked(str(stars), "rated", tmp_path / "r.jsonl")).row_type == "rated"


def test_doubts_name_the_commands_own_flags(put: Put, tmp_path: Path):
    source = put("in.csv", "review,sentence,label\nfine,x,a\n")
    with pytest.raises(DataError) as caught:
        convert(Asked(str(source), "labelled", tmp_path / "o.jsonl"))
    assert "--column text=review" in caught.value.fix


def test_files_of_a_folder_that_are_left_out_are_said(put: Put, tmp_path: Path):
    put("in/a.csv", "text,label\nfine,a\n")
    put("in/README.md", "read me")
    done = convert(Asked(str(tmp_path / "in"), "labelled", tmp_path / "o.jsonl"))
    assert "README.md" in done.notes[0]


def test_bad_rows_stop_the_work_or_are_listed(put: Put, tmp_path: Path):
    source = put("in.jsonl", '{"text": "fine", "label": "a"}\n{"text": oops}\n{"text": "x"}\n')
    out = tmp_path / "o.csv"
    with pytest.raises(DataError, match="broken JSON"):
        convert(Asked(str(source), "labelled", out))
    done = convert(Asked(str(source), "labelled", out, skip_bad=True))
    assert (done.num_rows, done.num_bad) == (1, 2)
    listed = [json.loads(line) for line in (tmp_path / done.listed).read_text().splitlines()]
    assert [line["row"] for line in listed] == [2, 3]
    clean = put("clean.jsonl", '{"text": "fine", "label": "a"}\n')
    convert(Asked(str(clean), "labelled", out, force=True))
    assert not (tmp_path / done.listed).exists()


def test_a_file_that_is_there_is_replaced_only_by_force(put: Put, tmp_path: Path):
    source, out = put("in.csv", "text,label\nfine,a\n"), put("out.jsonl", "precious")
    with pytest.raises(DataError, match="there already"):
        convert(Asked(str(source), "labelled", out))
    broken = put("broken.csv", "text,label\nfine,a\nfine\n")
    with pytest.raises(DataError, match="1 columns"):
        convert(Asked(str(broken), "labelled", out, force=True))
    assert out.read_text() == "precious"
    convert(Asked(str(source), "labelled", out, force=True))
    assert json.loads(out.read_text()) == {"text": "fine", "label": "a"}


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\rb"])
def test_a_tsv_file_cannot_hold_what_parts_it(tmp_path: Path, text: str):
    source = put_rows(tmp_path / "in.jsonl", [Labelled(text, "x")])
    with pytest.raises(DataError, match="tab or a line end"):
        convert(Asked(str(source), "labelled", tmp_path / "o.tsv"))
    convert(Asked(str(put_rows(source, [Labelled('"q', "x")])), "labelled", tmp_path / "o.tsv"))
    assert read_rows(tmp_path / "o.tsv", "labelled") == [Labelled('"q', "x")]


def test_half_a_character_cannot_be_written(put: Put, tmp_path: Path):
    source = put("in.jsonl", '{"text": "\\ud83d", "label": "a"}\n')
    with pytest.raises(DataError, match="U\\+D83D"):
        convert(Asked(str(source), "labelled", tmp_path / "o.jsonl"))


def test_a_format_says_what_it_cannot_hold():
    part = FORMATS["cohere"]()
    assert isinstance(part, WritableFormat)
    with pytest.raises(BadValue, match="calls of tools"):
        part.record(Draw(1).calls())


def test_the_command_says_what_it_read_wrote_and_lost(
    put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source, out = put("in.csv", "id,body,label\n7,fine,a\n"), tmp_path / "o.jsonl"
    words = ["convert", str(source), "--to", "labelled", "-o", str(out), "--column", "text=body"]
    assert main([*words, "--quiet"]) == 1
    assert "would lose column 'id'" in capsys.readouterr().err
    assert main([*words, "--lossy", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["facts"]["lost"] == {"column 'id'": 1}
    assert [finding["code"] for finding in said["findings"]] == ["format", "lost"]
    assert main([*words, "--force", "--column", "text"]) == 1
    assert main(["convert", str(source), "--to", "nonsense", "-o", str(out)]) == 1
    assert main(["convert", str(source), "--to", "template", "-o", str(out)]) == 1
    assert "only read" in capsys.readouterr().err
