"""Faults that are planted in real rows are found, and their clean twins let pass."""

import pytest

from benchmarks.audits import CASES, audit, reviews

SEEDS = 1
"""Twenty are measured by `python -m benchmarks.audits`."""


@pytest.mark.slow
def test_each_audit_finds_its_own_and_is_quiet_on_the_clean_twin():
    rows = reviews()
    for name in CASES:
        for seed in range(SEEDS):
            is_found, _ = audit(name, rows, seed, planted=True)
            _, alarms = audit(name, rows, seed, planted=False)
            assert is_found, (name, seed)
            assert alarms == [], (name, seed)
