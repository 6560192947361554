"""The pure parts that judge: results, convergence, forecast, gates, the book of incidents."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui import diary
from trainer_tui.runs.history import read_history
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import RunState, fold
from trainer_tui.runs.telemetry import COLUMNS, TelemetryReader
from trainer_tui.supervise.book import FLOOD_LIMIT, FLOOD_PERIOD_S, SILENT_PROOF_S, IncidentBook
from trainer_tui.supervise.convergence import convergence
from trainer_tui.supervise.forecast import forecast, warning
from trainer_tui.supervise.gates import GATES, evaluate, failures, open_gates
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.results import results_faults

PLAN = WatchPlan("demo", ("x",), "/", "/", min_s=7200, max_s=21600)


@pytest.fixture
def table(tmp_path):
    def write(text, name="results.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# ------------------------------------------------------------------------------ results


@pytest.mark.parametrize(
    ("text", "ranges", "faults"),
    [
        ("medals,country\n3,A\n2,B\n", {"medals": ">= 0"}, []),
        ("medals\n3\n", {}, []),
        ("medals,rank\n1,1\n1,2\n", {}, []),
        ("country\nA\nB\n", {}, ["results.csv holds no number"]),
        ("", {}, ["results.csv is empty"]),
        ("medals\n", {}, ["results.csv has no rows"]),
        ("medals\n3\n3\n3\n", {}, ["all 3 rows hold the same numbers"]),
        ("medals\n-3\n-2\n1\n", {"medals": ">= 0"}, ["medals, row 1: -3 is outside >= 0 (and 1 more)"]),
        ("medals\n3\ninf\n", {}, ["medals, row 2: inf is not finite"]),
        ("medals\n3\nNaN\n", {}, ["medals, row 2: NaN is not finite"]),
        ("a,medals\n1,\n2,4\n", {}, ["medals, row 1: empty"]),
        ("medals\n3\nmany\n", {"medals": ">= 0"}, ["medals, row 2: 'many' is not a number"]),
        ("rank\n1\n2\n", {"medals": ">= 0"}, ["the declared column medals is missing"]),
        ("a,b\n1,2\n3\n", {}, ["row 2 has 1 cells where the header has 2"]),
        ("medals\n0.5\n1.5\n", {"medals": "0 .. 1"}, ["medals, row 2: 1.5 is outside 0 .. 1"]),
        (b"med\0als\n3\n\xff4\n", {}, []),
        ("id,medals\n7,3\n9,3\n", {}, ["all 2 rows hold the same numbers"]),
        ("player_id,x\n4,3\n2,3\n", {}, ["all 2 rows hold the same numbers"]),
        (",medals\n0,3\n1,3\n", {}, ["all 2 rows hold the same numbers"]),
        ("Epoch,medals\n5,3\n6,3\n", {}, ["all 2 rows hold the same numbers"]),
        ("n,medals\n0,3\n1,3\n2,3\n", {}, ["all 3 rows hold the same numbers"]),
        ("n,medals\n0,3\n1,3\n2,4\n", {}, []),
        ("n,medals\n5,3\n6,3\n7,3\n", {}, []),
        ("id\n7\n9\n", {}, []),
        ("country,rank\nA,1\nB,2\nC,3\n", {}, []),
    ],
)
def test_results(table, text, ranges, faults):
    assert results_faults(table(text), ranges) == faults


def test_results_that_are_no_file(tmp_path):
    assert results_faults(tmp_path / "none.csv", {}) == ["results.csv was not written"]
    assert "cannot be read" in results_faults(tmp_path, {})[0]
    (tmp_path / "big.csv").write_text("a\n" + '"' + "x" * 200_000 + '"\n')
    assert "is not a table" in results_faults(tmp_path / "big.csv", {})[0]


@given(st.binary(max_size=300))
def test_results_of_any_bytes_are_judged(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("r") / "results.csv"
    path.write_bytes(data)
    assert all(isinstance(fault, str) and fault for fault in results_faults(path, {"a": ">= 0"}))


# -------------------------------------------------------------------------- convergence


def history(table, column, values, **more):
    rows = "".join(f"{n},{v}\n" for n, v in enumerate(values, 1))
    return read_history(table(f"epoch,{column}\n{rows}", more.get("name", "h.csv")))


def test_a_settled_loss_converged(table):
    found = convergence(history(table, "val_loss", [1 / 2**n for n in range(40)]), "val_loss", "")
    assert found.converged is True and "last quarter" in found.sentence


def test_a_loss_that_still_falls_did_not(table):
    found = convergence(history(table, "val_loss", [10 - n / 10 for n in range(40)]), "val_loss", "")
    assert found.converged is False


def test_a_score_that_rises_is_judged_upwards(table):
    values = [1 - 1 / 2**n for n in range(40)]
    found = convergence(history(table, "accuracy", values), "accuracy", "")
    assert found.converged is True and "best 1" in found.sentence


def test_never_better_than_at_first(table):
    found = convergence(history(table, "val_loss", [1.0, *[2.0] * 20]), "val_loss", "")
    assert found.converged is False and "never improved" in found.sentence


def test_too_little_to_judge_by(table):
    assert convergence(history(table, "val_loss", [1, 2, 3]), "val_loss", "").converged is None
    assert convergence(history(table, "speed", [1] * 20), "val_loss", "").converged is None
    falls_back = convergence(history(table, "loss", [1 / 2**n for n in range(20)]), "val_loss", "")
    assert falls_back.converged is True


def test_what_ended_in_nan_did_not_converge(table):
    fell = [1 / 2**n for n in range(20)]
    found = convergence(history(table, "val_loss", [*fell, "nan"]), "val_loss", "")
    assert found.converged is False and "nan in the last row" in found.sentence
    assert convergence(history(table, "rhat", [*fell, "inf"]), "val_loss", "rhat < 1.05").converged is False
    missing = convergence(history(table, "val_loss", fell), "val_loss", "grad < 1")
    assert missing.converged is None and "it has val_loss" in missing.sentence


def test_a_condition_of_the_models_own(table):
    rhat = history(table, "rhat", [1.4, 1.2, 1.01])
    assert convergence(rhat, "val_loss", "rhat < 1.05").converged is True
    assert convergence(rhat, "val_loss", "rhat < 1.005").converged is False
    assert "does not hold" in convergence(rhat, "val_loss", "rhat < 1.005").sentence
    assert convergence(rhat, "val_loss", "ess > 400").converged is None


# ----------------------------------------------------------------------------- forecast


def ended(seconds, **exit_status):
    return RunState("m/1", "m", 1, "quick", status="ended", duration_s=seconds, exit=exit_status or None)


def test_no_duration_no_forecast():
    assert forecast(PLAN, ended(None), None, None) is None


def test_training_grows_and_start_and_end_do_not(table):
    epochs = read_history(table("epoch,time_s\n1,30\n2,30\n", "h.csv"))
    seen = forecast(PLAN, ended(100.0), epochs, None)
    assert seen.seconds_low == pytest.approx(40 + 60 / 0.25)
    assert seen.seconds_high == pytest.approx(40 + 60 / (0.25 * 0.15))
    assert seen.memory_low is None and "25%" in seen.basis
    without = forecast(PLAN, ended(100.0), None, None)
    assert without.seconds_low == 400


def test_what_happened_before_is_the_best_guide():
    seen = forecast(PLAN, ended(100.0), None, None, [(ended(10.0), ended(90.0)), (ended(10.0), ended(50.0))])
    assert (seen.seconds_low, seen.seconds_high) == (400, 625) and "5.0 times" in seen.basis


def test_memory_grows_with_the_data(table):
    rows = ",".join(COLUMNS) + "\n" + ",".join("100" for _ in COLUMNS) + "\n"
    telemetry = TelemetryReader(table(rows, "t.csv"))
    telemetry.poll()
    grown = forecast(PLAN, ended(9.0, max_rss_bytes=400), None, telemetry)
    assert (grown.memory_low, grown.memory_high) == (400, 100 + 300 / 0.15)
    small = forecast(PLAN, ended(9.0, max_rss_bytes=50), None, telemetry)
    assert (small.memory_low, small.memory_high) == (100, 100), "the whole job, not its largest process"
    blind = forecast(PLAN, ended(9.0, max_rss_bytes=400), None, None)
    assert (blind.memory_low, blind.memory_high) == (400, 200 + 200 / 0.15)
    before = (ended(10.0, max_rss_bytes=100), ended(90.0, max_rss_bytes=200))
    known = forecast(PLAN, ended(9.0, max_rss_bytes=400), None, telemetry, [before])
    assert (known.memory_low, known.memory_high) == (640, 1000)
    unknown = forecast(PLAN, ended(9.0), None, telemetry)
    assert unknown.memory_low == 100


def test_a_pause_makes_no_full_run_longer():
    held = replace(ended(100.0), paused_s=60.0)
    assert forecast(PLAN, held, None, None).seconds_low == 40 / 0.25
    before = (replace(ended(20.0), paused_s=10.0), replace(ended(90.0), paused_s=50.0))
    assert "4.0 times" in forecast(PLAN, held, None, None, [before]).basis


def test_memory_that_is_not_there_is_warned_of():
    seen = forecast(PLAN, ended(100.0, max_rss_bytes=4 << 30), None, None)
    assert "need 4.0 GiB of memory at least; there are 2.0 GiB" in warning(PLAN, seen, 2 << 30)
    assert "memory" not in warning(PLAN, seen, 8 << 30)


def test_the_window_is_foretold():
    assert "at the latest" in warning(PLAN, forecast(PLAN, ended(1.0), None, None), None)
    assert "at least" in warning(PLAN, forecast(PLAN, ended(9000.0), None, None), None)
    assert warning(PLAN, forecast(PLAN, ended(1800.0), None, None), None) == ""


# -------------------------------------------------------------------------------- gates


@pytest.fixture
def finished(lab):
    """A full run that did everything right, its state, and the diary's path."""
    lab.script("")
    run = prepare_run(lab.model, lab.plan(min_s=7200.0, max_s=21600.0), "full")
    run.results.write_text("medals\n1\n2\n")
    run.history.write_text("epoch,val_loss\n" + "".join(f"{n},{1 / 2**n}\n" for n in range(30)))
    (run.path / "model_final.pt").write_bytes(b"weights")
    state = RunState(run.name, "demo", 1, "full", status="ended", exit={"code": 0}, duration_s=9000.0)
    return run, state, lab.diary


