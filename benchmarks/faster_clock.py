"""A clock that runs FACTOR times as fast, for one Python process: `sitecustomize` of the endurance benchmark.

In the supervisor (and nowhere else) `time.monotonic` and `time.time` run faster and every wait is shorter, so
its own loop, sampler and timers really go through all those hours. Nothing in the product knows of it.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from typing import Any

WORD = "trainer_tui.supervise"


def faster(factor: float, base: float, base_wall: float) -> None:
    """Let this process live `factor` times as fast since `base` (seconds of `time.monotonic`)."""
    monotonic, sleep, wait, poll = time.monotonic, time.sleep, threading.Condition.wait, select.poll

    def scaled() -> float:
        return base + (monotonic() - base) * factor

    def wait_less(self: threading.Condition, timeout: float | None = None) -> bool:
        return wait(self, None if timeout is None else timeout / factor)

    class Poll:
        """`select.poll` whose milliseconds are shorter."""

        def __init__(self) -> None:
            self._poll = poll()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._poll, name)

        def poll(self, timeout: float | None = None) -> Any:
            return self._poll.poll(None if timeout is None else timeout / factor)

    time.monotonic = scaled
    time.time = lambda: base_wall + scaled() - base
    time.sleep = lambda seconds: sleep(seconds / factor)
    threading.Condition.wait = wait_less  # type: ignore[method-assign]
    select.poll = Poll  # type: ignore[assignment, misc]


if os.environ.get("BENCH_FACTOR") and WORD in sys.orig_argv:
    faster(
        float(os.environ["BENCH_FACTOR"]), float(os.environ["BENCH_BASE"]), float(os.environ["BENCH_WALL"])
    )
