"""The state of a run: a fold over its events, and what the kernel says to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.events import KINDS
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.process import Life, host_name
from trainer_tui.runs.state import Forecast, RunState, first_state, fold, observe, settle
from trainer_tui.runs.verdict import REASONS, GateResult

T0, T1, T2 = (f"2026-01-25T14:0{n}:00.000Z" for n in range(3))
FIELDS = ("pid", "at", "incident", "results", "seconds_low", "seconds_high", "entry", "source", "paused_s")
anything = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=3),
    st.lists(st.integers() | st.text(max_size=2), max_size=2),
    st.dictionaries(st.sampled_from(["id", "name", "frames"]), st.integers() | st.none(), max_size=3),
)
FIRST = RunState("model_3/001-full", "model_3", 1, "full")


def folded(*events: dict[str, Any], state: RunState = FIRST) -> RunState:
    for event in events:
        state = fold(state, {"time": T0, **event})
    return state


def incident(identity: str, severity: Any = "error", fate: Any = "suspected") -> Incident:
    return Incident(identity, severity, "exception", "ValueError: no", fate=fate)


def saw(*incidents: Incident) -> RunState:
    return folded(*({"kind": "incident", "incident": one.to_dict()} for one in incidents))


# Each kind of event


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        ({"kind": "started", "pid": 5}, {"status": "running", "started": T0, "pid": 5}),
        ({"kind": "started", "pid": 5, "at": T1}, {"status": "running", "started": T1, "pid": 5}),
        ({"kind": "paused", "why": "user"}, {"status": "paused"}),
        ({"kind": "continued", "paused_s": 2.5}, {"status": "running", "paused_s": 2.5}),
        ({"kind": "stopping", "why": "user"}, {"status": "stopping"}),
        ({"kind": "blind", "source": "log", "why": "denied"}, {"blind": (("log", "denied"),)}),
        ({"kind": "diary", "entry": 4, "incident": "x"}, {"diary": ((4, "x"),)}),
        ({"kind": "phase-skipped", "phase": "quick", "why": "ran"}, {"skipped": (("quick", "ran"),)}),
        ({"kind": "restart", "by_user": True}, {"called_off": True, "restart_told": True}),
        ({"kind": "restart", "attempt": 2}, {"restart_told": True}),
        (
            {"kind": "gates", "results": [{"name": "exit", "state": "passed", "sentence": "0"}]},
            {"gates": (GateResult("exit", "passed", "0"),)},
        ),
        (
            {"kind": "forecast", "seconds_low": 1, "seconds_high": 2, "memory_low": 3, "memory_high": 4},
            {"forecast": Forecast(1, 2, 3, 4, "")},
        ),
        ({"kind": "exited", "code": 3, "duration_s": 7}, {
            "status": "finishing", "exit": {"code": 3, "duration_s": 7}, "duration_s": 7}),
        ({"kind": "ended", "reason": "passed", "sentence": "s"}, {
            "status": "ended", "reason": "passed", "sentence": "s", "ended": T0}),
        *(({"kind": kind, "why": "x"}, {}) for kind in (
            "supervisor", "launched", "cursor", "log", "control", "left-behind", "note", "sighted")),
    ],
)  # fmt: skip
def test_what_an_event_changes(event: dict[str, Any], changed: dict[str, Any]) -> None:
    state = folded(event)
    different = {
        name: getattr(state, name) for name in FIRST.__slots__ if getattr(state, name) != getattr(FIRST, name)
    }
    assert different == changed


def test_an_unknown_kind_changes_nothing() -> None:
    assert folded({"kind": "teleported", "status": "ended"}) == FIRST


@pytest.mark.parametrize("kind", [*KINDS, "teleported"])
@given(fields=st.dictionaries(st.sampled_from(FIELDS), anything))
def test_fields_of_another_version_never_raise(kind: str, fields: dict[str, Any]) -> None:
    fold(FIRST, {"time": T0, "kind": kind, **fields})


def test_a_whole_run() -> None:
    state = folded(
        {"kind": "supervisor", "pid": 1},
        {"kind": "launched", "shim_pid": 2},
        {"kind": "started", "pid": 3, "at": T0},
        {"kind": "blind", "source": "gpu", "why": "hangs"},
        {"kind": "paused"},
        {"kind": "continued", "paused_s": 2},
        {"kind": "paused"},
        {"kind": "continued", "paused_s": 3},
    )
    assert (state.status, state.alive, state.paused_s, state.blind) == (
        "running",
        True,
        5,
        (("gpu", "hangs"),),
    )
    state = folded(
        {"kind": "exited", "code": 0, "ended": T2, "duration_s": 119.5},
        {"kind": "ended", "reason": "passed", "sentence": "all well"},
        state=state,
    )
    assert (state.over, state.passed, state.alive, state.exit_code) == (True, True, False, 0)
    assert (state.ended, state.duration_s, state.blind) == (T2, 119.5, ())


def test_an_end_without_a_reason_is_a_failure() -> None:
    state = folded({"kind": "ended"})
    assert (state.reason, state.exit_code) == ("failed", 1)
    assert folded({"kind": "ended", "reason": "bewitched"}).exit_code == 1
    assert [folded({"kind": "ended", "reason": name}).exit_code for name in REASONS] == [
        reason.exit_code for reason in REASONS.values()
    ]


def test_blind_until_sighted() -> None:
    state = folded(
        {"kind": "blind", "source": "log", "why": "a"},
        {"kind": "blind", "source": "gpu", "why": "b"},
        {"kind": "blind", "source": "log", "why": "c"},
    )
    assert state.blind == (("gpu", "b"), ("log", "c"))
    assert folded({"kind": "sighted", "source": "gpu"}, state=state).blind == (("log", "c"),)


def test_the_same_incident_again_changes_its_fate_in_its_place() -> None:
    state = saw(incident("a"), incident("b"), incident("a", fate="recovered"))
    assert [(i.id, i.fate) for i in state.incidents] == [("a", "recovered"), ("b", "suspected")]


@pytest.mark.parametrize(
    ("incidents", "shown"),
    [
        ([], None),
        ([incident("a", "warning"), incident("b", "notice")], None),
        ([incident("a"), incident("b")], "b"),
        ([incident("a", fate="confirmed"), incident("b", fate="confirmed"), incident("c")], "a"),
        ([incident("a", fate="recovered")], None),
    ],
)
def test_the_failure_to_show_first(incidents: list[Incident], shown: str | None) -> None:
    failure = saw(*incidents).failure
    assert (failure.id if failure else None) == shown


# Who is alive has the last word

RUNNING = folded({"kind": "started", "pid": 5, "at": T0})


@pytest.mark.parametrize("life", ["starting", "running"])
def test_a_run_without_a_supervisor_is_not_green(life: Life) -> None:
    assert settle(RUNNING, life, None, True, T1).blind == ()
    state = settle(RUNNING, life, None, False, T1)
    assert (state.status, state.supervised) == ("running", False)
    assert [source for source, _ in state.blind] == ["supervisor"]


def test_a_process_that_has_ended_does_not_run_while_its_shim_is_held_up() -> None:
    assert settle(RUNNING, "ending", None, True, T1).status == "finishing"
    state = settle(RUNNING, "ending", None, False, T1)
    assert (state.alive, state.duration_s) == (False, 60)
    assert state.blind == (("supervisor", "nobody judges how this run ended"),)


@pytest.mark.parametrize("life", ["unknown-end", "elsewhere"])
def test_what_nobody_knows_the_end_of_is_lost(life: Life) -> None:
    state = settle(RUNNING, life, None, False, T1)
    assert (state.status, state.reason, state.exit_code) == ("ended", "lost", 5)
    assert state.sentence == "it is gone and nobody wrote how it ended"
    assert settle(FIRST, life, None, False, T1).sentence == "it never started and nobody wrote how it ended"
    assert settle(RUNNING, life, None, True, T1).status == "running", "its supervisor is about to say so"


def test_lost_on_another_machine_says_where() -> None:
    state = RunState("m/001-full", "m", 1, "full", status="running", started=T0, host="gpu02")
    assert " on gpu02 " in settle(state, "elsewhere", None, False, T1).sentence
    state = RunState("m/001-full", "m", 1, "full", status="running", started=T0, host=host_name())
    assert " on " not in settle(state, "unknown-end", None, False, T1).sentence


def test_an_ended_process_waits_for_its_verdict() -> None:
    status = {"code": 0, "duration_s": 42.5}
    state = settle(RUNNING, "ended", status, True, T1)
    assert (state.status, state.alive, state.exit, state.duration_s) == ("finishing", False, status, 42.5)
    assert state.blind == ()
    assert settle(RUNNING, "ended", status, False, T1).blind == (
        ("supervisor", "nobody judges how this run ended"),
    )


def test_durations_by_wall_time_while_it_runs() -> None:
    assert settle(RUNNING, "running", None, True, T2).duration_s == 120
    assert settle(FIRST, "starting", None, True, T2).duration_s is None
    assert settle(RUNNING, "ending", {"duration_s": 9}, True, T2).duration_s == 9


def test_a_judged_run_stays_as_it_was_judged() -> None:
    ended = folded({"kind": "ended", "reason": "passed"}, state=RUNNING)
    for life in ("running", "unknown-end", "elsewhere", "ended"):
        state = settle(ended, life, None, False, T2)  # type: ignore[arg-type]
        assert (state.status, state.reason, state.blind) == ("ended", "passed", ())


# From the folder


def test_the_first_state(model: ModelFolder, make_run: Callable[..., RunFolder]) -> None:
    run = make_run("quick", watch=0)
    state = first_state(run, run.request())
    assert (state.name, state.watch, state.host) == ("model_3/001-quick", 0, host_name())
    assert first_state(run, None).watch == 1


@pytest.mark.usefixtures("supervised")
def test_a_run_observed_through_its_life(run: RunFolder, job: Any, record: Any) -> None:
    assert observe(run).status == "starting"
    job.start()
    record(run, {"kind": "started", "pid": 5, "at": T0})
    state = observe(run)
    assert (state.status, state.supervised, state.blind) == ("running", True, ())
    job.kill()
    job.end_shim({"code": None, "signal": 9, "duration_s": 3.0})
    state = observe(run)
    assert (state.status, state.duration_s) == ("finishing", 3.0)
    record(run, {"kind": "exited", "signal": 9, "duration_s": 3.0}, {"kind": "ended", "reason": "signal"})
    state = observe(run)
    assert (state.status, state.reason, state.duration_s) == ("ended", "signal", 3.0)


def test_events_that_claim_it_runs_do_not_make_it_run(run: RunFolder, job: Any, record: Any) -> None:
    job.start()
    record(run, {"kind": "started", "pid": 5, "at": T0})
    state = observe(run)
    assert (state.status, state.supervised) == ("running", False)
    assert state.blind == (("supervisor", "no supervisor watches this run"),)
    job.kill()
    assert observe(run).status == "finishing", "its shim is about to write how it ended"
    job.end_shim()
    assert (observe(run).status, observe(run).reason) == ("ended", "lost")


def test_a_launch_that_nobody_carries_on(run: RunFolder) -> None:
    assert observe(run).blind == (("supervisor", "nobody carries on the launch of this run"),)


def test_damaged_files_leave_a_state(run: RunFolder) -> None:
    run.run_json.write_bytes(b"\0")
    run.events.write_bytes(b'\0\n{"kind": "started"}\n{"kind": "started", "time": "soon", "pid": 1}\n{')
    replace_json(run.exit_json, ["no object"])
    state = observe(run)
    assert (state.name, state.status, state.duration_s) == ("model_3/001-full", "finishing", None)


@pytest.mark.parametrize(
    ("reason", "tone"),
    [("passed", "good"), ("skipped", "neutral"), ("preempted", "neutral"), ("lost", "bad"), ("newer", "bad")],
)
def test_an_end_has_a_tone(reason: str, tone: str) -> None:
    assert RunState("m/1", "m", 1, "quick", status="ended", reason=reason).tone == tone
    assert RunState("m/1", "m", 1, "quick", reason=reason).tone == "neutral"
