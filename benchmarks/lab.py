"""What the benchmarks share: a throw-away project, a real terminal (tmux), costs, tables and medians."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

PROGRAM = str(Path(sys.executable).with_name("trainer-tui"))


@contextlib.contextmanager
def project(**scripts: str) -> Iterator[Path]:
    """A project with these models in a new folder; everything it started is ended and removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="trainer-tui-bench-"))
    (root / "models").mkdir()
    (root / "trainer.toml").write_text("[full]\nmin_hours = 0.0\n")
    for name, text in scripts.items():
        (root / "models" / f"{name}.py").write_text(text)
    try:
        yield root
    finally:
        for process in ours(root):
            with contextlib.suppress(psutil.Error):
                process.kill()
        shutil.rmtree(root, ignore_errors=True)


def ours(root: Path) -> list[psutil.Process]:
    """Every process whose command line names the project's folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(root) in word for word in process.cmdline()):
                found.append(process)
    return found


def wait_for(condition: Callable[[], object], timeout: float = 60.0, every: float = 0.02) -> float:
    """Wait until it holds; returns the seconds that took. Raises TimeoutError."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > timeout:
            raise TimeoutError("the condition never held")
        time.sleep(every)
    return time.perf_counter() - began


class Terminal:
    """The program in a real terminal of its own."""

    def __init__(self, root: Path, *arguments: str, size: tuple[int, int] = (160, 48)) -> None:
        self.socket = f"bench-{os.getpid()}-{time.monotonic_ns()}"
        width, height = map(str, size)
        command = [PROGRAM, *arguments]
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, "-c", str(root), *command
        )

    def screen(self) -> str:
        """What a person sees."""
        return self._tmux("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Press keys."""
        self._tmux("send-keys", *keys)

    def pid(self) -> int:
        """The program's process."""
        return int(self._tmux("list-panes", "-F", "#{pane_pid}").strip())

    def close(self) -> None:
        """Close the terminal, as a lost connection would."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self.socket, *arguments], capture_output=True, text=True)
        return done.stdout


def cost(pid: int, seconds: float) -> tuple[float, float]:
    """(CPU percent of one core, resident MB) of a process over a while."""
    process = psutil.Process(pid)
    before, began = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after, took = process.cpu_times(), time.perf_counter() - began
    spent = (after.user + after.system) - (before.user + before.system)
    return 100 * spent / took, process.memory_info().rss / 1e6


def supervisor_of(root: Path) -> psutil.Process:
    """The supervisor that works in a project."""
    return next(p for p in ours(root) if "trainer_tui.supervise" in p.cmdline())


def shim_of(root: Path) -> psutil.Process:
    """The shim that works in a project."""
    return next(p for p in ours(root) if any(word.endswith("shim.py") for word in p.cmdline()))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all lies below (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def machine() -> str:
    """The machine the figures are from."""
    cores, python = os.cpu_count(), platform.python_version()
    memory = psutil.virtual_memory().total / (1 << 30)
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, Python {python}"


def table(title: str, rows: Sequence[tuple[str, str, str, bool | None]]) -> int:
    """Print (what, measured, bar, met); returns 1 when a bar was missed."""
    print(f"{title}\n({machine()})")
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for what, measured, bar, met in rows:
        mark = "" if met is None else ("met" if met else "MISSED")
        print(f"  {what:<{widths[0]}}  {measured:>{widths[1]}}  {bar:<{widths[2]}}  {mark}")
    return int(any(met is False for *_, met in rows))