def verdicts(results):
    return {result.name: result.state for result in results}


def test_all_gates_of_a_good_run(finished):
    run, state, notebook = finished
    results = evaluate(run, state, run.request().plan, notebook)
    assert verdicts(results) == {
        "exit": "passed", "incidents": "passed", "window": "passed", "results": "passed", "history": "passed",
        "model": "passed", "log": "passed", "converged": "passed", "diary": "open",
        "struggles": "not-applicable",
    }  # fmt: skip
    assert failures(results) == [] and [gate.name for gate in open_gates(results)] == ["diary"]
    assert all(result.sentence for result in results)


def test_each_gate_that_fails(finished):
    run, state, notebook = finished
    plan = run.request().plan
    crashed = Incident("log:1", "error", "exception", "ValueError: x", fate="confirmed")
    bad = replace(
        state,
        exit={"code": 1},
        duration_s=60.0,
        incidents=(crashed,),
        blind=(("log", "the log cannot be read"),),
    )
    run.results.unlink()
    run.history.write_text("epoch,val_loss\n")
    (run.path / "model_final.pt").write_bytes(b"")
    results = evaluate(run, bad, plan, notebook)
    assert {name for name, verdict in verdicts(results).items() if verdict == "failed"} == {
        "exit", "incidents", "window", "results", "history", "model", "log",
    }  # fmt: skip
    run.log().unlink()
    assert "gone" in evaluate(run, state, plan, notebook)[6].sentence
    long = evaluate(run, replace(state, duration_s=99_999.0), plan, notebook)[2]
    assert long.state == "passed" and "above" in long.sentence and long.advice
    held = evaluate(run, replace(state, duration_s=9000.0, paused_s=8000.0), plan, notebook)[2]
    assert held.state == "failed", "paused time is no training"


