"""The Log screen beside other programs that read logs: 1 GB, bursts, streams, rotation; tmux at 160×48.

`python benchmarks/cockpit.py [--lines N] [--rows open,burst,stream,change] [PROGRAM …]`. Programs that are
not installed are left out: `lnav`, `less`, and `tl` (toolong; its path may be given as TOOLONG). Times
include up to 20 ms of polling.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
from lab import PROGRAM

NEEDLE = "needle_in_the_log"
LINE = "2026-01-25 14:{:02d}:{:02d} INFO trainer.loop step {:08d} train_loss 0.412345 val_loss 0.45678 "
LINE += "lr 0.00100 batch {:05d}\n"
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Program:
    """One program that reads logs, and the keys that make it do the same as the others."""

    name: str
    command: tuple[str, ...]
    follow: tuple[str, ...] = ()
    """Further words of the command that make it follow."""
    top: tuple[str, ...] = ("g",)
    search: tuple[str, ...] = ("/",)
    counted: str | None = None
    """A pattern for the number on the screen that comes near that of the lines once all are counted."""


@dataclass(slots=True)
class Column:
    """What was measured of one program."""

    name: str
    cells: dict[str, str] = field(default_factory=dict)


def programs() -> list[Program]:
    """Ours first, then those that are installed."""
    found = [Program("trainer-tui", (PROGRAM, "log"), counted=r"of ([\d,]+) ")]
    if path := shutil.which("lnav"):
        found.append(Program("lnav", (path, "-N"), counted=r"(?m)^ L([\d,]+) "))
    if path := os.environ.get("TOOLONG") or shutil.which("tl"):
        found.append(Program("toolong", (path,), top=("Home",), counted=r"• (\d+)"))
    if path := shutil.which("less"):
        found.append(Program("less", (path, "-n"), follow=("+F",)))
    return found


class Screen:
    """A program in a tmux of its own."""

    def __init__(self, *command: str) -> None:
        self.socket = f"cockpit-{os.getpid()}-{time.monotonic_ns()}"
        self.began = time.perf_counter()
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "48", *command)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, *words], capture_output=True, text=True, check=False
        )
        return done.stdout

    def text(self) -> str:
        """What a person sees."""
        return self._tmux("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Press keys."""
        self._tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def pipe(self, file: Path) -> None:
        """Keep what the program sends to its terminal."""
        self._tmux("pipe-pane", f"cat > {file}")

    def process(self) -> psutil.Process:
        """The program."""
        return psutil.Process(int(self._tmux("list-panes", "-F", "#{pane_pid}").strip()))

    def seen(self, condition: Callable[[str], object], limit: float) -> float | None:
        """Seconds until the screen shows it; None: not in time."""
        began = time.perf_counter()
        while not condition(self.text()):
            if time.perf_counter() - began > limit:
                return None
            time.sleep(POLL_S)
        return time.perf_counter() - began

    def close(self) -> None:
        """End it."""
        self._tmux("kill-server")


def family(process: psutil.Process) -> list[psutil.Process]:
    """The program and what it started."""
    return [process, *process.children(recursive=True)]


