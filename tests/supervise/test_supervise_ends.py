"""How runs end, and what is said of it: every way out of a process, with real processes."""

import json
import sys

import pytest

from trainer_tui.runs.files import read_json
from trainer_tui.runs.state import observe


def kinds(lab, run):
    return [event["kind"] for event in lab.events(run)]


def test_quick_gate_full_passes(lab):
    state = lab.watch(
        """
        good()
        print("trained", PHASE, os.environ["TRAINER_SCALE"])
        """,
        phases=("quick", "full"),
        ranges={"medals": ">= 0"},
    )
    quick, full = lab.model.runs()
    assert (state.phase, state.reason, state.exit_code, state.watch) == ("full", "passed", 0, 1)
    assert observe(quick).passed and [g.name for g in observe(quick).gates] == [
        "exit",
        "incidents",
        "results",
    ]
    assert {g.name: g.state for g in state.gates}["diary"] == "open", "an open gate takes nothing from a run"
    assert observe(quick).forecast is not None and lab.events(quick, "forecast")[0]["text"]
    order = kinds(lab, full)
    expected = ["supervisor", "launched", "started", "exited", "gates", "ended"]
    assert [kind for kind in order if kind in expected] == expected
    assert quick.log().read_text() == "trained quick 0.25\n"
    assert (lab.root / "logs/training_quick_demo.log").resolve() == quick.log()
    assert (lab.root / "logs/training_demo_full.log").resolve() == full.log()
    assert (lab.output / "results_demo.csv").read_bytes() == full.results.read_bytes()
    assert (lab.output / "results_quick_demo.csv").exists()
    assert (full.source / "demo.py").read_text().endswith('os.environ["TRAINER_SCALE"])\n')
    assert lab.model.supervisor_log.read_text() == "", (
        "a supervisor that has nothing to complain of is silent"
    )


@pytest.mark.parametrize(
    ("body", "reason", "said"),
    [
        ("raise ValueError('no such column')", "exception", "ValueError: no such column"),
        ("sys.exit(3)", "exit-code", "exited with code 3; nothing in the log says why"),
        ("sys.exit(255)", "exit-code", "exited with code 255"),
        ("import no_such_module", "exception", "No module named 'no_such_module'"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal", "killed by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "signal", "killed by SIGTERM"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crash", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGBUS)", "crash", "SIGBUS"),
        ("os.abort()", "crash", "SIGABRT"),
    ],
)
def test_a_bad_end_is_named_with_its_proof(lab, body, reason, said):
    state = lab.watch(f"log(1, 0.5)\nprint('before the end')\n{body}\n")
    assert state.reason == reason
    assert said in state.sentence
    assert not state.passed and state.failure.fate == "confirmed"
    assert len([i for i in state.incidents if i.severity == "error"]) == 1
    latest = lab.model.latest()
    assert "before the end" in latest.log().read_text(), "nothing that was printed before the end is lost"
    assert len(lab.events(latest, "diary")) == 1
    assert lab.diary.read_text().count("## Dev Diary Entry #") == 1
    assert {g.name: g.state for g in state.gates}["exit"] == "failed"


def test_memory_limit_is_an_out_of_memory(lab):
    state = lab.watch("block = bytearray(4 << 30)\n", memory_limit_bytes=512 << 20)
    assert state.reason == "cpu-oom" and "MemoryError" in state.sentence
    assert state.exit["memory_limit_bytes"] == 512 << 20


@pytest.mark.parametrize("command", [("/no/such/program",), (sys.executable + "x",)])
def test_a_command_that_cannot_be_started(lab, command):
    state = lab.watch("", command=command)
    assert state.reason == "launch-failed" and "No such file" in state.sentence


def test_a_folder_that_is_gone_cannot_be_started_in(lab):
    state = lab.watch("", cwd=str(lab.root / "gone"))
    assert state.reason == "launch-failed" and "gone" in state.sentence


def test_exit_0_without_results_fails_the_gate_and_full_does_not_start(lab):
    state = lab.watch("print('done')\n", phases=("quick", "full"))
    assert (state.phase, state.reason, state.exit_code) == ("quick", "gate-failed", 3)
    gate = next(g for g in state.gates if g.name == "results")
    assert gate.state == "failed" and "save_results" in gate.advice
    assert len(lab.model.runs()) == 1


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("medals\n-1\n2\n", "-1 is outside >= 0"),
        ("medals\nnan\n2\n", "not finite"),
        ("medals\n2\n2\n", "all 2 rows hold the same numbers"),
        ("rank\n1\n2\n", "the declared column medals is missing"),
    ],
)
def test_results_that_cannot_be_true_fail_the_gate(lab, table, said):
    state = lab.watch(f"results({table!r})\n", phases=("quick", "full"), ranges={"medals": ">= 0"})
    assert state.reason == "gate-failed" and said in state.sentence


