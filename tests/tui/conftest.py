"""Fixtures of the dashboard's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `tui_world`

from tui_world import World


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was chosen on the screen before, and nothing is left behind."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def anyhow_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same theme whatever terminal the tests run in."""
    for name in ("NO_COLOR", "COLORFGBG", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A project whose processes end with the test."""
    with ExitStack() as stack:
        yield World(tmp_path, stack)
