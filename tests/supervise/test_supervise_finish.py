"""The last looks at a run: what is decided, kept, published and counted when its process is gone."""

import pytest

from trainer_tui.runs.incident import Incident
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise import finish as ending
from trainer_tui.supervise.cgroup import memory
from trainer_tui.supervise.tries import tried_before
from trainer_tui.supervise.writeup import tries


@pytest.mark.parametrize("request_", ["stop", "skip"])
def test_what_was_suspected_is_decided_when_a_user_ends_it(lab, request_):
    run = lab.start(
        """
        log(1, 0.5); log(2, "nan")
        try:
            raise ValueError("in the loader")
        except ValueError:
            import traceback; traceback.print_exc()
        reach("ready")
        if PHASE == "quick":
            wait_for("never")
        """,
        phases=("quick", "full"),
    )
    lab.incident(run, "exception", "suspected")
    lab.incident(run, "nan-loss", "suspected")
    lab.ask(run, request_, why="enough")
    state = lab.ended(run)
    fates = {incident.kind: incident.fate for incident in state.incidents}
    assert fates == {"exception": "recovered", "nan-loss": "confirmed"}
    lab.finished()


def test_a_run_that_does_not_pass_publishes_nothing(lab):
    good = lab.watch("good()\n")
    published = lab.output / "results_demo.csv"
    assert good.passed and published.read_text() == "medals,rank\n3,1\n2,2\n"
    bad = [
        "results('medals\\n9\\n8\\n'); write('model_final.pkl', 'x')\n",  # no history: a gate fails
        "good(); results('medals\\n9\\n8\\n'); raise ValueError('late')\n",
    ]
    for body in bad:
        assert not lab.watch(body).passed
        assert published.read_text() == "medals,rank\n3,1\n2,2\n", "the good results stay"


def test_a_log_that_could_not_be_read_stays_unread(lab):
    run = lab.start("print('x'); reach('ready'); wait_for('go'); good()\n")
    lab.reached("ready")
    lab.event(run, "started")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    log = run.log()
    log.unlink()
    log.mkdir()
    lab.event(run, "blind", source="log")
    lab.allow("go")
    state = lab.finished()
    assert state.reason == "gate-failed" and "log cannot be read" in state.unread and not state.blind
    log.rmdir()
    log.write_text("somebody wrote something here since")
    assert ending.evaluate(run, observe(run), run.request().plan, lab.diary)[6].state == "failed"


def test_what_was_killed_near_the_limit_was_likely_out_of_memory(lab, monkeypatch):
    told = {}
    monkeypatch.setattr(ending, "classify_exit", lambda status, **more: told.update(more))

    class Book:
        def errors(self, *fates):
            return []

        def ended(self, **facts):
            told.update(facts)

    class Supervisor:
        controls = type("C", (), {"end_reason": ""})
        book, machine, state = Book(), None, RunState("m/1", "m", 1, "full")
        log = type("L", (), {"read": 0})
        sight = type("E", (), {"call": staticmethod(lambda source, act, otherwise: otherwise)})

    ending._verdict_of_process(Supervisor(), {"signal": 9})
    assert told["memory_limit_bytes"] == memory().total > 0
    Supervisor.machine = type("M", (), {"last": type("S", (), {"ram_total": 5})})
    ending._verdict_of_process(Supervisor(), {"signal": 9})
    assert told["memory_limit_bytes"] == 5


def test_tries_are_counted_since_the_last_that_passed(lab):
    failing, passing = "log(1, 1)\nraise ValueError('x')\n", "good()\n"
    for body in (failing, passing, failing, failing):
        lab.watch(body)
    runs = lab.model.runs()
    assert [len(tried_before(lab.model, run.number, "full")) for run in runs] == [0, 1, 0, 1]
    assert tries(lab.model, runs[-1]) == runs[2:]
    assert tried_before(lab.model, 5, "full") == runs[2:] and not tried_before(lab.model, 5, "quick")
    entries = lab.diary.read_text().split("## Dev Diary Entry #")
    assert len(entries) == 3, "the same failure again is an attempt in the entry of the first"
    assert "(attempt 1)" in entries[-1] and "**Test 1**" in entries[-1]


def test_the_last_of_a_flood_is_told_when_we_end_it():
    from trainer_tui.supervise.book import FLOOD_LIMIT, IncidentBook

    told = []
    book = IncidentBook([], told.append, dict)
    for n in range(FLOOD_LIMIT + 1):
        book.see(Incident(f"e{n}", "error", "exception", "x", rule="r"), rows=0, offset=0, now=0.0)
    book.ended_by_us(1.0)
    assert f"e{FLOOD_LIMIT}" in {incident.id for incident in told}
