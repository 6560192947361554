"""What the commands say in passing: who takes over, what is no news."""

from __future__ import annotations

import signal

from shop import WAITS, Shop, until

from trainer_tui.cli.printing import is_bookkeeping


def test_a_run_without_supervisor_says_who_takes_over(shop: Shop) -> None:
    shop.model("waits", WAITS)
    watching = shop.start("watch", "waits", "--json")
    until(lambda: shop.standing("waits").get("status") == "running")
    watching.kill()
    for process in shop.supervisors():
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    said = shop.ok("status", "waits", code=6)
    assert "blind: no supervisor watches this run" in said
    assert "`trainer-tui watch waits` takes over" in said


def test_events_are_told_once_and_bookkeeping_never(shop: Shop) -> None:
    shop.model("waits", WAITS)
    shop.start("watch", "waits", "--json")
    until(lambda: shop.standing("waits").get("status") == "running")
    shop.ok("note", "waits", "a", "new", "disk")
    told = shop.ok("events", "waits")
    assert told.count("a new disk") == 1 and ": noted" not in told and "@" in told
    kinds = [event["kind"] for event in shop.lines("events", "waits")]
    assert "control" in kinds, "machines get everything"
    assert is_bookkeeping({"kind": "cursor", "log_offset": 3})
    assert not is_bookkeeping({"kind": "control", "request": "pause", "outcome": "paused, 1 process"})
