"""The present of this host: its cores and the job's processes, once a second, in a thread of its own.

A process that hangs in the kernel can hang whoever reads its command line: nobody waits for this thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import host_name, training_identity
from trainer_tui.runs.secrets import masked_command
from trainer_tui.runs.text import clean
from trainer_tui.supervise.job import descendants
from trainer_tui.tui.machine.tree import STATES, Process

PERIOD_S = 1.0
SHARE = 0.05
"""Of the time, at most, goes into looking."""

MOST = 300
"""Processes that are looked at; the others are counted."""

COMMAND_S = 10.0
"""How long a command line is believed."""

STALE_S = 5.0

_COMMAND = 400


@dataclass(frozen=True, slots=True)
class Present:
    """What this host does now."""

    run: RunFolder | None = None
    cores: tuple[float, ...] = ()
    """Percent of each."""
    processes: tuple[Process, ...] = ()
    total: int = 0
    """Processes of the job, those included that were not looked at."""
    host_ram: float = 0.0
    """Bytes of the whole machine."""
    why: str = ""
    """Why there is nothing to see; empty where there is."""


class PresentSampler(threading.Thread):
    """`announce` is called in this thread when there is something to `take`, once until it was taken."""

    def __init__(self, announce: Callable[[], object]) -> None:
        super().__init__(name="present", daemon=True)
        self._announce = announce
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._box: Present | None = None
        self._run: RunFolder | None = None
        self._closing, self._resting = False, False
        self._known: dict[int, psutil.Process] = {}
        self._commands: dict[int, tuple[float, str]] = {}
        self._looked_at = time.monotonic()

    # ------------------------------------------------------------------ called by the screen

    def follow(self, run: RunFolder | None) -> None:
        """Look at this run's processes from now on."""
        self._run = run
        self._wake.set()

    def rest(self, resting: bool) -> None:
        """Look at nothing while the screen is not in front."""
        self._resting = resting
        self._looked_at = time.monotonic()
        self._wake.set()

    def take(self) -> Present | None:
        """The newest look, if there is one since the last call."""
        with self._lock:
            present, self._box = self._box, None
        return present

    def silent_s(self) -> float:
        """Seconds since the last look, once they are too many; else 0."""
        silent = time.monotonic() - self._looked_at
        return silent if silent > STALE_S and not self._resting and self._run is not None else 0.0

    def close(self) -> None:
        """End the thread soon."""
        self._closing = True
        self._wake.set()

    # ------------------------------------------------------------------ the thread

    def run(self) -> None:
        """Look once a second."""
        psutil.cpu_percent(percpu=True)
        pause: float | None = 0.2  # so long after the first reading of the counters there are shares
        while not self._closing:
            self._wake.wait(pause)
            self._wake.clear()
            run = self._run
            if self._closing or self._resting or run is None:
                pause = None
                continue
            began = time.monotonic()
            try:
                present = self._look(run, began)
            except Exception as error:  # one strange process must not cost the sight of all others
                present = Present(run, why=clean(f"◌ blind: {type(error).__name__}: {error}", 200))
            self._looked_at = time.monotonic()
            pause = max(PERIOD_S, (self._looked_at - began) / SHARE)
            self._put(present)

    def _put(self, present: Present) -> None:
        with self._lock:
            announced, self._box = self._box is not None, present
        if not announced and not self._closing:
            self._announce()

    def _look(self, run: RunFolder, now: float) -> Present:
        document = read_json(run.process_json)
        if run.exit_json.exists():
            return Present(run, why="it has ended: no process is left to be seen")
        if document is None:
            return Present(run, why="its process has not started yet")
        if document.get("host") != host_name():
            where = clean(str(document.get("host") or "another host"), 60)
            return Present(run, why=f"it runs on {where}: its processes are not seen from here")
        identity = training_identity(document)
        if identity is None or not identity.is_alive():
            return Present(run, why="its process is gone")
        cores = tuple(psutil.cpu_percent(percpu=True))
        pids = descendants(identity.pid)
        self._known = {pid: known for pid, known in self._known.items() if pid in pids}
        self._commands = {pid: kept for pid, kept in self._commands.items() if pid in pids}
        seen = [p for pid in pids[:MOST] if (p := self._process(pid, now)) is not None]
        host_ram = float(psutil.virtual_memory().total)
        return Present(run, cores, tuple(seen), len(pids), host_ram)

    def _process(self, pid: int, now: float) -> Process | None:
        """One process; None when it ended meanwhile or may not be looked at."""
        known = self._known.get(pid)
        try:
            if known is None or not known.is_running():
                known = self._known[pid] = psutil.Process(pid)
                known.cpu_percent()
                cpu = None
            else:
                cpu = known.cpu_percent()
            with known.oneshot():
                state = known.status()
                return Process(
                    pid,
                    known.ppid(),
                    self._command(known, now),
                    cpu,
                    known.memory_info().rss,
                    known.num_threads(),
                    STATES.get(state, clean(state, 10)),
                )
        except (psutil.Error, OSError):
            self._known.pop(pid, None)
            return None

    def _command(self, process: psutil.Process, now: float) -> str:
        kept = self._commands.get(process.pid)
        if kept is not None and now - kept[0] < COMMAND_S:
            return kept[1]
        try:
            words = masked_command(process.cmdline())
        except psutil.Error:
            words = []
        # Arguments may hold anything, line ends and escape sequences too.
        text = clean(" ".join(words)[: 4 * _COMMAND], _COMMAND).strip() or f"[{clean(process.name(), 60)}]"
        self._commands[process.pid] = (now, text)
        return text
