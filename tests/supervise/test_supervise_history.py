"""Losses that are no numbers, and histories that a script keeps elsewhere."""

import math
import time

import pytest

from trainer_tui.runs.history import read_history
from trainer_tui.supervise.historywatch import PIECE, HistoryWatch
from trainer_tui.supervise.launch import prepare_run


@pytest.mark.parametrize("end", ["sys.exit(0)", "sys.exit(1)", "raise SystemExit('loss is nan')"])
def test_a_loss_that_is_nan_for_good(lab, end):
    state = lab.watch(
        "log(1, 0.5)\nfor n in range(2, 9): log(n, 'nan')\n"
        f"results(); write('model_final.pkl', 'x')\n{end}\n",
        phases=("quick", "full"),
    )
    assert (state.phase, state.reason) == ("quick", "nan-loss")
    assert "train_loss is nan" in state.failure.message or "non-finite" in state.failure.message
    assert state.failure.source == "history" and lab.diary.read_text().count("## Dev Diary Entry #") == 1


def test_nan_in_the_very_last_row_and_exit_0(lab):
    state = lab.watch("log(1, 0.5); log(2, 'nan'); results(); write('model_final.pkl', 'x')\n")
    assert state.reason == "nan-loss"


def test_a_nan_that_recovers_is_no_failure(lab):
    state = lab.watch(
        "log(1, 0.5); log(2, 'nan'); log(3, 0.4); log(4, 0.3); log(5, 0.2)\n"
        "results(); write('model_final.pkl', 'x')\n"
    )
    assert state.passed and [i.fate for i in state.incidents if i.kind == "nan-loss"] == ["recovered"]
    assert not lab.diary.exists()


def test_nan_is_seen_while_it_trains(lab):
    run = lab.start("log(1, 0.5)\nfor n in range(2, 9): log(n, 'nan')\nreach('ready'); wait_for('go')\n")
    lab.reached("ready")
    incident = lab.incident(run, "nan-loss", "confirmed")
    assert incident.hypotheses and incident.facts["column"] == "train_loss"
    lab.event(run, "diary")
    lab.allow("go")
    assert lab.finished().reason == "nan-loss"


def test_a_history_replaced_by_a_folder_is_blind_until_it_is_back(lab):
    run = lab.start("log(1, 0.5); reach('ready'); wait_for('go'); log(2, 0.4); good()\n")
    lab.reached("ready")
    lab.event(run, "started")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    run.history.rename(run.path / "aside.csv")
    run.history.mkdir()
    lab.event(run, "blind", source="history")
    run.history.rmdir()
    (run.path / "aside.csv").rename(run.history)
    lab.event(run, "sighted", source="history")
    lab.allow("go")
    assert lab.finished().passed


FOREIGN = """
table = os.path.join(ROOT, "metrics.csv")
with open(table, MODE) as f:
    if MODE == "w":
        f.write("epoch,loss\\n")
    for n in range(1, 6):
        f.write(f"{n},{VALUE}\\n"); f.flush()
reach("ready"); wait_for("go")
results(); write("model_final.pkl", "x")
"""


def test_a_foreign_history_is_followed_and_kept(lab):
    run = lab.start("MODE = 'w'; VALUE = 'nan'\n" + FOREIGN, history="metrics.csv")
    lab.incident(run, "nan-loss", "confirmed")
    lab.allow("go")
    assert lab.finished().reason == "nan-loss"
    (lab.root / "metrics.csv").unlink()
    assert read_history(run.history).rows == 5
    assert {g.name: g.state for g in lab.finished().gates}["history"] == "passed"


def test_what_an_earlier_run_left_says_nothing_about_this_one(lab):
    (lab.root / "metrics.csv").write_text("epoch,loss\n" + "1,nan\n" * 9)
    lab.allow("go")
    state = lab.watch("results(); write('model_final.pkl', 'x')\n", history="metrics.csv")
    assert state.reason == "gate-failed" and not state.incidents
    assert {g.name: g.state for g in state.gates}["history"] == "failed", "it wrote no history of its own"
    assert not lab.model.latest().history.exists()


def test_a_history_that_begins_anew_is_judged_anew(lab):
    run = lab.start(
        """
        table = os.path.join(ROOT, "metrics.csv")
        with open(table, "w") as f:
            f.write("epoch,loss\\n" + "".join(f"{n},{1 / n}\\n" for n in range(1, 20)))
        reach("ready"); wait_for("go")
        with open(table, "w") as f:
            f.write("epoch,loss\\n" + "".join(f"{n},nan\\n" for n in range(1, 6)))
        reach("anew"); wait_for("end")
        """,
        history="metrics.csv",
    )
    lab.reached("ready")
    lab.event(run, "started")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    lab.allow("go")
    lab.incident(run, "nan-loss", "confirmed")
    lab.allow("end")
    assert lab.finished().reason == "nan-loss"


def test_a_script_with_a_foreign_history_that_begins_its_own(lab):
    run = lab.start(
        "open(os.path.join(ROOT, 'metrics.csv'), 'w').write('epoch,loss\\n1,0.5\\n')\n"
        "reach('ready'); wait_for('go')\nlog(1, 0.5)\nfor n in range(2, 9): log(n, 'nan')\n",
        history="metrics.csv",
    )
    lab.reached("ready")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    lab.allow("go")
    assert lab.finished().reason == "nan-loss"


