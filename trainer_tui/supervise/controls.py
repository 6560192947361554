"""What users and limits ask of the process, carried out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.clock import duration_text, seconds_between, utc_now
from trainer_tui.runs.control import ControlReader
from trainer_tui.runs.events import Event
from trainer_tui.supervise import stopping

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor


class Controls:
    """Obeys `control.jsonl` and the run's time limit; each request is answered by one `control` event."""

    def __init__(self, supervisor: RunSupervisor, past: list[Event]) -> None:
        self._s = supervisor
        answered = {str(event["id"]) for event in past if event["kind"] == "control"}
        self._reader = ControlReader(supervisor.run.control, answered)
        self._waiting: list[dict[str, Any]] = []
        self._stopper: stopping.Stopper | None = None
        self._held_at: float | None = _held_since(past) if supervisor.state.status == "paused" else None
        self._doubtful = self._held_at is not None
        self._held_from = _age_at_pause(past)
        reasons = [str(e["reason"]) for e in past if e["kind"] == "stopping" and e.get("reason")]
        self._reason = reasons[-1] if reasons else ""

    @property
    def end_reason(self) -> str:
        """Why we ended the process: `stopped-by-user`, `skipped`, `time-limit`; empty when it was not us."""
        return self._reason

    @property
    def killed(self) -> bool:
        """Whether TERM was not enough."""
        return self._stopper is not None and self._stopper.killed

    @property
    def held(self) -> bool:
        """Whether the process is paused."""
        return self._held_at is not None

    def obey(self) -> bool:
        """Take up new requests; True when there were some."""
        try:
            requests = self._reader.poll()
        except OSError as error:
            self._s.see("control", f"requests cannot be read: {error.strerror or error}")
            return False
        self._s.see("control", "")
        self._hold_again()
        self._waiting += requests
        taken = [request for request in self._waiting if not self._must_wait(request)]
        for request in taken:
            self._waiting.remove(request)
            asked = str(request.get("request"))
            outcome = _ACTIONS.get(asked, _unknown)(self, request)
            fields = {"id": str(request.get("id")), "request": asked, "outcome": outcome, "by": _who(request)}
            self._s.emit("control", **fields)
        if self._stopper is not None and self._stopper.due():
            grace = duration_text(self._s.plan.grace_s)
            self._s.emit("stopping", why=f"KILL: it did not end within {grace} of TERM")
        return bool(taken)

    def _must_wait(self, request: dict[str, Any]) -> bool:
        """Whether a request must wait for the process that it asks to end.

        Unanswered, it is read again by whoever takes over.
        """
        asked = request.get("request") in ("stop", "skip")
        return asked and self._s.process is None and not self._s.gone

    def _hold_again(self) -> None:
        """Hold what an earlier supervisor said it would hold, and may have been killed before it did."""
        if self._doubtful and self._s.process is not None:
            self._doubtful = False
            if self._held_from is not None:  # the time of day may have been set since
                self._held_at = time.monotonic() - max(0.0, self._s.age() - self._held_from)
            stopping.hold(self._s.process, self._s.run.path)

    def limits(self) -> None:
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
        # Written first: whoever takes over after a kill must know that the end was ours.
        self._s.emit("stopping", why=why, reason=reason)
        self._stopper = stopping.Stopper(self._s.process, self._s.run.path, self._s.plan.grace_s)
        self._stopper.begin()

    def _stop(self, request: dict[str, Any]) -> str:
        why = str(request.get("why") or "a user asked for it")
        if self._reason == "skipped":
            self._reason = "stopped-by-user"
            self._s.emit("stopping", why=why, reason=self._reason)
            return "it is being ended already; the full phase will not follow"
        if self._reason:
            return "it is being ended already"
        if self._s.process is None or self._s.run.exit_json.exists():
            if not self._s.state.called_off:
                self._s.emit("restart", again=False, by_user=True, why="a user called it off")
            return "it has ended already; nothing follows it"
        self._begin("stopped-by-user", why)
        return f"TERM was sent; KILL follows after {duration_text(self._s.plan.grace_s)}"

    def _skip(self, request: dict[str, Any]) -> str:
        why = str(request.get("why") or "").strip()
        if self._s.request.phase != "quick":
            return "refused: only the quick phase can be skipped"
        if not why:
            return "refused: skipping the quick phase needs a written reason"
        if not self._runs():
            return "refused: the process is not running"
        if ("quick", why) not in self._s.state.skipped:
            self._s.emit("phase-skipped", phase="quick", why=why)
        self._begin("skipped", why)
        return "the quick phase is being ended; the full one follows"

    def _pause(self, request: dict[str, Any]) -> str:
        if self._s.process is None or not self._runs():
            return "refused: the process is not running"
        if self._held_at is not None:
            return "it is paused already"
        self._held_at = time.monotonic()
        # Written first: whoever takes over after a kill must know, and holds it where it is not held yet.
        why = request.get("why") or "a user asked for it"
        self._s.emit("paused", why=why, age_s=round(self._s.age(), 3))
        count = stopping.hold(self._s.process, self._s.run.path)
        return f"paused, {count} process{'es' if count != 1 else ''}"

    def _resume(self, request: dict[str, Any]) -> str:
        if self._held_at is None or self._s.process is None:
            return "refused: it is not paused"
        self._release()
        return "it goes on"

    def _note(self, request: dict[str, Any]) -> str:
        identity = str(request.get("id"))
        if identity not in self._s.inherited.noted:
            self._s.emit("note", text=str(request.get("text", "")), by=_who(request), id=identity)
        return "noted"

    def _runs(self) -> bool:
        """Whether the process is there and nobody ends it."""
        return self._s.process is not None and not self._reason and not self._s.run.exit_json.exists()

    def _release(self) -> None:
        assert self._s.process is not None and self._held_at is not None
        stopping.release(self._s.process, self._s.run.path)
        paused = time.monotonic() - self._held_at
        self._held_at = None
        self._s.emit("continued", paused_s=round(paused, 3))


def _unknown(controls: Controls, request: dict[str, Any]) -> str:
    return "refused: unknown request"


_ACTIONS: dict[str, Callable[[Controls, dict[str, Any]], str]] = {
    "stop": Controls._stop,
    "skip": Controls._skip,
    "pause": Controls._pause,
    "resume": Controls._resume,
    "note": Controls._note,
}


def _who(request: dict[str, Any]) -> str:
    """`user@host`, as far as the request says."""
    return "@".join(str(request[name]) for name in ("user", "host") if request.get(name))


def _age_at_pause(past: list[Event]) -> float | None:
    """How old the process was when it was paused, in seconds; None where nobody wrote it."""
    age = next((event.get("age_s") for event in reversed(past) if event["kind"] == "paused"), None)
    return float(age) if isinstance(age, int | float) else None


def _held_since(past: list[Event]) -> float:
    """When an earlier supervisor paused the process, on our monotonic clock, by the time of day."""
    paused = next((event["time"] for event in reversed(past) if event["kind"] == "paused"), "")
    return time.monotonic() - (seconds_between(paused, utc_now()) or 0.0)
