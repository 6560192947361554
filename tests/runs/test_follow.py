"""Following a run from outside, from files alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainer_tui.runs.files import replace_json
from trainer_tui.runs.follow import Progress, RunFollower, WatchFollower
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import observe

Make = Callable[..., RunFolder]


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def follower(run: RunFolder) -> Any:
    follower = RunFollower(run)
    yield follower
    follower.close()


@pytest.mark.usefixtures("supervised")
def test_only_what_is_new_is_given(run: RunFolder, follower: RunFollower, job: Any, record: Any) -> None:
    assert follower.poll_state() == []
    assert follower.poll_log() is None
    assert follower.poll_history() == follower.poll_telemetry() == 0
    job.start()
    record(run, {"kind": "started", "pid": 5, "at": "2026-01-25T14:00:01.000Z"})
    append(run.log(), "epoch 1\n")
    append(run.history, "epoch,loss\n1,0.5\n")
    append(run.telemetry, "time,job_rss\n1,100\n2,200\n")
    assert [event["kind"] for event in follower.poll_state()] == ["started"]
    assert (follower.state.status, follower.state.supervised) == ("running", True)
    lines = follower.poll_log()
    assert lines is not None
    assert lines.lines == ("epoch 1",)
    assert (follower.poll_history(), follower.poll_telemetry()) == (1, 2)
    assert follower.telemetry.value("job_rss") == 200
    assert follower.poll_state() == []
    assert follower.poll_history() == follower.poll_telemetry() == 0
    assert [event["kind"] for event in follower.events] == ["started"]
    assert follower.problems == {}


def test_a_follower_sees_what_an_observer_sees(
    run: RunFolder, follower: RunFollower, job: Any, record: Any
) -> None:
    def both() -> None:
        follower.poll_state()
        seen = observe(run)
        assert (follower.state.status, follower.state.reason, follower.state.blind, follower.state.exit) == (
            seen.status, seen.reason, seen.blind, seen.exit)  # fmt: skip

    both()
    job.start()
    record(run, {"kind": "started", "pid": 5})
    both()
    job.kill()
    both()
    job.end_shim({"code": None, "signal": 9})
    both()
    record(run, {"kind": "exited", "code": None, "signal": 9}, {"kind": "ended", "reason": "signal"})
    both()
    assert follower.state.reason == "signal"


def test_what_no_view_shows_is_not_kept(run: RunFolder, follower: RunFollower, record: Any) -> None:
    record(run, {"kind": "started", "pid": 1}, *[{"kind": "cursor", "log_offset": n} for n in range(50)])
    assert len(follower.poll_state()) == 51
    assert [event["kind"] for event in follower.events] == ["started"]


def test_a_lost_run(run: RunFolder, follower: RunFollower, job: Any, record: Any) -> None:
    job.start()
    record(run, {"kind": "started", "pid": 5})
    job.kill()
    job.end_shim()
    follower.poll_state()
    assert (follower.state.status, follower.state.reason) == ("ended", "lost")


def test_a_request_that_comes_later(model: ModelFolder, record: Any, make_run: Make) -> None:
    run = model.new_run("full")
    record(run, {"kind": "note", "text": "x"}, {"kind": "paused"})
    follower = RunFollower(run)
    follower.poll_state()
    assert follower.request is None
    replace_json(run.run_json, {**_document(make_run("full")), "number": 1, "watch": 77})
    follower.poll_state()
    assert follower.request is not None
    assert (follower.state.watch, follower.state.status) == (77, "paused")
    follower.close()


def _document(run: RunFolder) -> dict[str, Any]:
    request = run.request()
    assert request is not None
    return request.to_dict()


def test_who_follows_reads_the_table_of_the_run_alone(make_run: Make, tmp_path: Path) -> None:
    run = make_run(history="metrics.csv")
    follower = RunFollower(run)
    append(tmp_path / "metrics.csv", "step,loss\n500,0.1\n")
    assert follower.poll_history() == 0, "its supervisor translates it into the run's own"
    append(run.history, "step,loss\n5,1\n")
    assert follower.poll_history() == 1
    follower.poll_state()
    assert follower.progress == Progress(5, None)
    follower.close()


# Progress


@pytest.mark.parametrize(
    ("document", "progress"),
    [
        ({"done": 3, "total": 12, "step_name": "epoch"}, Progress(3, 12, "epoch")),
        ({"done": 3, "total": None}, Progress(3, None)),
        ({"done": 3, "total": 0}, Progress(3, None)),
        ({"done": "three", "total": [1]}, None),
        ({"done": float("nan"), "total": float("inf")}, None),
        ({}, None),
    ],
)
def test_progress_is_what_the_script_published(
    run: RunFolder, follower: RunFollower, document: dict[str, Any], progress: Progress | None
) -> None:
    replace_json(run.progress, document)
    follower.poll_state()
    assert follower.progress == progress


def test_a_history_that_is_further_wins(run: RunFolder, follower: RunFollower) -> None:
    replace_json(run.progress, {"done": 3, "total": 12})
    append(run.history, "epoch,loss\n7,1\n")
    follower.poll_history()
    follower.poll_state()
    assert follower.progress == Progress(7, 12)


def test_the_fraction_is_never_above_one() -> None:
    assert [Progress(3, 12).fraction, Progress(13, 12).fraction, Progress(3, None).fraction] == [
        0.25,
        1,
        None,
    ]


# What cannot be read


def test_what_cannot_be_read_is_told_and_told_no_more(run: RunFolder, follower: RunFollower) -> None:
    paths = {"events": run.events, "history": run.history, "telemetry": run.telemetry, "log": run.log()}
    for path in paths.values():
        path.mkdir(parents=True)
    for poll in (follower.poll_state, follower.poll_history, follower.poll_telemetry, follower.poll_log):
        assert not poll()
    assert follower.problems == {name: f"the {name} cannot be read: Is a directory" for name in paths}
    follower.close()
    for path in paths.values():
        path.rmdir()
    for poll in (follower.poll_state, follower.poll_history, follower.poll_telemetry, follower.poll_log):
        poll()
    assert follower.problems == {}


def test_a_closed_follower_holds_no_file(run: RunFolder) -> None:
    for path in (run.history, run.telemetry):
        append(path, "time,loss\n1,1\n")
    append(run.log(), "x\n")
    before = os.listdir("/proc/self/fd")
    follower = RunFollower(run)
    follower.poll_log()
    follower.poll_history()
    follower.poll_telemetry()
    follower.close()
    assert os.listdir("/proc/self/fd") == before


# A whole watch


def test_it_goes_on_to_the_next_run_of_the_watch(model: ModelFolder, make_run: Make, record: Any) -> None:
    watch = WatchFollower(model, log_lines=5)
    assert not watch.poll_runs()
    quick = make_run("quick")
    assert watch.poll_runs()
    assert not watch.poll_runs()
    assert watch.current is not None
    assert watch.current.run == quick
    record(quick, {"kind": "ended", "reason": "passed", "sentence": "all well"})
    full = model.new_run("full")
    assert not watch.poll_runs(), "nobody has said yet what is asked of it"
    document = _document(quick)
    replace_json(
        full.run_json, {**document, "number": 2, "phase": "full", "log": "../../../logs/model_3/002-full.log"}
    )
    assert watch.poll_runs()
    assert watch.current.run == full
    assert [(state.number, state.reason) for state in watch.earlier] == [(1, "passed")]
    alone = make_run("full")
    assert watch.poll_runs()
    assert watch.current.run == alone
    assert watch.earlier == [], "a new watch has nothing to do with the one before"
    watch.current.close()


def test_a_folder_that_was_never_finished_hides_no_run(model: ModelFolder, make_run: Make) -> None:
    run = make_run("full")
    model.new_run("quick")
    watch = WatchFollower(model)
    assert watch.poll_runs() and watch.current is not None
    assert watch.current.run == run == model.newest()