def test_quick_has_three_gates_and_one_that_only_speaks_up():
    assert len(GATES["quick"]) == 4 and len(GATES["full"]) == 10


def test_the_diary_opens_gates(finished):
    run, state, notebook = finished
    plan = run.request().plan
    run.history.write_text("epoch,val_loss\n" + "".join(f"{n},{10 - n}\n" for n in range(30)))
    assert verdicts(evaluate(run, state, plan, notebook))["converged"] == "open"
    incident = Incident("log:1", "error", "exception", "ValueError: x", fate="confirmed")
    facts = diary.EntryFacts(
        when="2026-01-25 14:30", phase="Phase 5B (full training)", model="demo", run=run.name, author="me",
        incident=incident, last_metrics=[], resources={}, changes="", command="x", log="x.log", attempt=1,
    )  # fmt: skip
    diary.open_entry(notebook, facts)
    results = {gate.name: gate for gate in evaluate(run, state, plan, notebook)}
    assert results["diary"].state == "passed" and results["struggles"].state == "open"
    assert results["converged"].state == "open", "an entry that we opened says nothing yet"
    text = notebook.read_text().split("\n")
    while diary.complete(diary.parse("\n".join(text)).entries[0]):
        text[diary.first_empty_section("\n".join(text))] = "Because of the batch."
    notebook.write_text("\n".join(text))
    results = {gate.name: gate for gate in evaluate(run, state, plan, notebook)}
    assert results["converged"].state == "passed" and "says why" in results["converged"].sentence


