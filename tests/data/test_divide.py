"""Which row goes where: shares kept, copies on one side, the same for a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tuneful.data.splitting.amounts import Amounts, rows_needed, settle
from tuneful.data.splitting.divide import (
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
    Rows,
    choose,
    divide,
    generator,
    in_order,
    shares,
)
from tuneful.recipe.data import Data

LABELS = [0] * 700 + [1] * 200 + [2] * 100


def rows(labels: list[int], num_test: int = 0) -> Rows:
    return Rows(np.array(labels, np.int32), len(labels) - num_test, is_labelled=True)


def amounts(train: int, validation: int, test: int, *, is_asked: bool = False) -> Amounts:
    return Amounts(train, validation, test, {"train": train} if is_asked else {})


def split(
    of: Rows, wanted: Amounts, *, groups: list[int] | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Where each row goes, and its group."""
    draw = generator(seed)
    used_N = choose(of, wanted, draw)
    own = np.arange(len(of.label_N), dtype=np.int32)
    group_N = own if groups is None else np.array(groups, np.int32)
    group_N = np.where(used_N, group_N, own).astype(np.int32)
    return divide(of, used_N, group_N, wanted, draw), group_N


def sizes(split_N: np.ndarray) -> tuple[int, int, int]:
    return tuple(int((split_N == number).sum()) for number in (TRAIN, VALIDATION, TEST))


def crossing(split_N: np.ndarray, group_N: np.ndarray) -> list[int]:
    """Groups whose used rows are in more than one split."""
    there = {(int(g), int(s)) for g, s in zip(group_N, split_N, strict=True) if s != UNUSED}
    named = [group for group, _ in there]
    return sorted({group for group in named if named.count(group) > 1})


# -- shares and seeds ----------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [(800, 100, 100), (333, 77, 41), (50, 10, 10)])
def test_every_split_has_the_classes_shares_within_one_row(wanted: tuple[int, int, int]):
    of = rows(LABELS)
    split_N, _ = split(of, amounts(*wanted))
    assert sizes(split_N) == wanted
    for number, count in zip((VALIDATION, TEST), wanted[1:], strict=True):
        of_class = np.bincount(of.label_N[split_N == number], minlength=3)
        assert np.abs(of_class - count * np.array([0.7, 0.2, 0.1])).max() < 1
    used = np.bincount(of.label_N[split_N != UNUSED], minlength=3)
    assert np.abs(used - sum(wanted) * np.array([0.7, 0.2, 0.1])).max() < 1


