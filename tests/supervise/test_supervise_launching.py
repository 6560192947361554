"""Making a run's folder, what it was made of, and what is published of it."""

import subprocess

import pytest

from trainer_tui.runs.state import observe
from trainer_tui.supervise import launch
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.sources import copy_sources, diff_sources, digest_of, git_state
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
    monkeypatch.setattr(launch, "replace_json", refuse)
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
    monkeypatch.setattr(launch, "replace_json", lambda path, document: path.write_text("{}"))
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
