"""Red flags in machine and job: the samples of a run, judged as they come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trainer_tui.failures import MachineFlags
from trainer_tui.runs.files import read_json

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

MIN_DONE = 0.02
"""The share of the work after which the time that is left can be told from it."""


class MachineWatch:
    """Feeds the flags from the sampler; what they raise goes into the book."""

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._flags = MachineFlags(supervisor.plan.flags)
        self._seen_s = -math.inf

    def look(self, now: float) -> None:
        """Judge the samples since the last look. `now`: monotonic seconds."""
        machine = self._s.machine
        if machine is None:
            return
        fresh = [sample for sample in machine.recent if sample.elapsed_s > self._seen_s]
        if not fresh:
            return
        self._seen_s = fresh[-1].elapsed_s
        for incident in self._flags.feed(fresh, self._remaining_s):
            self._s.found(incident, now)

    def _remaining_s(self) -> float | None:
        """Seconds that the run will still take: from its own progress, and from the limit that ends it."""
        elapsed, limit = self._s.elapsed(), self._s.request.limit_s
        known = [] if limit is None else [max(0.0, limit - elapsed)]
        document = read_json(self._s.run.progress) or {}
        done, total = document.get("done"), document.get("total")
        if isinstance(done, int | float) and isinstance(total, int | float) and total > 0:
            share = done / total
            if MIN_DONE <= share <= 1:
                known.append(elapsed * (1 - share) / share)
        return min(known, default=None)
