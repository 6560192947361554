"""The state of a run: a fold over its events, its exit status and who is alive. There is no other state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from trainer_tui.runs.clock import seconds_between, utc_stamp
from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.exit_document import as_exit, read_exit
from trainer_tui.runs.files import is_locked
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import Life, host_name, life_of, running_s
from trainer_tui.runs.schema import SCHEMA, is_newer, told_as_newer
from trainer_tui.runs.typed import is_number, is_whole
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
    """Of the process, by the monotonic clock; by wall time only while it runs on another machine."""
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
    version: int = SCHEMA
    """Of the run folder: see `runs.schema`."""
    called_off: bool = False
    """A user called off the automatic restart that was to follow."""
    restart_told: bool = False
    """It was said whether an automatic restart follows."""

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
        return replace(state, version=run.version() or SCHEMA)
    return replace(
        state,
        watch=request.watch,
        attempt=request.attempt,
        created=request.created,
        host=request.host,
        version=request.schema,
    )


def fold(state: RunState, event: Event) -> RunState:
    """The state after one more event; events of a newer version change nothing."""
    step = _STEPS.get(event["kind"])
    try:
        return step(state, event) if step else state
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return state  # the kind is known, its fields are another version's


def settle(
    state: RunState,
    life: Life,
    exit_status: dict[str, Any] | None,
    supervised: bool,
    now: str,
    running: float | None = None,
) -> RunState:
    """The folded state in the light of who is alive: the kernel's word outweighs what events claim.

    `now`: UTC; `running`: seconds since the process began, where a clock tells that nobody sets.
    """
    state = replace(state, supervised=supervised, exit=exit_status or state.exit)
    if state.status == "ended":
        return state
    state = replace(state, duration_s=_duration(state, now, running))
    if is_newer(state.version):
        unknown = f"{told_as_newer(state.version)}: what is new in it is not shown"
        state = replace(state, blind=(*state.blind, ("version", unknown)))
    if life == "ending":
        state = replace(state, status="finishing")  # a zombie, until its shim has taken its exit status
    elif life == "ended":
        state = replace(state, status="finishing", duration_s=(state.exit or {}).get("duration_s"))
    if life in ("ending", "ended"):
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
    if life == "unseen":
        state = replace(state, blind=(*state.blind, ("process", UNSEEN)))
    if supervised:
        return state
    starting = life == "starting"
    return _without_supervisor(
        state, "nobody carries on the launch of this run" if starting else "no supervisor watches this run"
    )


UNSEEN = "whether its process lives cannot be looked at: no file can be opened here"


def _without_supervisor(state: RunState, why: str) -> RunState:
    return replace(state, blind=(*state.blind, ("supervisor", why)))


def observe(run: RunFolder) -> RunState:
    """The state of a run, read from its folder now."""
    state = first_state(run, run.request())
    # Looked at before the events are read: an `ended` that is written meanwhile is then seen, never missed.
    supervised = is_supervised(run)
    life = life_of(run)
    for event in read_events(run.events):
        state = fold(state, event)
    now = utc_stamp(datetime.now(UTC))
    return settle(state, life, read_exit(run.exit_json), supervised, now, running_s(run))


def is_supervised(run: RunFolder) -> bool:
    """Whether a supervisor holds the lock of the run's model, as far as one can see."""
    held = is_locked(run.supervisor_lock)
    # Where no file can be opened nobody can know: to say that nobody watches would be a false alarm.
    return held if held is not None else run.supervisor_lock.exists()


def _duration(state: RunState, now: str, running: float | None) -> float | None:
    if state.exit and state.exit.get("duration_s") is not None:
        return float(state.exit["duration_s"])
    if running is not None:
        return running
    return seconds_between(state.started, now) if state.started else None


def _text(event: Event, name: str, default: str = "") -> str:
    """A text of an event; what is none is as good as absent."""
    value = event.get(name, default)
    return value if isinstance(value, str) else default


def _size(event: Event, name: str) -> float | None:
    value = event.get(name)
    return value if is_number(value) else None


def _started(state: RunState, event: Event) -> RunState:
    at, pid = event.get("at"), event.get("pid")
    return replace(
        state,
        status="running",
        started=at if isinstance(at, str) and at else event["time"],
        pid=pid if is_whole(pid) else None,
    )


def _status(status: Status) -> Any:
    return lambda state, event: replace(state, status=status)


def _exited(state: RunState, event: Event) -> RunState:
    details = as_exit(event)
    duration = details.get("duration_s", state.duration_s)
    return replace(state, status="finishing", exit=details, duration_s=duration)


def _ended(state: RunState, event: Event) -> RunState:
    exit_status = state.exit or {}
    return replace(
        state,
        status="ended",
        reason=_text(event, "reason", "failed"),
        sentence=_text(event, "sentence"),
        ended=exit_status.get("ended") or event["time"],
        duration_s=exit_status.get("duration_s", state.duration_s),
        blind=(),
        unread=_text(event, "unread"),
    )


def _incident(state: RunState, event: Event) -> RunState:
    incident = Incident.from_dict(event["incident"])
    others = [i for i in state.incidents if i.id != incident.id]
    at = next((n for n, i in enumerate(state.incidents) if i.id == incident.id), len(others))
    return replace(state, incidents=(*others[:at], incident, *others[at:]))


def _blind(state: RunState, event: Event) -> RunState:
    source = _text(event, "source", "?")
    rest = tuple(pair for pair in state.blind if pair[0] != source)
    if event["kind"] == "sighted":
        return replace(state, blind=rest)
    return replace(state, blind=(*rest, (source, _text(event, "why"))))


def _gates(state: RunState, event: Event) -> RunState:
    return replace(state, gates=tuple(GateResult.from_dict(result) for result in event.get("results", ())))


def _forecast(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        forecast=Forecast(
            float(event["seconds_low"]),
            float(event["seconds_high"]),
            _size(event, "memory_low"),
            _size(event, "memory_high"),
            _text(event, "basis"),
        ),
    )


def _diary(state: RunState, event: Event) -> RunState:
    return replace(state, diary=(*state.diary, (int(event["entry"]), _text(event, "incident"))))


def _skipped(state: RunState, event: Event) -> RunState:
    return replace(state, skipped=(*state.skipped, (_text(event, "phase", "quick"), _text(event, "why"))))


def _continued(state: RunState, event: Event) -> RunState:
    paused = event.get("paused_s", 0.0)
    seconds = max(0.0, float(paused)) if is_number(paused) else 0.0
    return replace(state, status="running", paused_s=state.paused_s + seconds)


def _history(state: RunState, event: Event) -> RunState:
    own = event["format"] == "own"
    told = told_as(_text(event, "source"), _text(event, "format"))
    return replace(state, history="" if own else told)


def told_as(source: str, format: str) -> str:
    """Where metrics are taken from, in words."""
    return f"{source} ({format})"


def _restart(state: RunState, event: Event) -> RunState:
    return replace(state, called_off=bool(event.get("by_user")), restart_told=True)


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
