"""Sequences are divided among passes as first-fit decreasing does it by hand."""

from __future__ import annotations

import random

from tuneful.models.packing import cut_into_passes


def by_hand(lengths: list[int], budget: int) -> list[list[int]]:
    passes: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        for members in passes:
            if sum(lengths[i] for i in members) + lengths[index] <= budget:
                members.append(index)
                break
        else:
            passes.append([index])
    return [sorted(members) for members in passes]


def test_each_goes_into_the_first_pass_with_room() -> None:
    draw = random.Random(0)
    for _ in range(400):
        longest, budget = draw.choice([5, 40, 120]), draw.choice([1, 10, 64, 100])
        lengths = [draw.randint(0, longest) for _ in range(draw.randint(0, 40))]
        assert cut_into_passes(lengths, budget) == by_hand(lengths, budget)


def test_a_sequence_beyond_the_budget_goes_alone() -> None:
    assert cut_into_passes([3, 12, 7], 10) == [[1], [0, 2]]
