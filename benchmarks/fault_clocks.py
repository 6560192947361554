"""Clocks that are set, and machines that slept: every process of a watch sees it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from fault_compare import compare
from fault_disks import well
from fault_runs import Trial, trial
from fault_table import Fault, Outcome

from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.events import read_events
from trainer_tui.runs.history import read_history
from trainer_tui.supervise.start import start_watch

SHIFTED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long *shift;
__attribute__((constructor)) static void begin(void) {
    static long none;
    const char *name = getenv("SHIFTED_CLOCK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    shift = page == MAP_FAILED ? &none : page;
    if (file >= 0) close(file);
}
int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, at);
    if (!code && clock == CLOCK_REALTIME && shift) at->tv_sec += *shift;
    return code;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
"""The time of day off by the seconds in a mapped file; every other clock, and every wait, is the kernel's.
libfaketime cannot be taken: with it Python's `sleep`, which waits on the monotonic clock, raises EINVAL."""

LIMIT_S = 240.0
"""The time limit of the run: no clock may use it up."""

SLEPT_S = 7200


def needs_compiler() -> str:
    """Why no clock can be set here; empty: it can."""
    return "" if shutil.which("cc") else "no C compiler for the library that shifts the clock"


def needs_time_namespace() -> str:
    """Why no time namespace can be made here; empty: it can."""
    command = ["unshare", "--time", "--boottime", "100", "--fork", "true"]
    done = subprocess.run(command, capture_output=True) if os.path.exists("/proc/self/ns/time") else None
    return "" if done is not None and done.returncode == 0 else "no right to make a time namespace"


@contextlib.contextmanager
def faked(folder: Path) -> Iterator[Callable[[int], None]]:
    """What is started within has a time of day that is off by as many seconds as the function is given."""
    library, clock, source = folder / "shifted.so", folder / "clock", folder / "shifted.c"
    source.write_text(SHIFTED)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    clock.write_bytes(bytes(8))
    before = dict(os.environ)
    os.environ.update(LD_PRELOAD=str(library), SHIFTED_CLOCK=str(clock))

    def shift(seconds: int) -> None:
        with open(clock, "r+b") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    try:
        yield shift
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(shift: int) -> Outcome:
    """Set the clock in mid-run, kill the supervisor while the run is paused, come back, and end."""
    with trial(phases=("full",), held=True, end="raise") as t, faked(t.root) as clock:
        began = time.monotonic()
        start_watch(t.model, replace(t.plan(), full_limit_s=LIMIT_S))
        run = t.in_phase("full")
        clock(shift)
        wrong = _look(t, began)
        t.note()
        t.until(lambda: any(e["kind"] == "note" for e in read_events(run.events)), "an event of the new time")
        off = (parse_utc(read_events(run.events)[-1]["time"]) or datetime.now(UTC)).timestamp() - time.time()
        if abs(off - shift) > 60:
            wrong.append("the clock was not set")
        dead = time.time()
        t.kill_supervisors()
        took = t.come_back()
        t.dead.append((dead, time.time()))
        well(t)
        wrong += _look(t, began)
        time.sleep(2.0)
        t.finish()
        whole = time.monotonic() - began
        seen = compare(t)
        # The time of day in the samples is what the machine said.
        seen.wrong = [text for text in seen.wrong if "back in time" not in text] + wrong
        seen.lost = [text for text in seen.lost if "of telemetry" not in text]
        for name, column in (("telemetry", run.telemetry), ("history", run.history)):
            elapsed = list(read_history(column).columns["elapsed_s"])
            if elapsed != sorted(elapsed) or not 0 <= elapsed[0] <= elapsed[-1] <= whole:
                seen.wrong.append(f"elapsed_s of the {name} runs from {elapsed[0]} to {elapsed[-1]}")
        kinds = {e["incident"]["kind"] for e in read_events(run.events) if e["kind"] == "incident"}
        if kinds & {"hang", "slowdown"}:
            seen.wrong.append(f"a false alarm: {sorted(kinds)}")
        return seen.outcome(took)


def _look(t: Trial, began: float) -> list[str]:
    """What `status` says of the running run, against what is true."""
    state = t.status()
    took = state.get("duration_s")
    if not isinstance(took, int | float) or not 0 <= took <= time.monotonic() - began:
        return [f"status says that it runs since {took} s, it is less than {time.monotonic() - began:.0f} s"]
    return []


def back(random: Random) -> Outcome:
    """An hour back."""
    return _run(-3600)


def forward(random: Random) -> Outcome:
    """A day forward."""
    return _run(86400)


def slept(random: Random) -> Outcome:
    """The machine has slept two hours: its two clocks differ by that."""
    command = ["unshare", "--time", "--boottime", str(SLEPT_S), "--fork", sys.executable, __file__]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return Outcome(False, wrong=done.stderr[-300:])
    return Outcome(**json.loads(done.stdout))


def _within() -> Outcome:
    with trial(phases=("full",), held=True, end="raise") as t:
        began = time.monotonic()
        start_watch(t.model, replace(t.plan(), full_limit_s=LIMIT_S))
        t.in_phase("full")
        wrong = _look(t, began)
        t.kill_supervisors()
        took = t.come_back()
        wrong += _look(t, began)
        t.finish()
        seen = compare(t)
        seen.wrong += wrong
        return seen.outcome(took)


CLOCKS: tuple[Fault, ...] = (
    Fault(
        "clock-back",
        "an hour back in mid-run, then a take-over",
        "A clock that is set back makes no time negative, no run hang and no limit longer.",
        back,
        2,
        needs_compiler,
    ),
    Fault(
        "clock-forward",
        "a day forward in mid-run, then a take-over",
        "A clock that is set forward, as after a sleep, ends no run by its limit and makes none older.",
        forward,
        2,
        needs_compiler,
    ),
    Fault(
        "slept",
        "boot clock two hours ahead of the monotonic one",
        "Time that the machine slept does not count.",
        slept,
        2,
        needs_time_namespace,
    ),
)


if __name__ == "__main__":
    found = _within()
    print(json.dumps({name: getattr(found, name) for name in Outcome.__slots__}))
