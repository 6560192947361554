"""A fault of ours costs the sight of one source, never the supervision."""

import math

import pytest

from trainer_tui.runs.state import observe
from trainer_tui.supervise import historywatch, sight, supervisor
from trainer_tui.supervise.launch import prepare_run


class Refusing:
    """Something that raises at every row, as a statistic may that nobody thought through."""

    def __init__(self, *settings):
        pass

    def feed(self, *_):
        raise OverflowError("too large")


@pytest.fixture
def here(lab):
    """A supervisor in this process, for a run whose script is `body`."""

    def make(body):
        lab.script(body)
        run = prepare_run(lab.model, lab.plan(), "full")
        return supervisor.RunSupervisor(lab.model, run, run.request())

    return make


def test_a_statistic_that_raises_blinds_its_source_and_no_more(lab, here, monkeypatch, capsys):
    monkeypatch.setattr(historywatch, "RedFlags", Refusing)
    s = here("good()\nfor n in range(9):\n    log(n, 1 / (n + 1)); time.sleep(0.05)\n")
    state = s.supervise()
    assert state.passed, lab.report()
    blind = lab.events(s.run, "blind")
    assert [event["source"] for event in blind] == ["history"] and "OverflowError" in blind[0]["why"]
    assert not lab.events(s.run, "sighted"), "it must not flicker"
    assert capsys.readouterr().err.count("Traceback") == 1


@pytest.mark.parametrize(
    ("part", "name", "source"),
    [("log", "look", "log"), ("stall", "look", "stall"), ("controls", "obey", "control")],
)
def test_each_part_may_fail(lab, here, monkeypatch, part, name, source):
    s = here("good()\nreach('ready'); wait_for('go')\n")

    def fail(*_):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(getattr(s, part), name, fail)
    emit = s.emit

    def note(kind, **fields):
        emit(kind, **fields)
        if fields.get("source") == source:
            lab.allow("go")

    monkeypatch.setattr(s, "emit", note)
    state = s.supervise()
    assert state.over and source in [event["source"] for event in lab.events(s.run, "blind")]


def test_judging_that_fails_ends_as_failed(lab, here, monkeypatch):
    def fail(_):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(supervisor, "finish", fail)
    monkeypatch.setattr(supervisor, "SECOND_S", 0.05)
    state = here("good()\n").supervise()
    assert state.reason == "failed" and "RuntimeError: a fault of ours" in state.sentence


def test_a_source_that_works_again_is_seen_again(lab, here, monkeypatch):
    s = here("good()\n")
    s.sight.call("x", lambda: 1 / 0, None)
    assert s.sight.call("x", lambda: 2, None) == 2 and s.sight.why("x")
    s.see("x", "")
    assert s.sight.why("x"), "what it says of itself inside a call that fails counts for nothing"
    monkeypatch.setattr(sight, "WELL_AFTER_S", 0.0)
    s.sight.call("x", lambda: 2, None)
    assert not s.sight.why("x") and observe(s.run).blind == (("supervisor", observe(s.run).blind[0][1]),)


def test_what_is_owed_may_fail_in_any_way_and_is_tried_again(lab, here):
    s = here("good()\n")
    tries = []

    def act():
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("torn")

    s.attempt("diary", "cannot", act)
    assert "ValueError" in s.sight.why("diary")
    s.sight.pay()
    s.sight.pay()
    s.sight.pay()
    assert len(tries) == 3 and not s.sight.why("diary")


def test_nothing_leaves_an_ended_run_blind(lab, here, capsys):
    s = here("good()\n")
    assert s.supervise().passed
    s.see("diary", "the diary cannot be written")
    assert observe(s.run).blind == () and not s.state.blind
    assert "the diary cannot be written" in capsys.readouterr().err


def test_a_history_that_cannot_be_read_on_keeps_nobody(lab, here, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    s = here("good()\n")
    monkeypatch.setattr(historywatch.HistoryWatch, "behind", True)
    monkeypatch.setattr(s.history, "poll", refuse)
    assert not s.read_history(0.0, math.inf) and "Permission denied" in s.sight.why("history")
