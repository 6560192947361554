"""Logs and tables far larger than usual: an hour of 10,000 lines a second, a sparse log, long histories."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from random import Random

import psutil
from fault_disks import well
from fault_runs import trial
from fault_table import Fault, Outcome
from lab import PROGRAM

from trainer_tui.runs.events import read_events
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import observe

FLOOD_LINES = 36_000_000
"""An hour of 10,000 lines a second."""

FLOOD_ERRORS = 36
SPARSE_BYTES = 100 << 30
ROWS = 10_000_000
SAMPLES_BYTES = 2 << 30
"""Of `telemetry.csv`: far more samples than a run of a year takes."""

MOST_MEMORY = 400 << 20
"""Bytes resident that a supervisor may take under any log."""

FLOOD = """
import os, sys, time
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
lines, errors = LINES, ERRORS
line = b"step %07d loss 0.4127 some words to fill the line up to a usual length\\n"
block = b"".join(line % n for n in range(1000))
error = 'Traceback (most recent call last):\\n  File "x.py", line 1, in step\\nRuntimeError: flood %s\\n'
for n in range(lines // 1000):
    os.write(1, block)
    if n % max(1, lines // 1000 // errors) == 0:
        word = "".join(chr(97 + int(digit)) for digit in str(n // max(1, lines // 1000 // errors)))
        os.write(1, (error % word).encode())
open(os.path.join(root, "written"), "w").close()
while not os.path.exists(os.path.join(root, "go-full")):
    time.sleep(0.05)
raise ValueError("the end of it")
"""


def flood(random: Random, lines: int = FLOOD_LINES, errors: int = FLOOD_ERRORS) -> Outcome:
    """As many lines as come, as fast as they come, an error among every million."""
    script = FLOOD.replace("LINES", str(lines)).replace("ERRORS", str(errors))
    with trial(phases=("full",), held=True, end="raise", script=script) as t:
        t.begin()
        run = t.until(t.newest, "the run")
        identity = t.until(t.supervisor, "its supervisor")
        supervisor, most = psutil.Process(identity.pid), 0
        while not (t.root / "written").exists():
            most = max(most, supervisor.memory_info().rss)
            time.sleep(0.2)
        began = time.monotonic()
        t.note()
        t.until(lambda: any(e["kind"] == "note" for e in read_events(run.events)), "an answer", 120)
        answered = time.monotonic() - began
        t.let_go()
        t.until(lambda: observe(run).over, "the end", 600)
        most = max(most, supervisor.memory_info().rss if supervisor.is_running() else 0)
        incidents = [e["incident"] for e in read_events(run.events) if e["kind"] == "incident"]
        # A flood of one error is told by its first ones and how many more there were.
        told = {i["message"] for i in incidents if i["severity"] == "error"}
        wrong = [] if observe(run).sentence == "ValueError: the end of it" else [observe(run).sentence]
        wrong += [f"{most >> 20} MiB"] if most > MOST_MEMORY else []
        wrong += [f"an answer after {answered:.0f} s"] if answered > 5 else []
        lost = max(0, min(errors, 20) - len([m for m in told if "flood" in m]))
        return Outcome(True, lost, 0, time.monotonic() - began, "; ".join(wrong))


def sparse(random: Random, size: int = SPARSE_BYTES) -> Outcome:
    """The log has a hole of 100 GB when a supervisor takes over, and every view is asked for it."""
    with trial(phases=("full",), held=True, end="raise", errors=(3,)) as t:
        t.begin()
        run = t.in_phase("full", 10)
        t.until(lambda: any(e["kind"] == "incident" for e in read_events(run.events)), "the first error")
        t.kill_supervisors()
        os.truncate(run.log(), size)
        t.come_back()
        took = well(t)
        slow = _views(t.root, run)
        t.finish()
        state = observe(run)
        wrong = [] if state.sentence == "ValueError: the end of it" else [f"{state.reason}: {state.sentence}"]
        gate = next((g for g in state.gates if g.name == "log"), None)
        wrong += [] if gate and gate.state == "passed" else [f"the gate of the log: {gate}"]
        return Outcome(True, seconds=took, wrong="; ".join(wrong + slow))


def _views(root: Path, run: RunFolder) -> list[str]:
    """What takes a view longer than 20 s, or more than its memory."""
    slow = []
    began = time.monotonic()
    follower = RunFollower(run)
    follower.poll_state(), follower.poll_log()
    follower.close()
    if time.monotonic() - began > 2:
        slow.append("the dashboard's log is slow")
    for words in (("scan", str(run.log())), ("status", "demo"), ("events", "demo")):
        try:
            subprocess.run([PROGRAM, *words], cwd=root, capture_output=True, timeout=20)
        except subprocess.TimeoutExpired:
            slow.append(f"{words[0]} takes more than 20 s")
    return slow


def long_tables(random: Random, rows: int = ROWS, samples: int = SAMPLES_BYTES) -> Outcome:
    """A history of ten million rows and gigabytes of samples lie there when a supervisor takes over."""
    with trial(phases=("full",), held=True, end="raise", errors=(3,)) as t:
        t.begin()
        run = t.in_phase("full", 10)
        t.until(run.telemetry.exists, "a sample")
        t.until(lambda: run.telemetry.read_bytes().count(b"\n") > 1, "a sample")
        t.kill_supervisors()
        _prolong(run.telemetry, samples)
        with open(run.history, "ab") as table:
            for first in range(0, rows, 100_000):
                step = range(first, min(rows, first + 100_000))
                table.write(b"".join(b"%d,0.5,0.02,%d\n" % (n, n) for n in step))
        t.come_back()
        took = well(t)
        wrong = [] if took < 5 else [f"an answer after {took:.0f} s"]
        t.let_go()
        t.until(lambda: observe(run).over, "the end", 900)
        wrong += [] if observe(run).reason == "exception" else [observe(run).sentence]
        return Outcome(True, seconds=took, wrong="; ".join(wrong))


def _prolong(table: Path, size: int) -> None:
    """Append its last row until the file is that large."""
    row = table.read_bytes().splitlines()[-1] + b"\n"
    block = row * (1 + (1 << 20) // len(row))
    with open(table, "ab") as file:
        while file.tell() < size:
            file.write(block)


BIG: tuple[Fault, ...] = (
    Fault(
        "log-flood",
        "36,000,000 lines, an hour of 10,000 a second, at once",
        "However fast a log grows, no error in it is missed and memory stays bounded.",
        flood,
    ),
    Fault(
        "log-sparse",
        "a hole of 100 GB in the log, then a take-over",
        "A sparse log of any size is taken over, scanned and shown at once: its holes are not read.",
        sparse,
    ),
    Fault(
        "tables-long",
        "10,000,000 rows and 2 GiB of samples, then a take-over",
        "Whoever takes over answers at once, however long history and telemetry are.",
        long_tables,
    ),
)