def test_a_log_that_was_not_read_to_its_end_fails_its_gate_for_good(finished):
    run, state, notebook = finished
    found = fold(state, {"time": "", "kind": "blind", "source": "log", "why": "the log cannot be read"})
    over = fold(found, {"time": "", "kind": "ended", "reason": "gate-failed", "unread": "5 of 9 bytes"})
    gates = {gate.name: gate for gate in evaluate(run, over, run.request().plan, notebook)}
    assert not over.blind and (gates["log"].state, gates["log"].sentence) == ("failed", "5 of 9 bytes")


def test_warnings_that_were_over_are_no_recovered_incidents(finished):
    run, state, notebook = finished
    over = (
        Incident("silence:1", "warning", "hang", "no new step", fate="recovered"),
        Incident("log:1", "error", "exception", "ValueError", fate="recovered"),
    )
    gates = evaluate(run, replace(state, incidents=over), run.request().plan, notebook)
    assert gates[1].sentence == "no confirmed incident, 1 recovered"


def test_an_unreadable_diary_leaves_its_gates_open(finished):
    run, state, notebook = finished
    notebook.mkdir(parents=True)
    assert verdicts(evaluate(run, state, run.request().plan, notebook))["diary"] == "open"


def test_a_history_that_cannot_be_read_is_none(finished):
    run, state, notebook = finished
    run.history.unlink()
    run.history.mkdir()
    assert verdicts(evaluate(run, state, run.request().plan, notebook))["history"] == "failed"


# --------------------------------------------------------------------------------- book


