"""The tests of the diary."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [
    str(HERE),
    str(HERE.parent / "cli"),
]  # `diary_texts`, `diary_world`, and the `shop` of the command line's tests

from diary_world import facts  # noqa: E402
from shop import shop  # noqa: F401, E402

from trainer_tui.diary import open_entry  # noqa: E402


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """A diary with three entries."""
    path = tmp_path / "output" / "dev_diary.md"
    for n in (1, 2, 3):
        assert open_entry(path, facts(f"log:{n}")) == n
    return path