# ------------------------------------------------------------------------- the watch alone


def table(path, losses):
    path.write_text("epoch,train_loss\n" + "".join(f"{n},{v}\n" for n, v in enumerate(losses)))
    return path


def read_all(watch):
    """Everything that is there now: (pieces, incidents)."""
    pieces, found = 0, []
    while watch.poll(watch.path) or watch.behind:
        pieces += 1
        found += watch.judge()
    return pieces, found


def test_a_long_history_is_read_in_pieces(tmp_path):
    path = table(tmp_path / "h.csv", [1 / (n + 1) for n in range(5000)])
    watch = HistoryWatch(path)
    rows = watch.poll(path)
    assert 0 < rows < 5000 and watch.behind and watch.judged == rows
    pieces, found = read_all(watch)
    assert pieces >= path.stat().st_size // PIECE and watch.history.rows == 5000 and not watch.behind
    assert found == []


def test_what_an_earlier_supervisor_judged_is_not_told_again(tmp_path):
    losses = [1 / (n + 1) for n in range(4000)]
    losses[100] = losses[3999] = math.nan
    path = table(tmp_path / "h.csv", losses)
    whole = read_all(HistoryWatch(path))[1]
    assert [(i.id, i.fate) for i in whole] == [
        ("history:nan:train_loss:100", "suspected"),
        ("history:nan:train_loss:100", "recovered"),
        ("history:nan:train_loss:3999", "suspected"),
    ]
    later = HistoryWatch(path, judged=3999)
    found = read_all(later)[1]
    assert [i.to_dict() for i in found] == [whole[2].to_dict()], "and it bears the same name"


def test_a_flag_keeps_its_name_across_a_takeover(tmp_path):
    path = table(tmp_path / "h.csv", [0.6931] * 12)
    (raised,) = read_all(HistoryWatch(path))[1]
    assert (raised.id, raised.fate) == ("history:frozen-metric:train_loss:9", "suspected")
    table(path, [0.6931] * 12 + [0.69 - 0.01 * n for n in range(40)])
    (over,) = read_all(HistoryWatch(path, judged=12))[1]
    assert (over.id, over.fate) == (raised.id, "recovered")


def test_flags_are_off_or_tuned_as_the_plan_says(tmp_path):
    path = table(tmp_path / "h.csv", [0.6931] * 60)

    def raised(**flags):
        return [(i.kind, i.facts["row"]) for i in read_all(HistoryWatch(path, flags=flags))[1]]

    assert raised() == [("frozen-metric", 9)]
    assert raised(**{"frozen-metric": {"rows": 30}}) == [("frozen-metric", 29)]
    assert [kind for kind, _ in raised(**{"frozen-metric": False})] == ["loss-not-decreasing"]


def test_a_streak_that_began_before_the_takeover_keeps_its_name(tmp_path):
    path = table(tmp_path / "h.csv", [1.0] * 400 + [math.nan] * 5)
    found = read_all(HistoryWatch(path, judged=401))[1]
    assert [(i.id, i.fate) for i in found] == [("history:nan:train_loss:400", "confirmed")]


def test_a_history_that_began_anew_while_nobody_looked_is_judged(tmp_path):
    path = table(tmp_path / "h.csv", [1.0, math.nan])
    found = read_all(HistoryWatch(path, judged=900))[1]
    assert [i.fate for i in found] == ["suspected"]


def test_a_takeover_goes_on_at_the_cursor(lab):
    run = lab.start(
        """
        log(1, "nan"); log(2, 0.5); reach("ready"); wait_for("go")
        log(3, "nan"); reach("again"); wait_for("end"); log(4, 0.4); good()
        """
    )
    lab.reached("ready")
    lab.incident(run, "nan-loss", "recovered")
    lab.kill_supervisor(run)
    with open(run.events, "a") as file:
        file.write(
            '{"time":"2026-01-25T14:30:00Z","kind":"cursor","log_offset":0,"line":1,"history_rows":2}\n'
        )
    lab.allow("go")
    lab.reached("again")
    lab.take_over()

    def second():
        found = [e["incident"] for e in lab.events(run, "incident")]
        return [i for i in found if i["id"] == "history:nan:train_loss:2"]

    lab.until(second, "the streak after the cursor")
    lab.allow("end")
    lab.finished()
    names = [e["incident"]["id"] for e in lab.events(run, "incident")]
    assert names.count("history:nan:train_loss:0") == 2, "suspected and recovered, by the first supervisor"


def test_the_cursor_tells_how_many_rows_were_judged(lab, monkeypatch):
    from trainer_tui.supervise import supervisor

    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    run.log().touch()
    table(run.history, [1.0, 2.0, 3.0])
    watching = supervisor.RunSupervisor(lab.model, run, run.request())
    try:
        watching.read_history(time.monotonic())
        watching._keep_cursor(0, 1, 0)
    finally:
        watching.changes.close()
    assert lab.events(run, "cursor")[0]["history_rows"] == 3
