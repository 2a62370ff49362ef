"""Ratings of single texts become rows that rank them."""

from __future__ import annotations

from pathlib import Path

from tuneful.data.collections.vader import (
    is_held_out,
    ranks_of,
    read_held_out_fours,
    read_held_out_pairs,
    read_ranked_vader,
    read_rated_vader,
    read_taught_vader,
    read_vader,
)
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


def test_a_text_carries_the_stars_of_each_person(tmp_path: Path):
    path = tmp_path / "tweets_GroundTruth.txt"
    path.write_text("1\t0.5\tso so\n2\t-3.0\tawful\n3\t1.0\tfine\n", encoding="utf-8")
    beside = path.with_name("tweets_anonDataRatings.txt")
    beside.write_text("1\t0.5\t1.5\t[2, -1]\n2\t-3.0\t0.5\t[-4, -2, -3]\n", encoding="utf-8")
    rows = [one.values for one in read_vader([path], Meter()) if isinstance(one, Record)]
    assert [row.get("people") for row in rows] == [[4, 2], [1, 2, 1], None]
    assert [row["stars"] for row in rows] == [3, 1, 4]


def test_ratings_of_single_people_stand_beside_their_text(tmp_path: Path):
    means, singles = tmp_path / "means.txt", tmp_path / "singles.txt"
    means.write_text("7\t1.5\tfine\n8\t-2\tdull\n9\t0\twell\n", encoding="utf-8")
    singles.write_text("\ufeff8\t-2.0\t0.5\t[-2, -2]\n7\t1.5\t0.5\t[1, 2]\n", encoding="utf-8")
    records = list(read_rated_vader([means, singles], Meter()))
    found = [record.values for record in records if isinstance(record, Record)]
    assert found == [
        {"id": "7", "text": "fine", "rating": 1.5, "ratings": [1, 2]},
        {"id": "8", "text": "dull", "rating": -2.0, "ratings": [-2, -2]},
        {"id": "9", "text": "well", "rating": 0.0, "ratings": []},
    ]


def test_a_judge_learns_from_no_text_that_it_is_held_against(tmp_path: Path):
    means = tmp_path / "movieReviewSnippets_GroundTruth.txt"
    singles = tmp_path / "singles.txt"
    of = {n: (n % 9) - 4 for n in range(400)}
    means.write_text("".join(f"{n}\t{r}\ttext {n}\n" for n, r in of.items()), encoding="utf-8")
    said = {n: [max(r - 1, -4), r, r, r, min(r + 1, 4)] for n, r in of.items()}
    singles.write_text("".join(f"{n}\t0\t0\t{s}\n" for n, s in said.items()), encoding="utf-8")
    learned = [one.values for one in read_taught_vader([means], Meter()) if isinstance(one, Record)]
    pairs, fours = (
        [one.values for one in read([means, singles], Meter()) if isinstance(one, Record)]
        for read in (read_held_out_pairs, read_held_out_fours)
    )
    known = {text for row in learned for text in row["answers"]}
    held = {text for row in (*pairs, *fours) for text in row["answers"].values()}
    assert len(known) > 300
    assert len(pairs) > 5
    assert fours
    assert not known & held
    assert is_held_out("Text  7") == is_held_out("text 7")
    for row in (*pairs, *fours):
        ratings = {name: of[int(text.split()[1])] for name, text in row["answers"].items()}
        assert len(set(ratings.values())) == len(ratings)
        assert list(row["ranks"]) == ["panel 1", "panel 2", "panel 3"]
        # The second panel's people are the second and the last: they rate as the mean, or above.
        assert set(row["ranks"]["panel 3"]) == set(row["answers"])
        best = max(ratings, key=ratings.__getitem__)
        assert row["ranks"]["panel 3"][best] == 1
