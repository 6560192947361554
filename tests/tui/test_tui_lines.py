"""State line, phase chain, alerts, signals: texts from pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from trainer_tui.runs.follow import Progress
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.occasions import has_failed
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import Forecast, RunState
from trainer_tui.runs.verdict import GateResult
from trainer_tui.supervise.revival import Revival
from trainer_tui.tui.gauges import growth
from trainer_tui.tui.headlines import alert_lines, chain_line, state_line, status_piece
from trainer_tui.tui.pictures import Beat, LogPicture, Notice, RunPicture, merged
from trainer_tui.tui.requests import request_of_key
from trainer_tui.tui.screens.texts import stack_text
from trainer_tui.tui.signals import signals_of

NOW = datetime(2026, 1, 25, 14, 2, 11, tzinfo=UTC)
PLAN = WatchPlan(model="model_3", command=("python",), cwd=".", root=".")
QUICK = RunState(
    "model_3/006-quick", "model_3", 6, "quick", status="ended", reason="passed", duration_s=131.0,
    gates=(GateResult("exit", "passed", "exit 0"),), forecast=Forecast(10000, 12000, None, None, ""),
)  # fmt: skip


def picture(elapsed: float = 6130.0, progress: Progress | None = None, **state: Any) -> RunPicture:
    values: dict[str, Any] = {"status": "running", "host": "gpu01", "supervised": True, **state}
    blind = values.pop("blind", ())
    run = RunState("model_3/007-full", "model_3", 7, "full", **values)
    return RunPicture(run, (QUICK,), PLAN, progress, blind, elapsed_s=elapsed, seen_at=0.0)


def text(pieces: list[tuple[str, Any]]) -> str:
    return "".join(part for part, _ in pieces)


ERROR = Incident(
    "i", "error", "nan-loss", "RuntimeError: NaN [/x]", line=1081, frames=("a.py:1 in f", "t.py:88 in g")
)


def test_the_state_line_tells_what_runs_and_for_how_long() -> None:
    line = text(state_line(picture(progress=Progress(1080, 2000)), "demo", "model_3", "", NOW, 0.0, 140))
    assert "model_3 #7 full (5B)  ● running  1:42:10 of about 3 h 09 min" in line
    assert line.rstrip().endswith("14:02:11  gpu01")
    assert len(line) == 140


def test_before_any_progress_the_forecast_is_what_is_known() -> None:
    line = text(state_line(picture(elapsed=60), "demo", "model_3", "", NOW, 0.0, 140))
    assert "of about 2 h 47 min to 3 h 20 min" in line


def test_the_first_steps_say_less_than_the_forecast() -> None:
    line = text(state_line(picture(60, Progress(2, 2000)), "demo", "model_3", "", NOW, 0.0, 140))
    assert "of about 2 h 47 min to 3 h 20 min" in line


@pytest.mark.parametrize(
    ("state", "sign", "tone"),
    [
        ({}, "●", "good"),
        ({"status": "paused"}, "‖", "warning"),
        ({"blind": (("log", "unreadable"),)}, "◌", "blind"),
        ({"incidents": (ERROR,)}, "▲", "warning"),
        ({"incidents": (ERROR.with_fate("confirmed"),)}, "✘", "bad"),
        ({"incidents": (ERROR.with_fate("recovered"),)}, "●", "good"),
        ({"status": "ended", "reason": "passed"}, "✔", "good"),
        ({"status": "ended", "reason": "nan-loss"}, "✘", "bad"),
        ({"status": "ended", "reason": "lost"}, "?", "blind"),
        ({"status": "ended", "reason": "stopped-by-user"}, "■", "warning"),
    ],
)
def test_every_state_has_its_sign(state: dict[str, Any], sign: str, tone: str) -> None:
    words, found = status_piece(picture(**state))
    assert (words[0], found) == (sign, tone)


def test_a_confirmed_failure_promises_no_end() -> None:
    failed = picture(progress=Progress(1080, 2000), incidents=(ERROR.with_fate("confirmed"),))
    assert "about" not in text(state_line(failed, "demo", "model_3", "", NOW, 0.0, 140))
    assert "left" not in text(chain_line(failed, 0.0, 140))


@given(st.integers(1, 200), st.text(max_size=30), st.sampled_from(["running", "ended", "starting"]))
def test_no_width_and_no_name_breaks_the_lines(width: int, name: str, status: str) -> None:
    any_picture = picture(status=status, reason="passed", host=name, progress=Progress(3, 10))
    line = text(state_line(any_picture, name, name, "", NOW, 0.0, width))
    assert "\n" not in line
    assert "\x1b" not in line
    chain = text(chain_line(any_picture, 0.0, width))
    if width >= 60:
        assert cell_len(chain) <= width


def test_the_chain_shows_phases_progress_and_gates() -> None:
    line = text(chain_line(picture(progress=Progress(1080, 2000)), 0.0, 120))
    assert line.startswith(" 5A quick ✔ 2:11 ── gate ✔ ── 5B full ━━━")
    assert "1080/2000 1 h 27 min left ── gates" in line


def test_a_skipped_quick_phase_is_named() -> None:
    run = RunPicture(picture(skipped=(("quick", "trivial change"),)).state, (), PLAN)
    assert "5A quick – skipped ── 5B full" in text(chain_line(run, 0.0, 120))


def test_a_failure_says_what_where_and_how_to_write_it_up() -> None:
    (line,) = alert_lines(picture(incidents=(ERROR.with_fate("confirmed"),), diary=((4, "i"),)), None)
    assert text(line) == " ✘ RuntimeError: NaN [/x]  t.py:88 in g  e: diary entry #4  log line 1081"


def test_what_the_failure_says_is_not_said_twice() -> None:
    confirmed = ERROR.with_fate("confirmed")
    over = picture(
        status="ended", reason="nan-loss", sentence=f"it raised {ERROR.message}", incidents=(confirmed,)
    )
    assert len(alert_lines(over, None)) == 1
    other = picture(status="ended", reason="gate-failed", sentence="1 of 6 gates failed")
    assert text(alert_lines(other, None)[0]) == " ✘ gate-failed: 1 of 6 gates failed"


def test_blindness_and_a_stalled_reader_are_said() -> None:
    lines = alert_lines(picture(blind=(("machine", "no sample for 12 s"),)), 13.0)
    assert [text(line) for line in lines] == [
        " ◌ blind (machine): no sample for 12 s",
        " ◌ blind (screen): nothing could be read for 13 s",
    ]


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"time": "2026-01-25T13:58:00.000Z", "kind": kind, **fields}


def test_an_incident_stands_once_with_its_latest_fate_newest_first() -> None:
    suspected, confirmed = ERROR.to_dict(), ERROR.with_fate("confirmed").to_dict()
    found = signals_of(
        [
            event("incident", incident=suspected),
            event("note", text="x"),
            event("incident", incident=confirmed),
        ]
    )
    assert [(s.sign, s.text) for s in found] == [("✘", "nan-loss: RuntimeError: NaN [/x]"), ("·", "note: x")]
    assert signals_of([event("incident", incident=suspected)])[0].sign == "▲"


KINDS = ["incident", "gates", "forecast", "restart", "left-behind", "ended", "note", "new-kind"]


@given(st.sampled_from(KINDS),
       st.dictionaries(st.sampled_from(["incident", "results", "seconds_low", "processes", "reason", "text"]),
                       st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers()))))  # fmt: skip
def test_no_event_can_break_the_signals(kind: str, fields: dict[str, Any]) -> None:
    for signal in signals_of([event(kind, **fields)]):
        assert "\x1b" not in signal.text


def test_gates_that_wait_and_the_forecast_as_signals() -> None:
    results = [{"name": "a", "state": "open", "sentence": "2 of 3"}, {"name": "b", "state": "passed"}]
    found = signals_of(
        [event("gates", results=results), event("forecast", text="about 1:00:00 to 2:00:00", warning="")]
    )
    assert [(s.sign, s.text) for s in found] == [
        ("·", "forecast of the full run: about 1:00:00 to 2:00:00"),
        ("▲", "gates wait for you: a"),
    ]


def test_the_end_says_what_the_gates_decided() -> None:
    results = [{"name": "a", "state": "failed", "sentence": "2 of 3"}]
    found = signals_of(
        [event("gates", results=results), event("ended", reason="gate-failed", sentence="a: 2 of 3")]
    )
    assert [s.text for s in found] == ["gate-failed: a: 2 of 3"]


@pytest.mark.parametrize(
    ("reason", "sign", "tone", "failed"),
    [
        ("passed", "✔", "good", False),
        ("skipped", "■", "warning", False),
        ("stopped-by-user", "■", "warning", False),
        ("time-limit", "■", "warning", False),
        ("nan-loss", "✘", "bad", True),
        ("of-a-newer-version", "✘", "bad", True),
        ("lost", "?", "blind", True),
    ],
)
def test_an_end_looks_as_it_is_meant(reason: str, sign: str, tone: str, failed: bool) -> None:
    run = picture(status="ended", reason=reason)
    assert status_piece(run) == (f"{sign} {reason}", tone)
    assert signals_of([event("ended", reason=reason)])[0].tone == tone
    assert has_failed(run.state) is failed


def test_only_what_can_be_obeyed_is_offered() -> None:
    def offered(**fields: Any) -> list[str]:
        state = replace(picture().state, **fields)
        found = [request_of_key(key, state) for key in ("pause", "stop", "skip", "note")]
        return [request for request in found if request is not None]

    assert offered(phase="quick", status="starting") == ["stop", "skip", "note"]
    assert offered(phase="quick", status="running") == ["pause", "stop", "skip", "note"]
    assert offered(phase="quick", status="paused") == ["resume", "stop", "skip", "note"]
    assert offered(phase="full", status="running") == ["pause", "stop", "note"]
    assert offered(phase="quick", status="stopping") == ["stop", "note"]
    assert offered(status="ended", reason="passed") == []


def silence(identity: str, fate: str, **fields: Any) -> Incident:
    values = {"severity": "warning", "kind": "hang", "message": "no step for 60 s", "source": "silence"}
    return Incident.from_dict({"id": identity, "fate": fate, **values, **fields})


def test_the_stacks_of_the_newest_silence_are_shown_even_after_it_recovered() -> None:
    log = Incident(id="l", severity="error", kind="exception", message="it raised", excerpt="Traceback")
    old = silence("a", "recovered", excerpt="old (a.py:1)")
    new = silence("b", "recovered", excerpt="new (b.py:2)\n\x1b[2Jdeeper (c.py:3)")
    newest = silence("c", "suspected")  # whose stacks are being taken
    shown = stack_text(picture(incidents=(old, new, newest, log)).state)
    assert shown is not None
    assert shown.plain.splitlines()[0] == "no step for 60 s (recovered)"
    assert shown.plain.splitlines()[-2:] == ["new (b.py:2)", "deeper (c.py:3)"]
    assert stack_text(picture(incidents=(newest, log)).state) is None


def test_merging_loses_no_log_line_and_keeps_the_newest_picture() -> None:
    one = Beat(run=picture(), log=LogPicture(("a",), "par", fresh=True), notices=(Notice("x"),))
    two = Beat(run=picture(status="paused"), log=LogPicture(("b",), "part"), notices=(Notice("y"),))
    both = merged(merged(None, one), two)
    assert both.run == two.run
    assert both.log == LogPicture(("a", "b"), "part", fresh=True)
    assert [n.text for n in both.notices] == ["x", "y"]
    assert merged(both, Beat(log=LogPicture(("c",), fresh=True))).log == LogPicture(("c",), fresh=True)


def test_a_dead_supervisor_is_started_again_three_times_a_minute() -> None:
    calls: list[float] = []
    revival = Revival(lambda: calls.append(now))
    for tenth in range(900):
        now = tenth / 10
        assert revival.look(False, now)
    assert calls[0] == 2.0
    assert len([c for c in calls if c < 60]) == 3
    assert len(calls) == 6
    assert revival.look(True, 100) == ""


def test_a_supervisor_that_cannot_be_started_is_told() -> None:
    def revive() -> None:
        raise OSError("no \x1b[31mfork")

    revival = Revival(revive)
    revival.look(False, 0.0)
    assert revival.look(False, 2.0).endswith("none could be started: no fork")


def test_start_up_is_no_growth() -> None:
    seconds = [float(t) for t in range(120)]
    ramp = [min(t, 20.0) * 1e7 for t in seconds]
    assert growth(seconds, ramp) == pytest.approx(0)
    leak = [2e8 + t * 1e6 for t in seconds]
    assert growth(seconds, leak) == pytest.approx(6e7)
    assert growth(seconds[:50], ramp[:50]) is None
