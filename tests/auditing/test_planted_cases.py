"""Faults that are planted in real rows are found, and their clean twins let pass."""

import pytest

from benchmarks.audits import CASES, audit, reviews

SEEDS = 2
"""Sixty are measured by `python -m benchmarks.audits`."""


@pytest.mark.slow
def test_each_audit_finds_its_own_and_is_quiet_on_the_clean_twin():
    rows = reviews()
    for name in CASES:
        for seed in range(SEEDS):
            assert audit(name, rows, seed, planted=True).is_found, (name, seed)
            assert audit(name, rows, seed, planted=False).alarms == [], (name, seed)
