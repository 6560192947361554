"""Watching for silence while a run lives, and taking its stacks when it is too long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from trainer_tui.runs.files import read_json
from trainer_tui.runs.incident import Incident
from trainer_tui.supervise.stall import StallWatch, live_stacks, stall_incident

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor


class Stall:
    """Feeds a `StallWatch` from history, progress file and log, and reports each silence once."""

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._watch = StallWatch(supervisor.plan)
        self._published: tuple[object, object] = (None, None)
        self._count = sum(i.source == "silence" for i in supervisor.state.incidents)
        self._open: Incident | None = None
        self._found: list[Incident] = []

    def progress(self, now: float) -> None:
        """New rows came."""
        self._watch.progress(now)
        self._over(now)

    def output(self, now: float) -> None:
        """The log grew."""
        self._watch.output(now)

    def look(self, now: float) -> None:
        """Read the script's own progress and promise, and judge the silence."""
        self._read_progress(now)
        if self._s.controls.held or self._s.process is None:
            self._watch.hold(now)
            return
        for incident in self._found:
            self._s.found(incident, now)
        self._found = []
        silent = self._watch.overdue(now)
        if silent is not None and self._open is None:
            self._count += 1
            machine = self._s.machine
            cpu = machine.last.job_cpu_percent if machine is not None and machine.last else 0.0
            self._open = stall_incident(silent, self._watch.budget(), cpu, "", self._count)
            self._s.found(self._open, now)
            threading.Thread(
                target=self._take_stacks, args=(self._open, self._s.process.pid), daemon=True
            ).start()

    def _read_progress(self, now: float) -> None:
        document = read_json(self._s.run.progress)
        if document is None:
            return
        published = (document.get("done"), document.get("time"))
        if published == self._published:
            return
        if published[0] != self._published[0]:
            self.progress(now)
        self._published = published
        promise = document.get("expect_s")
        if isinstance(promise, int | float):
            self._watch.promise(now + float(promise))

    def _over(self, now: float) -> None:
        if self._open is not None:
            over, self._open = self._open, None
            self._s.found(over.with_fate("recovered", because="a new step came"), now)

    def _take_stacks(self, incident: Incident, pid: int) -> None:
        stacks = live_stacks(pid)
        facts = {**incident.facts, "stacks": stacks, "taken": time.time()}
        # Handed over to the supervisor's thread by its next look.
        self._found.append(Incident.from_dict({**incident.to_dict(), "excerpt": stacks, "facts": facts}))
