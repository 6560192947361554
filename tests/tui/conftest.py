"""Fixtures of the dashboard's tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `tui_world`

from tui_world import World

from trainer_tui.runs import events
from trainer_tui.tui.screens import runs as runs_screen
from trainer_tui.tui.widgets import headline, lists, runs_table

_parse_rules = Stylesheet._parse_rules
_RULES: dict[Any, list[RuleSet]] = {}


def _parse_rules_once(self: Stylesheet, *about: Any, **more: Any) -> list[RuleSet]:
    key = about, tuple(more.items()), tuple(self._variables.items())
    if key not in _RULES:
        _RULES[key] = _parse_rules(self, *about, **more)
    return _RULES[key]


# The library reads the same style sheets again for every app; here are hundreds in one process.
Stylesheet._parse_rules = _parse_rules_once  # type: ignore[method-assign]


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


class Frozen(datetime):
    """It is always two minutes past two."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Frozen:
        """The moment of every picture."""
        return cls(2026, 1, 25, 14, 2, 11, tzinfo=tz)


@pytest.fixture
def frozen(anyhow_dark: None) -> Iterator[None]:
    """Nothing in a picture depends on when, where or in which terminal it is taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        for module in (headline, lists, runs_table, runs_screen):
            patch.setattr(module, "datetime", Frozen)
        patch.setattr(events, "utc_now", lambda: "2026-01-25T13:58:00.000Z")
        patch.setattr("socket.gethostname", lambda: "gpu01")
        yield
    time.tzset()


@pytest.fixture
def light(frozen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same moment in the light theme."""
    monkeypatch.setenv("TEXTUAL_THEME", "trainer-light")
