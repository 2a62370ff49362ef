"""Ratings of single texts become rows that rank them."""

from __future__ import annotations

from pathlib import Path

from tuneful.data.collections.vader import ranks_of, read_ranked_vader
from tuneful.data.reading.records import Meter, Record


def test_close_ratings_share_a_rank():
    assert ranks_of([3.0, 2.7, 2.5, -1.0]) == [1, 1, 3, 4]
    assert ranks_of([1.5, 1.0, 0.5, 0.0]) == [1, 2, 3, 4]
    assert ranks_of([0.3, 0.2, 0.1, 0.0]) == [1, 1, 1, 1]


def test_each_row_has_a_text_of_each_quarter_and_each_text_one_row(tmp_path: Path):
    path = tmp_path / "movieReviewSnippets_GroundTruth.txt"
    lines = [f"{n}\t{4 - n / 2}\ttext {n}" for n in range(16)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = list(read_ranked_vader([path], Meter()))
    assert all(isinstance(record, Record) for record in records)
    values = [record.values for record in records if isinstance(record, Record)]
    assert [len(row["answers"]) for row in values] == [4] * 4
    assert sorted(t for row in values for t in row["answers"]) == sorted(
        f"text {n}" for n in range(16)
    )
    for row in values:
        quarters = [int(text.split()[1]) // 4 for text in row["answers"]]
        assert quarters == [0, 1, 2, 3]
        assert row["ranks"] == [1, 2, 3, 4]
        assert "film" in row["prompt"]