def test_a_seed_gives_the_same_split_and_another_seed_another_one():
    of, wanted = rows(LABELS), amounts(400, 50, 50)
    one, again, other = (split(of, wanted, seed=seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert sizes(one) == sizes(other)


def test_rows_are_drawn_from_everywhere_not_from_the_beginning():
    split_N, _ = split(rows([0, 1] * 500), amounts(100, 50, 50))
    for number in (TRAIN, VALIDATION, TEST):
        assert 350 < np.flatnonzero(split_N == number).mean() < 650


def test_shares_are_rounded_to_the_largest_remainders_and_add_up():
    assert shares(np.array([70, 20, 10]), 15) == [11, 3, 1]
    assert shares(np.array([1, 1, 1]), 2) == [1, 1, 0]
    assert shares(np.array([5, 0, 3]), 8) == [5, 0, 3]
    assert shares(np.array([0, 0]), 0) == [0, 0]
    draw = np.random.default_rng(0)
    for _ in range(200):
        count_C = draw.integers(0, 50, size=7)
        total = int(draw.integers(0, count_C.sum() + 1))
        given = np.array(shares(count_C, total))
        assert given.sum() == total
        assert (given <= count_C).all()


# -- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_no_group_crosses_splits_and_the_sizes_are_kept(seed: int):
    draw = np.random.default_rng(seed)
    groups = np.arange(1000)
    for first in draw.choice(900, 150, replace=False):
        groups[first + 1 : first + 1 + draw.integers(1, 5)] = groups[first]
    for at in range(1000):  # a group is named by its first row
        groups[at] = groups[groups[at]]
    split_N, group_N = split(rows([0, 1] * 500), amounts(800, 100, 100), groups=groups.tolist())
    assert crossing(split_N, group_N) == []
    assert sizes(split_N) == (800, 100, 100)


def test_groups_of_several_classes_stay_whole():
    groups = [number // 4 * 4 for number in range(400)]
    split_N, group_N = split(rows([0, 1] * 200), amounts(320, 40, 40), groups=groups)
    assert crossing(split_N, group_N) == []
    assert sizes(split_N)[1] > 0
    assert sizes(split_N)[2] > 0


@pytest.mark.parametrize("seed", range(8))
def test_a_large_group_does_not_keep_others_out_of_the_test_rows(seed: int):
    groups = [0] * 60 + [60 + number // 2 * 2 for number in range(140)]
    split_N, group_N = split(rows([0] * 200), amounts(160, 20, 20), groups=groups, seed=seed)
    assert crossing(split_N, group_N) == []
    assert sizes(split_N) == (160, 20, 20)


def test_the_last_group_of_a_class_stays_in_train():
    labels = [0] * 90 + [1, 1, 1] + [2] * 7
    groups = [*range(90), 90, 90, 90, *range(93, 100)]
    for seed in range(10):
        split_N, _ = split(rows(labels), amounts(20, 40, 40), groups=groups, seed=seed)
        trained = set(np.array(labels)[split_N == TRAIN].tolist())
        assert trained == {0, 1, 2}


def test_rows_that_cannot_be_measured_on_are_trained_on():
    one_group = {"groups": [0] * 20}
    assert sizes(split(rows([0] * 20), amounts(16, 2, 2), **one_group)[0]) == (20, 0, 0)
    asked = amounts(16, 2, 2, is_asked=True)
    assert sizes(split(rows([0] * 20), asked, **one_group)[0]) == (16, 0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_many_small_classes_are_all_trained_on_and_fill_every_split(seed: int):
    labels = [number % 260 for number in range(520)]
    split_N, _ = split(rows(labels), amounts(416, 52, 52), seed=seed)
    assert sizes(split_N) == (416, 52, 52)
    assert len(set(np.array(labels)[split_N == TRAIN].tolist())) == 260


@pytest.mark.parametrize("seed", range(5))
def test_rows_above_the_number_asked_for_go_but_no_classs_last_one(seed: int):
    labels = [0] * 50 + [1, 2, 3, 4, 5]
    groups = [0] * 50 + [50, 51, 52, 53, 54]  # nothing can be validated on
    wanted = amounts(45, 10, 0, is_asked=True)
    split_N, _ = split(rows(labels), wanted, groups=groups, seed=seed)
    assert np.bincount(np.array(labels)[split_N == TRAIN]).tolist() == [40, 1, 1, 1, 1, 1]


# -- a test source -------------------------------------------------------------------------------


def test_a_test_sources_rows_are_the_test_rows_and_their_copies_are_left_out():
    of = rows([0, 1] * 60, num_test=20)
    groups = [*range(100), 3, 3, 7, *range(103, 120)]
    groups[50] = 7  # two rows of the source have the same copy among the test rows
    split_N, group_N = split(of, amounts(90, 10, 20), groups=groups)
    assert (split_N[100:] == TEST).all()
    assert not (split_N[:100] == TEST).any()
    assert split_N[[3, 7, 50]].tolist() == [UNUSED] * 3
    assert sizes(split_N) == (87, 10, 20)
    assert crossing(split_N, group_N) == []


def test_fewer_test_rows_than_a_test_source_has_are_drawn_with_its_shares():
    of = rows([0, 1] * 50 + [0] * 30 + [1] * 10, num_test=40)
    split_N, _ = split(of, amounts(90, 10, 20))
    assert (split_N == TEST).sum() == 20
    assert np.bincount(of.label_N[split_N == TEST]).tolist() == [15, 5]


# -- in order ------------------------------------------------------------------------------------


def test_in_order_is_train_then_validation_then_test():
    assert in_order(rows([0] * 8), amounts(3, 2, 1)).tolist() == [1, 1, 1, 2, 2, 3, 0, 0]
    with_source = in_order(rows([0] * 8, num_test=4), amounts(2, 1, 2))
    assert with_source.tolist() == [1, 1, 2, 0, 3, 3, 0, 0]


# -- how many ------------------------------------------------------------------------------------


def settled(num_rows: int, num_test: int | None = None, **data: Any) -> tuple[int, int, int]:
    found = settle(Data(source="d.csv", **data), num_rows, num_test)
    return found.train, found.validation, found.test


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, (800, 100, 100)),
        ({"split": {"validation": 0.25, "test": 0}}, (750, 250, 0)),
        ({"split": {"validation": 50, "test": 0.2}}, (750, 50, 200)),
        ({"split": {"validation": 1, "test": 1}}, (998, 1, 1)),
        ({"take": {"train": 80}}, (80, 10, 10)),
        ({"take": {"train": 80, "test": 40}}, (80, 13, 40)),
        ({"take": {"validation": 7}}, (893, 7, 100)),
        ({"take": {"train": 5000}}, (800, 100, 100)),
        ({"take": {"train": 900, "test": 400}, "split": {"validation": 0}}, (600, 0, 400)),
        ({"take": {"validation": 4000}}, (0, 1000, 0)),
    ],
)
def test_numbers_come_before_shares_and_shares_are_of_what_is_used(data: Any, expected: Any):
    assert settled(1000, **data) == expected


def test_half_a_row_is_rounded_up():
    assert settled(25) == (19, 3, 3)


def test_with_a_test_source_no_test_rows_are_taken_from_the_source():
    assert settled(1000, 300) == (900, 100, 300)
    assert settled(1000, 300, take={"test": 50}) == (900, 100, 50)
    assert settled(1000, 300, take={"train": 90, "test": 900}) == (90, 10, 300)


def test_how_many_of_the_first_rows_are_needed_is_known_before_reading():
    def needed(test_source: str | None = None, **take: Any) -> int | None:
        return rows_needed(Data(source="d.csv", test_source=test_source, take=take))

    assert needed(order="first", train=80) == 100
    assert needed(order="first", train=80, test=40) == 133
    assert needed("t.csv", order="first", train=90, test=40) == 100
    assert needed(order="first") is None
    assert needed(train=80) is None
