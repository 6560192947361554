"""The state of a run: a fold over its events, its exit status and who is alive. There is no other state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from trainer_tui.runs.clock import seconds_between, utc_stamp
from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import Life, host_name, life_of
from trainer_tui.runs.verdict import REASONS, GateResult, Tone

Status = Literal["starting", "running", "paused", "stopping", "finishing", "ended"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the full run will take, from the quick one."""

    seconds_low: float
    seconds_high: float
    memory_low: float | None
    """Peak memory of the whole job in bytes, at least."""
    memory_high: float | None
    """If all of what grew in the quick run grows with the data."""
    basis: str


@dataclass(frozen=True, slots=True)
class RunState:
    """One run at one moment."""

    name: str
    model: str
    number: int
    phase: str
    watch: int = 0
    attempt: int = 1
    status: Status = "starting"
    reason: str = ""
    """One of `verdict.REASONS` once the run has ended."""
    sentence: str = ""
    """What proves the reason."""
    created: str = ""
    started: str = ""
    ended: str = ""
    duration_s: float | None = None
    """Of the process, by the monotonic clock once it ended, by wall time while it runs."""
    paused_s: float = 0.0
    pid: int | None = None
    host: str = ""
    exit: dict[str, Any] | None = None
    incidents: tuple[Incident, ...] = ()
    gates: tuple[GateResult, ...] = ()
    forecast: Forecast | None = None
    blind: tuple[tuple[str, str], ...] = ()
    """(source, why) of everything the supervisor cannot see."""
    supervised: bool = False
    diary: tuple[tuple[int, str], ...] = ()
    """(entry number, incident id) of the diary entries this run opened."""
    unread: str = ""
    """Why its log was not read to the end; empty when it was."""
    skipped: tuple[tuple[str, str], ...] = ()
    """(phase, reason) of the phases that were skipped before this one."""
    history: str = ""
    """Where its metrics come from, and in which format, when its script does not log them with us."""
    called_off: bool = False
    """A user called off the automatic restart that was to follow."""

    @property
    def alive(self) -> bool:
        """Whether the training process is there."""
        return self.status in ("running", "paused", "stopping")

    @property
    def over(self) -> bool:
        """Whether the run has ended and was judged."""
        return self.status == "ended"

    @property
    def passed(self) -> bool:
        """Whether it ended well."""
        return self.over and self.reason == "passed"

    @property
    def tone(self) -> Tone:
        """Of its end: good, neutral (somebody wanted it so) or bad; neutral until it has ended."""
        if not self.over:
            return "neutral"
        return REASONS[self.reason].tone if self.reason in REASONS else "bad"

    @property
    def failure(self) -> Incident | None:
        """The incident to show first: the first confirmed error, else the newest suspected one."""
        errors = [i for i in self.incidents if i.severity == "error" and i.fate != "recovered"]
        confirmed = [i for i in errors if i.fate == "confirmed"]
        return confirmed[0] if confirmed else (errors[-1] if errors else None)

    @property
    def exit_code(self) -> int:
        """The command line's exit code for the ended run."""
        return REASONS[self.reason].exit_code if self.reason in REASONS else 1


def first_state(run: RunFolder, request: RunRequest | None) -> RunState:
    """The state before any event."""
    state = RunState(name=run.name, model=run.model, number=run.number, phase=run.phase, watch=run.number)
    if request is None:
        return state
    return replace(
        state, watch=request.watch, attempt=request.attempt, created=request.created, host=request.host
    )


def fold(state: RunState, event: Event) -> RunState:
    """The state after one more event; events of a newer version change nothing."""
    step = _STEPS.get(event["kind"])
    try:
        return step(state, event) if step else state
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return state  # the kind is known, its fields are another version's


def settle(
    state: RunState, life: Life, exit_status: dict[str, Any] | None, supervised: bool, now: str
) -> RunState:
    """The folded state in the light of who is alive: the kernel's word outweighs what events claim."""
    state = replace(state, supervised=supervised, exit=exit_status or state.exit)
    if state.status == "ended":
        return state
    state = replace(state, duration_s=_duration(state, now))
    if life == "ended":
        state = replace(state, status="finishing", duration_s=(state.exit or {}).get("duration_s"))
        return state if supervised else _without_supervisor(state, "nobody judges how this run ended")
    if life in ("unknown-end", "elsewhere") and not supervised:
        where = f" on {state.host}" if state.host and state.host != host_name() else ""
        started = "it is gone" if state.started else "it never started"
        return replace(
            state, status="ended", reason="lost", sentence=f"{started}{where} and nobody wrote how it ended"
        )
    if life == "left-behind":
        gone = "its process is gone, exit unknown; a process that it left behind still runs"
        state = replace(state, blind=(*state.blind, ("process", gone)))
    if supervised:
        return state
    starting = life == "starting"
    return _without_supervisor(
        state, "nobody carries on the launch of this run" if starting else "no supervisor watches this run"
    )