def test_exit_0_after_a_traceback_and_without_results_is_a_failure(lab):
    state = lab.watch(
        """
        import traceback
        try:
            raise RuntimeError("the data are gone")
        except RuntimeError:
            traceback.print_exc()
        """
    )
    assert state.reason == "exception" and "the data are gone" in state.sentence
    assert state.failure.fate == "confirmed"


def test_a_caught_error_after_which_training_goes_on_is_recovered(lab):
    state = _recovering(lab)
    assert state.passed and [i.fate for i in state.incidents if i.severity == "error"] == ["recovered"]
    assert not lab.diary.exists(), "no alarm that the evidence does not bear"
    assert "1 recovered" in next(g for g in state.gates if g.name == "incidents").sentence


def _recovering(lab):
    run = lab.start(
        """
        import traceback
        log(1, 0.9)
        try:
            raise RuntimeError("a hard batch")
        except RuntimeError:
            traceback.print_exc()
        print("going on")
        wait_for("go")
        log(2, 0.8); log(3, 0.7); log(4, 0.6)
        wait_for("seen")
        results(); write("model_final.pkl", "x")
        """
    )
    lab.incident(run, "exception", "suspected")
    lab.allow("go")
    lab.incident(run, "exception", "recovered")
    lab.allow("seen")
    return lab.finished()


def test_too_short_a_training_fails_the_window_with_advice(lab):
    state = lab.watch("good()\n", min_s=7200.0, max_s=21600.0)
    gate = next(g for g in state.gates if g.name == "window")
    assert state.reason == "gate-failed" and state.exit_code == 3
    assert "computational requirements not met" in gate.sentence and "2 h to" in gate.sentence
    assert "full.min_hours" in gate.advice


def test_a_skipped_gate_is_written_down_with_its_reason(lab):
    state = lab.watch("good()\n", min_s=7200.0, skipped_gates={"window": "a smoke test"})
    assert state.passed
    gate = next(g for g in state.gates if g.name == "window")
    assert gate.state == "skipped" and "a smoke test" in gate.sentence


def test_the_time_limit_of_the_quick_phase_ends_it(lab):
    state = lab.watch(
        "print('on and on', flush=True)\nwait_for('never')\n", phases=("quick", "full"), quick_limit_s=0.2
    )
    assert (state.phase, state.reason, state.exit_code) == ("quick", "time-limit", 4)
    assert len(lab.model.runs()) == 1
    assert lab.events(lab.model.latest(), "stopping")[0]["reason"] == "time-limit"


def test_a_command_promises_nothing_but_its_exit(lab):
    state = lab.watch("print('hello')\n", is_model=False)
    assert state.passed
    assert {g.state for g in state.gates if g.name in ("results", "history", "model", "window")} == {
        "not-applicable"
    }


def test_silence_after_closed_or_redirected_output_is_no_end(lab):
    run = lab.start(
        """
        print("before", flush=True)
        os.closerange(1, 256)
        fd = os.open(os.devnull, os.O_WRONLY); os.dup2(fd, 1); os.dup2(fd, 2)
        reach("silent")
        wait_for("go")
        good()
        """
    )
    lab.reached("silent")
    lab.until(
        lambda: len(run.telemetry.read_text().splitlines()) > 3 if run.telemetry.exists() else 0, "samples"
    )
    assert observe(run).status == "running"
    lab.allow("go")
    assert lab.finished().passed


def test_what_is_left_behind_after_a_natural_end_is_reported_and_lives(lab):
    run = lab.start(
        """
        import subprocess
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        write("child", str(child.pid))
        good()
        """
    )
    assert lab.finished().passed
    left = lab.events(run, "left-behind")[0]
    child = int((run.path / "child").read_text())
    assert [p["pid"] for p in left["processes"]] == [child] and left["ended"] is False
    assert left["processes"][0]["command"] == "sleep 60"
    assert lab.alive(child)


def test_a_child_that_goes_on_writing_does_not_keep_the_run_from_its_end(lab):
    state = lab.watch(
        """
        import subprocess
        subprocess.Popen(["yes", "x" * 1000], start_new_session=True)
        good()
        """
    )
    assert state.passed