class Events:
    """A book, and what it emitted."""

    def __init__(self, known=()):
        self.emitted = []
        self.book = IncidentBook(known, self.emitted.append, lambda: {"ram_used": 5})

    def see(self, identity, *, rows=0, offset=0, now=0.0, **more):
        values = {"severity": "error", "kind": "exception", "message": identity, "rule": identity, **more}
        self.book.see(Incident(id=identity, **values), rows=rows, offset=offset, now=now)

    @property
    def fates(self):
        return [(incident.id, incident.fate) for incident in self.emitted]


def test_the_same_incident_is_told_once_and_grows():
    events = Events()
    events.see("a", excerpt="one line")
    events.see("a", excerpt="one line")
    events.see("a", excerpt="one line and another")
    assert len(events.emitted) == 2 and events.emitted[0].facts == {"ram_used": 5}
    assert events.emitted[1].facts == {"ram_used": 5}
    events.book.decide("a", "confirmed", why="x")
    events.see("a", excerpt="one line and another and much more")
    assert len(events.emitted) == 3, "a fate is decided once"
    assert [i.id for i in events.book.errors("confirmed")] == ["a"]


def test_two_new_rows_prove_that_training_went_on():
    events = Events()
    events.see("a", rows=5)
    events.book.training_went_on(6, 0, 1.0, has_history=True)
    assert events.fates == [("a", "suspected")]
    events.book.training_went_on(7, 0, 2.0, has_history=True)
    assert events.fates[-1] == ("a", "recovered")


def test_rows_that_were_translated_late_prove_nothing():
    events = Events()
    events.see("a", rows=5, now=10.0)
    events.book.training_went_on(40, 0, 12.0, has_history=True, late_s=5.0)
    events.book.training_went_on(41, 0, 20.0, has_history=True, late_s=5.0)
    assert events.fates == [("a", "suspected")], "those 35 may have been written before the error"
    events.book.training_went_on(42, 0, 21.0, has_history=True, late_s=5.0)
    assert events.fates[-1] == ("a", "recovered")


def test_without_metrics_time_and_output_prove_it():
    events = Events()
    events.see("a", offset=100, now=0.0)
    events.book.training_went_on(0, 9000, SILENT_PROOF_S - 1, has_history=False)
    events.book.training_went_on(0, 200, 300.0, has_history=False)
    assert events.fates == [("a", "suspected")]
    events.book.training_went_on(0, 9000, 300.0, has_history=False)
    assert events.fates[-1] == ("a", "recovered")


def test_what_an_earlier_supervisor_suspected_counts_from_now():
    known = Incident("a", "error", "exception", "x", rule="r")
    events = Events([known])
    events.book.training_went_on(50, 9000, 0.0, has_history=True)
    assert events.fates == []
    events.book.training_went_on(52, 9000, 1.0, has_history=True)
    assert events.fates == [("a", "recovered")]


def test_the_end_decides_everything():
    events = Events()
    events.see("log")
    events.see("nan", source="history", kind="nan-loss")
    events.see("warned", severity="warning")
    events.see("flag", severity="warning", source="history")
    events.see("note", severity="notice")
    events.book.ended(badly=False, log_size=0)
    assert dict(events.fates) == {
        "log": "recovered", "nan": "confirmed", "warned": "recovered", "flag": "confirmed",
        "note": "suspected",
    }  # fmt: skip
    badly = Events()
    badly.see("hang", severity="warning", source="silence")
    badly.book.ended(badly=True, log_size=0)
    assert badly.fates[-1] == ("hang", "confirmed")


def test_what_we_end_is_decided_too():
    events = Events()
    events.see("wedged it", now=0.0)
    events.see("just now", now=SILENT_PROOF_S - 1)
    events.see("nan", now=SILENT_PROOF_S - 1, source="history", kind="nan-loss")
    events.see("hang", severity="warning", source="silence")
    events.see("warned", severity="warning")
    events.book.ended_by_us(SILENT_PROOF_S, end="a user stopped it")
    assert dict(events.fates) == {
        "wedged it": "confirmed", "just now": "recovered", "nan": "confirmed", "hang": "confirmed",
        "warned": "recovered",
    }  # fmt: skip


