"""Making a run's folder, what it was made of, and what is published of it."""

import os
import subprocess

import pytest

from trainer_tui.runs.files import read_json, try_lock
from trainer_tui.runs.state import observe
from trainer_tui.supervise import __main__ as process
from trainer_tui.supervise import launch, surroundings
from trainer_tui.supervise.git import git_state
from trainer_tui.supervise.launch import prepare_run, spawn_shim
from trainer_tui.supervise.sources import copy_sources, diff_sources, digest_of
from trainer_tui.supervise.writeup import changes_since_last_good


def test_a_prepared_run(lab):
    lab.script("good()\n")
    plan = lab.plan(phases=("quick", "full"), memory_limit_bytes=1 << 30, full_limit_s=99.0)
    quick = prepare_run(lab.model, plan, "quick")
    full = prepare_run(lab.model, plan, "full", watch=quick.number, attempt=2)
    asked = quick.request()
    assert (asked.watch, asked.attempt, asked.limit_s, asked.command) == (1, 1, 1800.0, plan.command)
    assert (full.request().watch, full.request().attempt, full.request().limit_s) == (1, 2, 99.0)
    assert asked.memory_limit_bytes == 1 << 30 and asked.plan == plan and asked.source_digest
    assert asked.source_digest == full.request().source_digest
    assert quick.log().exists() and observe(quick).status == "starting"


def test_a_disk_that_refuses_leaves_no_half_made_run(lab, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    lab.script("")
    monkeypatch.setattr(launch, "write_request", refuse)
    with pytest.raises(OSError, match="No space"):
        prepare_run(lab.model, lab.plan(), "full")
    assert lab.model.runs() == []


def test_links_and_names_are_a_convenience(lab, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    def nobody():
        raise KeyError("uid not found")

    lab.script("")
    monkeypatch.setattr(launch.os, "replace", refuse)
    monkeypatch.setattr(launch.getpass, "getuser", nobody)
    for module, name in ((launch, "write_request"), (surroundings, "replace_json")):
        monkeypatch.setattr(module, name, lambda path, document, **_: path.write_text("{}"))
    assert prepare_run(lab.model, lab.plan(), "full").run_json.exists()


def test_sources(tmp_path):
    root, into = tmp_path / "project", tmp_path / "source"
    (root / "models").mkdir(parents=True)
    (root / "models/a.py").write_text("x = 1\n")
    (tmp_path / "elsewhere.py").write_text("y = 1\n")
    assert digest_of(into) == ""
    copy_sources(
        [str(root / "models/a.py"), str(tmp_path / "elsewhere.py"), str(root / "gone.py")], root, into
    )
    assert sorted(p.relative_to(into).as_posix() for p in into.rglob("*.py")) == [
        "elsewhere.py",
        "models/a.py",
    ]
    other = tmp_path / "other"
    copy_sources([str(root / "models/a.py")], root, other)
    assert digest_of(into) != digest_of(other)
    (other / "models/a.py").write_text("x = 2\n")
    difference = diff_sources(into, other)
    assert "-x = 1" in difference and "+x = 2" in difference and "-y = 1" in difference
    assert diff_sources(into, into) == ""


def test_the_repository(tmp_path):
    assert git_state(tmp_path) == {}
    environment = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "PATH": "/usr/bin:/bin",
    }
    names = ("-c", "user.name=n", "-c", "user.email=e@x")
    (tmp_path / "a").write_text("1")
    for arguments in (["init", "-q"], ["add", "a"], [*names, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, env=environment)
    state = git_state(tmp_path)
    assert len(state["commit"]) == 40 and state["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path)["dirty"] is True


def test_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == {}


def test_what_changed_since_it_last_passed(lab):
    assert lab.watch("good()\n").passed
    state = lab.watch("good()\nraise ValueError('new')\n")
    assert state.reason == "exception"
    changes = changes_since_last_good(lab.model, lab.model.latest())
    assert "+raise ValueError('new')" in changes and "+raise ValueError('new')" in lab.diary.read_text()
    assert changes_since_last_good(lab.model, lab.model.runs()[0]) == ""


def test_every_run_of_a_watch_sees_the_environment_it_was_started_in(lab, monkeypatch):
    monkeypatch.setenv("GPU_OF_THIS_SHELL", "0")
    monkeypatch.setenv("WANDB_API_KEY", "one")
    monkeypatch.setenv("STORE", "postgres://me:hidden@host/db")
    monkeypatch.setenv("NOT_UTF8", os.fsdecode(b"\xff"))
    run = lab.start(
        """
        import json
        with open(os.path.join(ROOT, PHASE), "w") as file:
            json.dump(dict(os.environ), file)
        reach(PHASE + "-ready")
        wait_for(PHASE + "-go")
        good()
        """,
        phases=("quick", "full"),
    )
    lab.reached("quick-ready")
    lab.kill_supervisor(run)
    monkeypatch.setenv("GPU_OF_THIS_SHELL", "7")
    monkeypatch.setenv("ONLY_HERE", "1")
    monkeypatch.setenv("WANDB_API_KEY", "two")
    lab.take_over()
    lab.allow("quick-go")
    lab.allow("full-go")
    assert lab.finished().passed
    quick, full = read_json(lab.root / "quick"), read_json(lab.root / "full")
    assert quick["GPU_OF_THIS_SHELL"] == full["GPU_OF_THIS_SHELL"] == "0" and "ONLY_HERE" not in full
    assert (quick["WANDB_API_KEY"], full["WANDB_API_KEY"]) == ("one", "two")
    assert full["STORE"].endswith("hidden@host/db") and os.fsencode(full["NOT_UTF8"]) == b"\xff"
    assert full["TRAINER_PHASE"] == "full"
    for folder in lab.model.runs():
        written = folder.path / "environment.json"
        assert written.stat().st_mode & 0o777 == 0o600
        text = written.read_text()
        assert "GPU_OF_THIS_SHELL" in text and "hidden" not in text and "WANDB" not in text


def test_an_environment_that_cannot_be_read_is_replaced_by_ours(lab, monkeypatch):
    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    (run.path / "environment.json").unlink()
    monkeypatch.setenv("TRAINER_RUN_DIR", "another run of ours")
    found = surroundings.of_run(run)
    assert found["PATH"] == os.environ["PATH"] and "TRAINER_RUN_DIR" not in found


def test_what_a_shim_complains_of_stands_in_the_supervisors_log(lab):
    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    run.run_json.write_text("no json")
    assert spawn_shim(run).wait(10) != 0
    assert "JSONDecodeError" in lab.model.supervisor_log.read_text()


def test_an_index_that_cannot_be_started_costs_no_phase(lab, monkeypatch):
    def refuse(*_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(process, "update_index", refuse)
    lab.script("good()\n")
    prepare_run(lab.model, lab.plan(phases=("quick", "full")), "quick")
    lock = try_lock(lab.model.supervisor_lock)
    assert process.main([str(lab.model.path), str(lab.model.logs), str(lock)]) == 0
    assert [observe(run).reason for run in lab.model.runs()] == ["passed", "passed"]


def test_events_that_cannot_be_read_are_no_reason_to_begin_anew(lab, monkeypatch):
    monkeypatch.setattr(process, "UNREADABLE_FOR_S", 0.1)
    monkeypatch.setattr(process, "RETRY_S", 0.05)
    lab.script("reach('started')\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    run.events.mkdir()
    lock = try_lock(lab.model.supervisor_lock)
    assert process.main([str(lab.model.path), str(lab.model.logs), str(lock)]) == 1
    os.close(lock)
    assert not (lab.root / "started").exists() and not run.shim_lock.exists()
