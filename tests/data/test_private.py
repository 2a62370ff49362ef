"""Private data: what is found, what is not, and placeholders that tell values apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.report import Level
from tuneful.core.store import Store
from tuneful.data.cleaning.mask import Mask, MaskConfig
from tuneful.data.dataset import Dataset
from tuneful.data.faults.private import KINDS, find_private, luhn, mod_97
from tuneful.data.prepare import prepare
from tuneful.data.reading.cleaned import differ, mended
from tuneful.recipe.schema import Recipe

KEY = "sk-proj-Ab3dE5gH7jK9mN1pQ3sT"
PRIVATE = [
    ("email", "ask ann.o'neil+x@mail.example.co.uk, please", "ann.o'neil+x@mail.example.co.uk"),
    ("email", "(bob@example.org)", "bob@example.org"),
    ("phone", "ring +44 20 7946 0958 now", "+44 20 7946 0958"),
    ("phone", "ring (415) 555-2671 now", "(415) 555-2671"),
    ("phone", "Tel.: 030 901820.", "030 901820"),
    ("ip", "from 203.0.113.9.", "203.0.113.9"),
    ("ip", "from 2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
    ("card", "pay 4111 1111 1111 1111 today", "4111 1111 1111 1111"),
    ("card", "pay 378282246310005.", "378282246310005"),
    ("iban", "to DE89 3704 0044 0532 0130 00 BY FRIDAY", "DE89 3704 0044 0532 0130 00"),
    ("iban", "to GB82WEST12345698765432", "GB82WEST12345698765432"),
    ("secret", f"export KEY={KEY}", KEY),
    ("secret", "password: 'tr0ub4dor-and-3-zebra'", "tr0ub4dor-and-3-zebra"),
    ("secret", '{"api_key": "9f8e7d6c5b4a39281706"}', "9f8e7d6c5b4a39281706"),
    ("secret", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    (
        "private_key",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    ),
]
PUBLIC = [
    "mail me @ home, at noon; foo@bar",
    "on 2021-03-04, from 1999-2001, 10/10, 555-1234",
    "version 1.2.3.4, v10.20.30.40, chapter 1.2.3",
    "pay 4111 1111 1111 1112, order 1234567890123456",
    "DE88 3704 0044 0532 0130 00",
    "std::vector<a::b> at 12:30:45",
    "api_key = YOUR_API_KEY_GOES_HERE, password: correcthorsebatterystaple",
    "It made $1,234,567,890 in 1994 and 300,000,000 people saw it.",
    "skates, skimask-and-something-very-long, task-force",
    "255.255.255.0 and 127.0.0.1",
]


@pytest.mark.parametrize(("kind", "text", "value"), PRIVATE)
def test_what_is_private_is_found_whole(kind: str, text: str, value: str):
    assert [(one.kind, text[one.begin : one.end]) for one in find_private(text, list(KINDS))] == [
        (kind, value)
    ]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_looks_like_it_is_not_taken(text: str):
    assert find_private(text, list(KINDS)) == []


def test_check_digits_are_counted_as_by_hand():
    # 7992739871x: 1+18-9... doubled from the right 2,7→14→5,9,3→6,7,2→4,9→9,9,7 = 67: x is 3.
    assert [x for x in range(10) if luhn(f"7992739871{x}")] == [3]
    assert mod_97("DE89370400440532013000") == 1
    assert mod_97("DE88370400440532013000") != 1


def test_a_value_has_one_placeholder_however_it_is_written():
    mask = Mask(MaskConfig())
    assert mask.mend("a@x.org, B@x.org") == "[EMAIL_1], [EMAIL_2]"
    assert mask.mend("A@X.ORG: 4111-1111-1111-1111") == "[EMAIL_1]: [CARD_1]"
    assert mask.mend("4111 1111 1111 1111 4111111111111111") == "[CARD_1] [CARD_1]"
    assert Mask(MaskConfig(kinds=["card"])).mend("a@x.org") == "a@x.org"


def test_json_stays_json():
    mask = Mask(MaskConfig()).mend
    assert mended('{"to": "a@x.org",  "n": 4111111111111111}', mask) == (
        '{"to": "[EMAIL_1]",  "n": 4111111111111111}'
    )
    assert mended("[a@x.org] {", mask) == "[[EMAIL_1]] {"
    assert differ("x" * 50 + "a", "x" * 50 + "b") == ("x" * 30 + "a", "x" * 30 + "b")


@pytest.fixture
def chats(tmp_path: Path, store: Store):
    """Prepare conversations in which rows 3 and 5 hold private data."""
    turns = [[f"question {n}?", f"answer {n * 7}"] for n in range(40)]
    turns[2] = ["write to ann@mail.org", "I wrote to ann@mail.org"]
    turns[4] = ["call", "done"]

    def row(n: int) -> dict[str, Any]:
        asked, said = turns[n]
        call = {"name": "send", "arguments": {"to": "bob@mail.org", "key": KEY}}
        answer: dict[str, Any] = {"role": "assistant", "content": said}
        answer |= {"tool_calls": [{"function": call}]} if n == 4 else {}
        return {"messages": [{"role": "user", "content": asked}, answer]}

    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row(n)) + "\n" for n in range(40)), encoding="utf-8")

    def chats(**data: Any) -> Dataset:
        values = {"source": str(path), **data}
        return prepare(Recipe.make({"model": "m", "data": values, "method": "sft"}), store)

    return chats


def test_findings_name_rows_and_not_values(chats: Any):
    data = chats()
    found = {finding.code: finding for finding in data.report().findings}
    assert found["secrets"].level is Level.ERROR
    assert "1 row holds 1 key or password." in found["secrets"].title
    assert "source rows 5" in found["secrets"].evidence
    assert found["private-data"].title == "2 rows hold 3 email addresses."
    assert found["private-data"].change == {"data.clean": [{"name": "mask"}]}
    lines = (data.path / "found" / "private.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(line["row"], line["kind"]) for line in map(json.loads, lines)] == [
        (3, "email"), (3, "email"), (5, "email"), (5, "secret"),
    ]  # fmt: skip
    assert not any("ann" in line or KEY in line for line in lines)
    assert not (data.path / "staging").exists()


def test_masked_rows_are_clean_and_every_change_is_listed(chats: Any):
    data = chats(clean=["mask"])
    codes = {finding.code for finding in data.report().findings}
    assert not codes & {"secrets", "private-data"}
    rows = {row["source_row"]: row for split in data.splits for row in data.records(split)}
    assert [turn["content"] for turn in rows[3]["messages"]] == [
        "write to [EMAIL_1]", "I wrote to [EMAIL_1]",
    ]  # fmt: skip
    (call,) = json.loads(rows[5]["messages"][1]["tool_calls"])
    assert json.loads(call[1]) == {"to": "[EMAIL_2]", "key": "[SECRET_1]"}
    text = (data.path / "cleaned.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["row"], line["step"], line["did"]) for line in lines] == [
        (3, "mask", "changed"), (5, "mask", "changed"),
    ]  # fmt: skip
    assert "ann@" not in text
    assert KEY not in text
    cleaned = next(f for f in data.report().findings if f.code == "cleaned")
    assert "The step mask mended 2 rows." in cleaned.title
    assert "source rows 3, 5;" in cleaned.evidence
