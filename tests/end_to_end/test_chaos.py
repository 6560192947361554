"""The chaos table at a smaller size: some of the ways to go wrong, through the program as it is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from bench_chaos import run
from chaos_cases import CASES

SOME = ("nan_raises", "killed", "rank", "early_stop", "silent_code", "lock", "chatter", "caught")


def test_there_are_twenty_five_ways() -> None:
    assert len([case for case in CASES if not case.quiet]) == 25
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SOME], ids=lambda case: case.name)
def test_it_is_named(case) -> None:
    seen = run(case)
    assert seen.satisfies(case), seen
