"""Deleting runs and bringing them back: never a living one, never a number twice, the log goes with it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from catalog_world import Yard

from trainer_tui.runs.catalog.trash import TrashError, delete, empty, list_trash, refusal, restore
from trainer_tui.runs.events import EventLog
from trainer_tui.runs.files import replace_json, try_lock
from trainer_tui.runs.index_rows import all_runs
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import boot_id, host_name


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_deleted_run_comes_back_as_it_was(yard: Yard) -> None:
    run = yard.ended()
    log, before = run.log(), files_of(run.path)
    log.with_name(log.name + ".1").write_text("rotated")
    log.with_name("001-full.logbook").write_text("somebody's")
    trashed = delete(run)
    assert not run.path.exists() and not log.exists()
    assert sorted(path.name for path in yard.logs.rglob("*")) == ["001-full.logbook", "model_3"]
    assert (yard.output / ".trash/model_3/001-full.log").read_text() == "epoch 1\n"
    assert [one.name for one in list_trash(yard.output)] == [trashed.name] == ["model_3/001-full"]
    back = restore(list_trash(yard.output)[0])
    assert back == run and files_of(run.path) == before
    assert log.read_text() == "epoch 1\n" and log.with_name(log.name + ".1").exists()
    assert list_trash(yard.output) == []


def test_no_number_is_given_out_again(yard: Yard) -> None:
    run = yard.ended()
    (run.path.parent / "last_number").unlink()
    delete(run)
    empty(yard.output)
    assert yard.asked().number == 2


def test_what_lies_in_the_trash_is_no_run(yard: Yard) -> None:
    delete(yard.ended())
    assert all_runs(yard.output) == []
    assert yard.model(".trash").runs() == []
    assert (yard.output / ".trash/.gitignore").read_text() == "*\n"


def test_a_living_run_is_refused(yard: Yard) -> None:
    run = yard.asked()
    lock = try_lock(run.alive_lock)
    assert lock is not None
    EventLog(run.events).append("ended", reason="passed", sentence="what the events claim does not count")
    assert "still running" in refusal(run)
    with pytest.raises(TrashError, match="still running"):
        delete(run)
    os.close(lock)
    delete(run)


def test_a_run_whose_supervisor_is_at_work_is_refused_and_one_before_it_is_not(yard: Yard) -> None:
    first, second = yard.ended(), yard.ended()
    lock = try_lock(second.supervisor_lock)
    assert lock is not None
    assert refusal(first) == ""
    assert "supervisor of model_3 still works" in refusal(second)
    os.close(lock)
    assert refusal(second) == ""


def test_a_run_that_is_being_started_or_judged_is_refused(yard: Yard) -> None:
    run = yard.asked()
    shim = try_lock(run.shim_lock)
    assert shim is not None
    assert "just being started" in refusal(run)
    replace_json(run.process_json, {"pid": 1, "start_time": 1, "boot_id": "x", "host": host_name()})
    assert "still running" in refusal(run)
    os.close(shim)
    assert refusal(run) == ""


def test_a_run_of_another_machine_is_left_alone_until_it_was_silent_for_long(yard: Yard) -> None:
    run = yard.asked()
    replace_json(run.process_json, {"pid": 1, "start_time": 1, "boot_id": boot_id(), "host": "gpu02"})
    EventLog(run.events).append("started", pid=1)
    assert "may still run on gpu02" in refusal(run)
    old = time.time() - 2 * 86400
    for path in (*run.path.iterdir(), run.log(), run.path):
        os.utime(path, (old, old))
    assert refusal(run) == ""


def test_a_half_made_folder_can_be_deleted(yard: Yard) -> None:
    run = yard.model().new_run("full")
    delete(run)
    assert restore(list_trash(yard.output)[0]) == run


def test_two_at_once(yard: Yard) -> None:
    run = yard.ended()
    delete(run)
    with pytest.raises(TrashError, match="is not there"):
        delete(run)
    lying = list_trash(yard.output)[0]
    shutil.copytree(lying.run.path, run.path)
    with pytest.raises(TrashError, match="already"):
        restore(lying)
    with pytest.raises(TrashError, match="empty it first"):
        delete(run)
    shutil.rmtree(run.path)
    restore(lying)
    with pytest.raises(TrashError, match="not in the trash any more"):
        shutil.move(run.path, yard.root / "elsewhere")
        restore(lying)


def test_the_link_to_the_newest_log_follows(yard: Yard) -> None:
    first, second = yard.ended(), yard.ended()
    link = yard.logs / "training_3_full.log"
    link.symlink_to("model_3/002-full.log")
    delete(second)
    assert link.resolve() == first.log().resolve()
    delete(first)
    assert not link.is_symlink()


def test_emptying(yard: Yard) -> None:
    for _ in range(3):
        delete(yard.ended())
    assert [one.name for one in list_trash(yard.output)] == [f"model_3/00{n}-full" for n in (1, 2, 3)]
    assert empty(yard.output) == 3
    assert empty(yard.output) == 0 and list_trash(yard.output) == []


def test_a_run_that_was_only_moved_in_is_listed_without_its_log(yard: Yard) -> None:
    run = yard.ended()
    target = yard.output / ".trash/model_3/001-full"
    target.parent.mkdir(parents=True)
    os.rename(run.path, target)
    lying = list_trash(yard.output)
    assert lying[0].log is None
    assert restore(lying[0]) == RunFolder(run.path)