def _without_supervisor(state: RunState, why: str) -> RunState:
    return replace(state, blind=(*state.blind, ("supervisor", why)))


def observe(run: RunFolder) -> RunState:
    """The state of a run, read from its folder now."""
    state = first_state(run, run.request())
    # Looked at before the events are read: an `ended` that is written meanwhile is then seen, never missed.
    supervised = bool(is_locked(run.supervisor_lock))
    life = life_of(run)
    for event in read_events(run.events):
        state = fold(state, event)
    return settle(state, life, read_json(run.exit_json), supervised, utc_stamp(datetime.now(UTC)))


def _duration(state: RunState, now: str) -> float | None:
    if state.exit and state.exit.get("duration_s") is not None:
        return float(state.exit["duration_s"])
    return seconds_between(state.started, now) if state.started else None


def _started(state: RunState, event: Event) -> RunState:
    return replace(state, status="running", started=event.get("at") or event["time"], pid=event.get("pid"))


def _status(status: Status) -> Any:
    return lambda state, event: replace(state, status=status)


def _exited(state: RunState, event: Event) -> RunState:
    details = {key: value for key, value in event.items() if key not in ("time", "kind")}
    duration = details.get("duration_s", state.duration_s)
    return replace(state, status="finishing", exit=details, duration_s=duration)


def _ended(state: RunState, event: Event) -> RunState:
    exit_status = state.exit or {}
    return replace(
        state,
        status="ended",
        reason=event.get("reason", "failed"),
        sentence=event.get("sentence", ""),
        ended=exit_status.get("ended") or event["time"],
        duration_s=exit_status.get("duration_s", state.duration_s),
        blind=(),
        unread=str(event.get("unread") or ""),
    )


def _incident(state: RunState, event: Event) -> RunState:
    incident = Incident.from_dict(event["incident"])
    others = [i for i in state.incidents if i.id != incident.id]
    at = next((n for n, i in enumerate(state.incidents) if i.id == incident.id), len(others))
    return replace(state, incidents=(*others[:at], incident, *others[at:]))


def _blind(state: RunState, event: Event) -> RunState:
    rest = tuple(pair for pair in state.blind if pair[0] != event.get("source"))
    if event["kind"] == "sighted":
        return replace(state, blind=rest)
    return replace(state, blind=(*rest, (event.get("source", "?"), event.get("why", ""))))


def _gates(state: RunState, event: Event) -> RunState:
    return replace(state, gates=tuple(GateResult.from_dict(result) for result in event.get("results", ())))


def _forecast(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        forecast=Forecast(
            float(event["seconds_low"]),
            float(event["seconds_high"]),
            event.get("memory_low"),
            event.get("memory_high"),
            event.get("basis", ""),
        ),
    )


def _diary(state: RunState, event: Event) -> RunState:
    return replace(state, diary=(*state.diary, (int(event["entry"]), event.get("incident", ""))))


def _skipped(state: RunState, event: Event) -> RunState:
    return replace(state, skipped=(*state.skipped, (event.get("phase", "quick"), event.get("why", ""))))


def _continued(state: RunState, event: Event) -> RunState:
    return replace(state, status="running", paused_s=state.paused_s + float(event.get("paused_s", 0.0)))


def _history(state: RunState, event: Event) -> RunState:
    own = event["format"] == "own"
    return replace(state, history="" if own else told_as(event["source"], event["format"]))


def told_as(source: str, format: str) -> str:
    """Where metrics are taken from, in words."""
    return f"{source} ({format})"


def _restart(state: RunState, event: Event) -> RunState:
    return replace(state, called_off=bool(event.get("by_user")))


_STEPS: dict[str, Any] = {
    "started": _started,
    "paused": _status("paused"),
    "continued": _continued,
    "stopping": _status("stopping"),
    "exited": _exited,
    "ended": _ended,
    "incident": _incident,
    "blind": _blind,
    "sighted": _blind,
    "gates": _gates,
    "forecast": _forecast,
    "diary": _diary,
    "phase-skipped": _skipped,
    "history": _history,
    "restart": _restart,
}