def test_the_index_has_a_row_for_each_run_and_a_broken_one_hurts_nobody(lab):
    import sqlite3

    assert lab.watch("good()\n").passed

    def row():
        if not (lab.output / "runs.db").exists():
            return None
        try:
            with sqlite3.connect(lab.output / "runs.db") as connection:
                return connection.execute(
                    "select training_run_id, status, phase, reason from ml_training_runs"
                    " where status != 'running'"
                ).fetchone()
        except sqlite3.OperationalError:
            return None

    assert lab.until(row) == ("demo/001-full", "completed", "full", "passed")
    assert lab.watch("good()\n", index_url="postgresql+nodriver://nowhere/x").passed
    lab.until(lambda: "index" in lab.model.supervisor_log.read_text(), "the complaint about the index")


def test_what_the_script_sees_of_us(lab):
    state = lab.watch(
        """
        import json
        status = open("/proc/self/status").read()
        blocked = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk"))
        write("seen.json", json.dumps({
            "env": dict(os.environ), "sid": os.getsid(0), "pgid": os.getpgid(0), "pid": os.getpid(),
            "stdin": os.readlink("/proc/self/fd/0"), "out": os.readlink("/proc/self/fd/1"),
            "err": os.readlink("/proc/self/fd/2"), "blocked": int(blocked, 16), "cwd": os.getcwd(),
            "fds": sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if n > "2"
                          and os.path.exists(f"/proc/self/fd/{n}")),
        }))
        good()
        """,
        phases=("quick", "full"),
        env={"MY_OWN": "value"},
        seed=7,
        data_fraction=0.1,
        scale=0.2,
        chains_scale=0.4,
    )
    assert state.passed
    quick, full = lab.model.runs()
    for run, values in ((quick, ("quick", "0.1", "0.2", "0.4")), (full, ("full", "1.0", "1.0", "1.0"))):
        seen = json.loads((run.path / "seen.json").read_text())
        names = ("TRAINER_PHASE", "TRAINER_DATA_FRACTION", "TRAINER_SCALE", "TRAINER_CHAINS_SCALE")
        assert tuple(seen["env"][name] for name in names) == values
        assert seen["env"]["TRAINER_RUN_DIR"] == str(run.path) and seen["env"]["TRAINER_SEED"] == "7"
        assert seen["env"]["PYTHONUNBUFFERED"] == "1" and seen["env"]["MY_OWN"] == "value"
        assert seen["sid"] == seen["pgid"] == seen["pid"], "a session and process group of its own"
        assert seen["stdin"] == "/dev/null" and seen["out"] == seen["err"] == str(run.log())
        assert seen["blocked"] == 0 and seen["cwd"] == str(lab.root)
        assert [fd for fd in seen["fds"] if not fd.startswith("/proc")] == [str(run.alive_lock)]


def test_signals_are_as_they_are_at_birth(lab):
    # What Python itself ignores (SIGPIPE, SIGXFSZ) cannot be seen from Python: a shell shows it.
    state = lab.watch("", command=("sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status"), is_model=False)
    assert state.passed
    lines = lab.model.latest().log().read_text().split()
    # 32 and 33 belong to the C library, which lets nobody set them: the tests may have inherited them.
    reserved = 1 << 31 | 1 << 32
    assert int(lines[1], 16) & ~reserved == 0 and int(lines[3], 16) & ~reserved == 0


def test_the_exit_status_is_kept_with_its_costs(lab):
    state = lab.watch("log(1, 1)\nblock = bytearray(64 << 20)\nsys.exit(1)\n")
    document = read_json(lab.model.latest().exit_json)
    assert document["code"] == 1 and document["signal"] is None and document["launch_error"] is None
    assert document["max_rss_bytes"] > 64 << 20 and 0 < document["duration_s"] < 30
    assert state.duration_s == document["duration_s"]


def test_a_passed_pair_is_the_next_forecasts_guide(lab):
    for _ in range(2):
        assert lab.watch("good()\n", phases=("quick", "full")).passed
    first, second = (observe(run).forecast for run in lab.model.runs() if run.phase == "quick")
    assert "iterations" in first.basis and "the last full run took" in second.basis


def test_the_entry_of_a_divergence_has_its_beginning_and_its_traceback(lab):
    state = lab.watch(
        """
        for epoch in range(1, 30):
            log(epoch, 1 / epoch if epoch < 25 else "nan")
        raise FloatingPointError("train_loss is nan since epoch 25")
        """
    )
    assert state.reason == "nan-loss"
    text = (lab.model.path.parent / "dev_diary.md").read_text()
    assert "FloatingPointError: train_loss is nan since epoch 25" in text
    assert "| 24 | 0.0416" in text and text.count("## Dev Diary Entry") == 1
