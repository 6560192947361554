"""What users and limits ask of the process, carried out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.control import ControlReader
from trainer_tui.supervise import stopping

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor


class Controls:
    """Obeys `control.jsonl` and the run's time limit; each request is answered by one `control` event."""

    def __init__(self, supervisor: RunSupervisor, answered: set[str]) -> None:
        self._s = supervisor
        self._reader = ControlReader(supervisor.run.control, answered)
        self._stopper: stopping.Stopper | None = None
        self._held_at: float | None = time.monotonic() if supervisor.state.status == "paused" else None
        self._reason = _past_reason(supervisor)

    @property
    def end_reason(self) -> str:
        """Why we ended the process: `stopped-by-user`, `skipped`, `time-limit`; empty when it was not us."""
        return self._reason

    @property
    def killed(self) -> bool:
        """Whether TERM was not enough."""
        return self._stopper is not None and self._stopper.killed

    def obey(self, now: float) -> bool:
        """Take up new requests; True when there were some."""
        try:
            requests = self._reader.poll()
        except OSError as error:
            self._s.see("control", f"requests cannot be read: {error.strerror or error}")
            return False
        self._s.see("control", "")
        for request in requests:
            act = _ACTIONS.get(str(request.get("request")), _unknown)
            outcome = act(self, request)
            self._s.emit(
                "control", id=str(request.get("id")), request=str(request.get("request")), outcome=outcome
            )
        if self._stopper is not None and self._stopper.due():
            grace = duration_text(self._s.plan.grace_s)
            self._s.emit("stopping", why=f"KILL: it did not end within {grace} of TERM")
        return bool(requests)

    def limits(self, now: float) -> None:
        """End the process when its time is over; take up an end that an earlier supervisor began."""
        limit = self._s.request.limit_s
        if self._reason and self._stopper is None and self._s.process is not None:
            self._begin(self._reason, "taken over")
        if limit and not self._reason and self._held_at is None and self._s.elapsed() > limit:
            self._begin("time-limit", f"its time limit of {duration_text(limit)} is over")

    def _begin(self, reason: str, why: str) -> None:
        assert self._s.process is not None
        self._reason = reason
        if self._held_at is not None:
            self._release()
        self._stopper = stopping.Stopper(self._s.process.pid, self._s.run.path, self._s.plan.grace_s)
        self._stopper.begin(why)
        self._s.emit("stopping", why=why, reason=reason)

    def _stop(self, request: dict[str, Any]) -> str:
        if self._s.process is None:
            return "refused: the process has not started yet; ask again"
        if self._stopper is not None:
            return "it is being ended already"
        self._begin("stopped-by-user", request.get("why") or "a user asked for it")
        return f"TERM was sent; KILL follows after {duration_text(self._s.plan.grace_s)}"

    def _skip(self, request: dict[str, Any]) -> str:
        why = str(request.get("why") or "").strip()
        if self._s.request.phase != "quick":
            return "refused: only the quick phase can be skipped"
        if not why:
            return "refused: skipping the quick phase needs a written reason"
        if self._s.process is None or self._stopper is not None:
            return "refused: the process is not running"
        self._s.emit("phase-skipped", phase="quick", why=why)
        self._begin("skipped", why)
        return "the quick phase is being ended; the full one follows"

    def _pause(self, request: dict[str, Any]) -> str:
        if self._s.process is None or self._stopper is not None:
            return "refused: the process is not running"
        if self._held_at is not None:
            return "it is paused already"
        count = stopping.hold(self._s.process.pid, self._s.run.path)
        self._held_at = time.monotonic()
        self._s.emit("paused", why=request.get("why") or "a user asked for it", processes=count)
        return f"paused, {count} process{'es' if count != 1 else ''}"

    def _resume(self, request: dict[str, Any]) -> str:
        if self._held_at is None or self._s.process is None:
            return "refused: it is not paused"
        self._release()
        return "it goes on"

    def _note(self, request: dict[str, Any]) -> str:
        self._s.emit("note", text=str(request.get("text", "")))
        return "noted"

    def _release(self) -> None:
        assert self._s.process is not None and self._held_at is not None
        stopping.release(self._s.process.pid, self._s.run.path)
        paused = time.monotonic() - self._held_at
        self._held_at = None
        self._s.emit("continued", paused_s=round(paused, 3))

    @property
    def held(self) -> bool:
        """Whether the process is paused."""
        return self._held_at is not None


def _unknown(controls: Controls, request: dict[str, Any]) -> str:
    return "refused: unknown request"


_ACTIONS: dict[str, Callable[[Controls, dict[str, Any]], str]] = {
    "stop": Controls._stop,
    "skip": Controls._skip,
    "pause": Controls._pause,
    "resume": Controls._resume,
    "note": Controls._note,
}


def _past_reason(supervisor: RunSupervisor) -> str:
    """The reason of an end that an earlier supervisor of this run began."""
    from trainer_tui.runs.events import read_events

    past = (e.get("reason") for e in read_events(supervisor.run.events) if e["kind"] == "stopping")
    return next((str(reason) for reason in past if reason), "")
