"""Rounds of answers on disk come back as they were."""

from __future__ import annotations

from pathlib import Path

from tuneful.training import rounds
from tuneful.training.rounds import Round, Said


def test_an_answer_with_other_ends_of_line_in_it_comes_back(tmp_path: Path):
    prompt = [{"role": "user", "content": "a\x85b"}]
    said = Said(prompt, "c\u2028d\ne", {}, {}, 1.0, [5, 2], is_ended=True)
    made = Round(0, [7], [[3, 4]], [[said]], {}, {"reward": 1.0})
    rounds.write(tmp_path / "000001.jsonl", made)
    assert rounds.read(tmp_path / "000001.jsonl") == made
