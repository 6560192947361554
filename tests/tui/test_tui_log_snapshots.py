"""How the Log screen looks. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import SIZES, screen_text, until

from trainer_tui.tui.logapp import LogApp

pytestmark = pytest.mark.usefixtures("anyhow_dark")

RECORD = b'{"time": "2026-01-25T14:01:30Z", "level": "INFO", "loss": 0.25, "lr": [0.001, 0.0005]}\n'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with everything that looks special."""
    lines = b"".join(
        b"2026-01-25 14:00:%02d INFO epoch %d  train_loss 0.4%d  val_loss 0.5%d\n" % (n, n, n, n)
        for n in range(60)
    )
    frames = b"".join(
        b"\rEpoch 61: %3d%%|####      | %d/100 [00:01<00:02, 3.5it/s]" % (n, n) for n in range(43)
    )
    bars = b"".join(b"%d/50 [=====>.....] - loss: 0.%02d\n" % (n, n) for n in range(1, 40))
    path = tmp_path / "007-full.log"
    path.write_bytes(
        lines
        + frames
        + b"\n"
        + bars
        + b"\x1b[32mcheckpoint saved\x1b[0m to \x1b[1;36mcheckpoints/61.pt\x1b[0m\n"
        + RECORD
        + "2026-01-25 14:01:31 WARNING 学習率 fell to 0.0005\n".encode()
        + b"2026-01-25 14:01:32 DEBUG "
        + b"a long line " * 30
        + b"\n2026-01-25 14:01:33 ERROR RuntimeError: NaN detected [/x]\n"
        + b"2026-01-25 14:01:34 INFO epoch 62  train_loss nan  val_loss nan\n"
    )
    return path


async def at_the_end(pilot: Pilot[Any]) -> None:
    """Wait until the lines are counted."""
    await until(pilot, lambda: "of 106 " in screen_text(pilot.app))


async def searched(pilot: Pilot[Any]) -> None:
    """A search, and one record made readable."""
    await at_the_end(pilot)
    await pilot.press("slash", *"loss", "enter")
    await until(pilot, lambda: "101 of 101 lines" in screen_text(pilot.app))
    await pilot.press("N", "enter")
    await until(pilot, lambda: '"lr": [' in screen_text(pilot.app))


@SIZES
def test_the_end_of_a_log(log: Path, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(LogApp(log), terminal_size=size, run_before=at_the_end)


@SIZES
def test_a_search_and_a_record(log: Path, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(LogApp(log), terminal_size=size, run_before=searched)


def test_in_daylight(log: Path, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert snap_compare(LogApp(log), terminal_size=(120, 36), run_before=searched)