def test_evidence_that_comes_after_the_fate_is_kept():
    events = Events()
    events.see("hang", severity="warning", source="silence")
    events.book.decide("hang", "recovered", because="a new step came")
    stacks = Incident("hang", "warning", "hang", "hang", excerpt="main", facts={"stacks": "main"})
    events.book.see(stacks, rows=0, offset=0, now=0.0)
    last = events.emitted[-1]
    assert (last.fate, last.excerpt) == ("recovered", "main")
    assert last.facts == {"stacks": "main", "because": "a new step came"}


def test_a_recovered_error_near_the_end_was_the_cause_after_all():
    events = Events()
    for name, offset in (("early", 10), ("late", 990_000)):
        incident = Incident(id=name, severity="error", kind="exception", message=name, offset=offset)
        events.book.see(incident, rows=0, offset=offset, now=0.0)
        events.book.decide(name, "recovered")
    events.book.ended(badly=True, log_size=1_000_000, exit="exited with code 1")
    assert events.fates[-1] == ("late", "confirmed") and events.emitted[-1].facts["exit"]
    assert [i.id for i in events.book.errors("confirmed")] == ["late"]


def test_a_flood_is_let_through_at_a_slow_rate():
    events = Events()
    for n in range(FLOOD_LIMIT + 5):
        events.see(f"e{n}", rule="one")
    events.book.training_went_on(0, 0, FLOOD_PERIOD_S - 1, has_history=True)
    assert len(events.emitted) == FLOOD_LIMIT
    events.book.training_went_on(0, 0, FLOOD_PERIOD_S, has_history=True)
    assert events.fates[-1] == (f"e{FLOOD_LIMIT + 4}", "suspected"), "the newest: it may wedge the run"
    events.see("soon", rule="one", now=FLOOD_PERIOD_S + 1)
    assert len(events.emitted) == FLOOD_LIMIT + 1
    events.see("late", rule="one", now=2 * FLOOD_PERIOD_S)
    assert events.fates[-1] == ("late", "suspected")


def test_what_is_withheld_may_recover_or_be_confirmed():
    events = Events()
    for n in range(FLOOD_LIMIT):
        events.see(f"e{n}", rule="one")
    events.see("held", rule="one")
    events.book.decide("held", "recovered")
    events.book.training_went_on(0, 0, 2 * FLOOD_PERIOD_S, has_history=True)
    assert len(events.emitted) == FLOOD_LIMIT, "nobody was told that it began"
    events.see("for good", rule="one", fate="confirmed")
    assert events.fates[-1] == ("for good", "confirmed")


def test_a_flood_is_kept_small_and_its_last_kept_for_a_bad_end():
    events = Events()
    for n in range(FLOOD_LIMIT + 30):
        events.see(f"e{n}", rule="one")
    assert len(events.emitted) == FLOOD_LIMIT and "further" in events.emitted[-1].facts
    events.book.ended(badly=True, log_size=0)
    assert events.fates[-1] == (f"e{FLOOD_LIMIT + 29}", "confirmed")
    calm = Events()
    for n in range(FLOOD_LIMIT + 30):
        calm.see(f"e{n}", rule="one")
    calm.book.ended(badly=False, log_size=0)
    assert {fate for _, fate in calm.fates[FLOOD_LIMIT:]} == {"recovered"}


def test_the_second_column_of_one_divergence_is_no_second_incident():
    events = Events()
    events.see("train", source="history", kind="nan-loss")
    events.see("val", source="history", kind="nan-loss")
    assert [name for name, _ in events.fates] == ["train"]
    events.book.decide("train", "recovered")
    events.see("val", source="history", kind="nan-loss")
    assert [name for name, _ in events.fates] == ["train", "train", "val"]
