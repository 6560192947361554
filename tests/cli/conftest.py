"""A project in a temporary folder, and the real program run in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `shop`

from shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A project whose processes end with the test."""
    place = Shop(tmp_path)
    place.write("trainer.toml", "[full]\nmin_hours = 0\n[stop]\ngrace_seconds = 1\n")
    yield place
    place.clear()