def megabytes(process: psutil.Process) -> float:
    """Resident memory of the program and its children."""
    return sum(one.memory_info().rss for one in family(process)) / 1e6


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of the program and its children."""
    return sum(sum(one.cpu_times()[:2]) for one in family(process))


def reaches(pattern: str, least: int, text: str) -> bool:
    """Whether a number on the screen is at least this."""
    match = re.search(pattern, text)
    return match is not None and int(match[1].replace(",", "")) >= least


def make_log(path: Path, lines: int) -> None:
    """A log of so many lines with the needle 1,001 lines before its end."""
    with open(path, "w", buffering=1 << 20) as file:
        for n in range(lines):
            if n == lines - 1001:
                file.write(f"2026-01-25 14:00:00 ERROR {NEEDLE}\n")
            else:
                file.write(LINE.format(n // 60 % 60, n % 60, n, n % 10000))


def seconds(value: float | None) -> str:
    """A time, or that it did not come."""
    return "never" if value is None else f"{value:.2f} s"


def open_rows(program: Program, log: Path, lines: int, column: Column) -> None:
    """First content, all counted, the needle from the top, memory."""
    screen = Screen(*program.command, str(log))
    try:
        first = screen.seen(lambda text: "train_loss" in text, 60)
        column.cells["first content on screen"] = seconds(first)
        if program.counted:
            counted = screen.seen(partial(reaches, program.counted, lines - 100), 30)
            column.cells["fully indexed, from the start"] = seconds(
                None if counted is None else time.perf_counter() - screen.began
            )
        screen.type(*program.top)
        screen.seen(lambda text: "step 00000000" in text, 15)
        screen.type(*program.search)
        time.sleep(0.5)
        screen.write(NEEDLE)
        time.sleep(0.5)
        screen.type("Enter")
        found = screen.seen(lambda text: f"ERROR {NEEDLE}" in text, 60)
        column.cells["text near the end found from the top"] = seconds(found)
        column.cells["memory"] = f"{megabytes(screen.process()):.0f} MB"
    finally:
        screen.close()


def burst_row(program: Program, log: Path, column: Column) -> None:
    """A million lines at once, until the last is visible."""
    make_log(log, 2000)
    screen = Screen(*program.command, *program.follow, str(log))
    try:
        screen.seen(lambda text: "train_loss" in text, 30)
        time.sleep(1.5)
        text = "".join(LINE.format(0, 0, n, n % 10000) for n in range(1_000_000)) + "the very last line\n"
        began = time.perf_counter()
        with open(log, "a") as file:
            file.write(text)
        shown = screen.seen(lambda text: "the very last line" in text, 90)
        took = None if shown is None else time.perf_counter() - began
        column.cells["burst of 1 M lines until the last is visible"] = seconds(took)
    finally:
        screen.close()


def stream_rows(program: Program, log: Path, column: Column) -> None:
    """CPU at 10,000 lines a second; bytes to the terminal at 100."""
    for rate, pause in ((10_000, 0.05), (100, 0.05)):
        make_log(log, 2000)
        screen = Screen(*program.command, *program.follow, str(log))
        sent = log.with_suffix(".sent")
        sent.write_bytes(b"")
        try:
            screen.seen(lambda text: "train_loss" in text, 30)
            time.sleep(1.5)
            process = screen.process()
            screen.pipe(sent)
            written, began, before = 0, time.perf_counter(), cpu_seconds(process)
            base, span = sent.stat().st_size, 8.0
            with open(log, "a", buffering=1) as file:
                while (elapsed := time.perf_counter() - began) < span:
                    due = int(elapsed * rate)
                    file.write("".join(LINE.format(1, 1, n, n % 10000) for n in range(written, due)))
                    file.flush()
                    written = due
                    time.sleep(pause)
            if rate == 10_000:
                share = (cpu_seconds(process) - before) / (time.perf_counter() - began)
                column.cells["CPU while 10,000 lines/s arrive"] = f"{share:.1%}"
            else:
                per_second = (sent.stat().st_size - base) / span
                column.cells["sent to the terminal at 100 lines/s"] = f"{per_second / 1000:.1f} kB/s"
        finally:
            screen.close()


def change_rows(program: Program, log: Path, column: Column) -> None:
    """Truncated, then rotated, while followed."""
    make_log(log, 2000)
    screen = Screen(*program.command, *program.follow, str(log))
    try:
        screen.seen(lambda text: "train_loss" in text, 30)
        time.sleep(3.0)
        log.write_text("after the truncation\n")
        column.cells["truncated, seen after"] = seconds(
            screen.seen(lambda text: "after the truncation" in text, 6)
        )
        time.sleep(3.0)
        log.rename(log.with_suffix(".old"))
        log.write_text("after the rotation\n")
        column.cells["rotated, seen after"] = seconds(
            screen.seen(lambda text: "after the rotation" in text, 6)
        )
    finally:
        screen.close()


def table(columns: list[Column]) -> None:
    """Print it as Markdown."""
    names = list(dict.fromkeys(name for column in columns for name in column.cells))
    print("| log | " + " | ".join(column.name for column in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name in names:
        print(f"| {name} | " + " | ".join(column.cells.get(name, "–") for column in columns) + " |")


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=9_600_000)
    parser.add_argument("--rows", default="open,burst,stream,change")
    parser.add_argument("programs", nargs="*")
    asked = parser.parse_args()
    rows = set(asked.rows.split(","))
    columns = []
    with tempfile.TemporaryDirectory(prefix="trainer-tui-cockpit-") as folder:
        large, small = Path(folder, "large.log"), Path(folder, "small.log")
        if "open" in rows:
            make_log(large, asked.lines)
        for program in programs():
            if asked.programs and program.name not in asked.programs:
                continue
            column = Column(program.name)
            columns.append(column)
            if "open" in rows:
                open_rows(program, large, asked.lines, column)
            if "burst" in rows:
                burst_row(program, small, column)
            if "stream" in rows:
                stream_rows(program, small, column)
            if "change" in rows:
                change_rows(program, small, column)
    table(columns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
