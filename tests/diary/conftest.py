"""The tests of the diary."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [
    str(HERE),
    str(HERE.parent / "cli"),
]  # `diary_texts`, and the `shop` of the command line's tests

from shop import Shop  # noqa: E402


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A project whose processes end with the test."""
    place = Shop(tmp_path)
    place.write("trainer.toml", "[full]\nmin_hours = 0\n[stop]\ngrace_seconds = 1\n")
    yield place
    place.clear()
