"""A full disk: the training goes on, nothing is lost that we know, and it is said."""

import subprocess
import time

import pytest

from trainer_tui.runs.control import ask
from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import is_locked
from trainer_tui.runs.state import observe
from trainer_tui.supervise.launch import prepare_run, spawn_shim
from trainer_tui.supervise.start import revive


@pytest.fixture
def full_lab(lab, tmp_path):
    """The lab with its output on a disk of 400 kB, and a switch that fills and empties it."""
    output = tmp_path / "output"
    output.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", output], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small disk here")

    def fill():
        with open(output / "ballast", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 512)
            except OSError:
                return

    def empty():
        (output / "ballast").unlink()

    try:
        yield lab, fill, empty
    finally:
        lab.clean()
        subprocess.run(["umount", "-l", output], check=True)


def elsewhere(path, place):
    """Let a file of the run lie on another disk, as no link could: those of ours are not followed."""
    place.touch()
    path.touch()
    subprocess.run(["mount", "--bind", place, path], check=True)


def test_events_wait_for_space_and_are_there_once(full_lab):
    lab, fill, empty = full_lab
    lab.model.path.mkdir(parents=True)
    lab.model.supervisor_log.symlink_to(lab.root / "complaints")
    run = lab.start(
        """
        reach("ready"); wait_for("go")
        print("goes on"); sys.stdout.flush()
        reach("on"); wait_for("end")
        """,
        is_model=False,
    )
    lab.reached("ready")
    pid = lab.pid(run)
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    # Requests must come through although the disk is full: theirs lie elsewhere.
    elsewhere(run.control, lab.root / "requests")
    fill()
    asked = [ask(run, "note", text=f"{n}" * 3000) for n in range(3)]
    # Telemetry has some room left in its last page: its rows show that looks were taken since.
    rows = len(run.telemetry.read_bytes().splitlines())
    lab.until(lambda: len(run.telemetry.read_bytes().splitlines()) > rows + 1, "two more samples")
    assert len(lab.events(run, "note")) < 3, "the disk is full"
    lab.allow("go")
    lab.reached("on")
    supervisor = int(read_events(run.events)[0]["pid"])
    assert lab.alive(pid) and lab.alive(supervisor), "a full disk harms neither the training nor us"
    assert run.log().read_text() == "goes on\n"
    empty()
    for identity in asked:
        lab.event(run, "control", id=identity)
    lab.event(run, "sighted", source="events")
    lab.allow("end")
    assert lab.finished().passed
    kinds = [event["kind"] for event in lab.events(run)]
    for kind in ("started", "exited", "gates", "ended"):
        assert kinds.count(kind) == 1, kinds
    assert [event["text"][0] for event in lab.events(run, "note")] == ["0", "1", "2"]
    assert kinds.count("control") == 3
    assert [e["source"] for e in lab.events(run, "blind")].count("events") == 1
    times = [event["time"] for event in lab.events(run)]
    assert times == sorted(times)


def test_an_end_on_a_full_disk_is_kept_until_there_is_space(full_lab):
    lab, fill, empty = full_lab
    run = lab.start("reach('ready'); wait_for('go')\nraise ValueError('on a full disk')\n")
    lab.reached("ready")
    lab.event(run, "started")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    fill()
    lab.allow("go")
    lab.until(lambda: b"on a full disk" in run.log().read_bytes(), "the end")
    assert observe(run).status != "ended"
    empty()
    state = lab.finished()
    assert state.reason == "exception" and "on a full disk" in state.sentence
    assert len(lab.events(run, "ended")) == len(lab.events(run, "exited")) == 1
    assert len(lab.events(run, "diary")) == 1 and "on a full disk" in lab.diary.read_text()


def test_the_scripts_own_full_disk_is_called_so(full_lab):
    lab, _, _ = full_lab
    state = lab.watch(
        """
        with open(path("checkpoint.pt"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
                    if os.statvfs(RUN).f_bavail == 0:
                        file.write(b"x" * 4096)
            finally:
                os.unlink(path("checkpoint.pt"))
        """
    )
    assert state.reason == "disk-full" and "No space left" in state.sentence


def test_a_diary_that_cannot_be_written_is_tried_again(lab):
    lab.output.mkdir()
    lab.diary.mkdir()
    run = lab.start("reach('ready')\nfor n in range(9): log(n, 'nan')\nwait_for('go')\n")
    assert "diary cannot be written" in lab.event(run, "blind", source="diary")["why"]
    lab.diary.rmdir()
    lab.event(run, "sighted", source="diary")
    lab.event(run, "diary")
    lab.allow("go")
    assert lab.finished().reason == "nan-loss"
    assert lab.diary.read_text().count("## Dev Diary Entry #") == 1


def test_a_diary_that_stays_unwritable_keeps_no_run_from_its_end(lab):
    lab.output.mkdir()
    lab.diary.mkdir()
    state = lab.watch("raise ValueError('x')\n")
    assert state.reason == "exception" and {g.name: g.state for g in state.gates}["diary"] == "open"


def test_results_that_cannot_be_published(lab):
    (lab.output / "results_demo.csv").mkdir(parents=True)
    state = lab.watch("good()\n")
    assert state.passed
    assert "published" in lab.events(lab.model.latest(), "blind")[0]["why"]


def test_no_supervisor_leaves_before_its_events_are_written(lab):
    run = lab.start("reach('ready'); wait_for('go')\nraise ValueError('x')\n")
    lab.reached("ready")
    lab.event(run, "started")
    aside = run.events.with_suffix(".aside")
    run.events.rename(aside)
    run.events.mkdir()
    lab.allow("go")
    lab.until(lab.diary.exists, "the entry: the run was judged")
    supervisor = int(read_events(aside)[0]["pid"])
    began = time.monotonic()
    lab.until(lambda: time.monotonic() - began > 1.5, "a while")
    assert lab.alive(supervisor) and is_locked(lab.model.supervisor_lock)
    run.events.rmdir()
    aside.rename(run.events)
    state = lab.finished()
    assert state.reason == "exception"
    assert [e["kind"] for e in lab.events(run, "blind", "ended", "sighted")] == ["blind", "ended", "sighted"]
    assert len(lab.events(run, "started")) == len(lab.events(run, "exited")) == 1


def test_a_disk_too_full_to_say_who_runs_blinds_nobody_to_its_end(full_lab):
    lab, fill, empty = full_lab
    lab.script("reach('ready'); wait_for('go'); sys.exit(3)\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    elsewhere(run.events, lab.root / "events")
    elsewhere(run.control, lab.root / "requests")
    lab.model.supervisor_log.symlink_to(lab.root / "complaints")
    for lock in (run.shim_lock, lab.model.supervisor_lock):
        lock.touch()
    (run.path / "alive.lock").symlink_to(lab.root / "alive")
    fill()
    shim = spawn_shim(run)
    lab.reached("ready")
    assert not run.process_json.exists()
    assert revive(lab.model)
    lab.event(run, "started")
    lab.allow("go")
    lab.until(lambda: not is_locked(lab.root / "alive"), "the end of the process")
    waited = time.monotonic()
    lab.until(lambda: time.monotonic() - waited > 2.5, "a while on the full disk")
    empty()
    state = lab.finished()
    assert state.reason == "exit-code" and state.exit["code"] == 3
    assert state.duration_s < time.monotonic() - waited + 2.0
    assert shim.wait(10) == 0
