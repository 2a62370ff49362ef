"""A broken row in every format: its number, what was found, the fix; the rest by --skip-bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.test_convert import ROUNDS, Draw
from tuneful.core.errors import DataError
from tuneful.data.converting.convert import Asked, convert
from tuneful.data.formats import FORMATS
from tuneful.data.formats.base import WritableFormat

TURN = {"role": "narrator", "content": "x"}
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"text": ["x"]}, "list"),
    "labelled": ({"label": None}, "empty"),
    "pair": ({"second": {"a": 1}}, "dict"),
    "multi_labelled": ({"labels": {"a": 1}}, "dict"),
    "rated": ({"rating": "many"}, "many"),
    "tagged": ({"tags": ["O"] * 99}, "99"),
    "judged": ({"label": "perhaps"}, "perhaps"),
    "ranked": ({"ranks": [1.0]}, "1 ranks"),
    "chat": ({"messages": [TURN]}, "narrator"),
    "sharegpt": ({"conversations": [{"from": "narrator", "value": "x"}]}, "narrator"),
    "alpaca": ({"output": ["x"]}, "list"),
    "prompt_completion": ({"completion": [TURN]}, "narrator"),
    "raft": ({"documents": [3]}, "not a document"),
    "gemini": ({"contents": [{"role": "narrator", "parts": [{"text": "x"}]}]}, "narrator"),
    "bedrock": ({"messages": [{"role": "user", "content": [{"image": {}}]}]}, "image"),
    "cohere": ({"messages": [{"role": "Narrator", "content": "x"}]}, "Narrator"),
    "nemo": ({"chosen_response": [TURN]}, "narrator"),
    "preference": ({"margin": "far"}, "not a number"),
    "openai_preference": ({"preferred_output": [TURN]}, "narrator"),
    "prompt": ({"prompt": [TURN]}, "narrator"),
    "reinforcement": ({"messages": [TURN]}, "narrator"),
}
"""Of each format: columns that spoil a row, and a word of what is said."""


def test_a_broken_row_of_every_format_is_named_and_left_out_only_if_the_user_says_so(
    tmp_path: Path,
):
    makers = {**dict(reversed(ROUNDS)), "nemo": Draw.preference}
    assert set(BROKEN) == set(FORMATS) - {"template"}
    for name, (spoiled, word) in BROKEN.items():
        part = FORMATS[name]()
        assert isinstance(part, WritableFormat)
        sound = [json.loads(json.dumps(part.record(makers[name](Draw(n))))) for n in (1, 2)]
        rows = [sound[0], sound[0] | spoiled, sound[1]]
        source, out = tmp_path / f"{name}.jsonl", tmp_path / f"{name}-out.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        with pytest.raises(DataError) as caught:
            convert(Asked(str(source), name, out, read_as=name, may_lose=True))
        assert word in caught.value.message, f"{name}: {caught.value.message}"
        assert "row 2" in caught.value.where, name
        assert caught.value.fix, name
        assert not out.exists(), name
        done = convert(Asked(str(source), name, out, read_as=name, may_lose=True, skip_bad=True))
        assert (done.num_rows, done.num_bad) == (2, 1), name
        listed = [json.loads(line) for line in (tmp_path / done.listed).read_text().splitlines()]
        (line,) = [line for line in listed if "problem" in line]
        assert (line["row"], bool(line["fix"])) == (2, True), name
        assert word in line["problem"], name
