"""Requests: asked by anybody, read once, never answered twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer_tui.runs.control import REQUESTS, ControlReader, ask
from trainer_tui.runs.files import read_records
from trainer_tui.runs.layout import RunFolder


def test_a_request_is_read_once(run: RunFolder) -> None:
    reader = ControlReader(run.control, set())
    assert reader.poll() == []
    stop = ask(run, "stop", why="enough")
    note = ask(run, "note", text="größer")
    assert stop != note
    assert [(r["id"], r["request"]) for r in reader.poll()] == [(stop, "stop"), (note, "note")]
    assert reader.poll() == []
    assert read_records(run.control)[0]["why"] == "enough"


def test_a_request_says_who_asks(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mira")
    ask(run, "stop")
    asked = ControlReader(run.control, set()).poll()[0]
    assert asked["user"] == "mira" and asked["host"]


def test_what_an_earlier_supervisor_answered_is_left_out(run: RunFolder) -> None:
    first, second = ask(run, "pause"), ask(run, "resume")
    reader = ControlReader(run.control, {first})
    assert [request["id"] for request in reader.poll()] == [second]


def test_torn_and_foreign_lines_are_passed_over(run: RunFolder) -> None:
    run.control.write_bytes(b'stop!\n{"id": "x", "reque')
    reader = ControlReader(run.control, set())
    assert reader.poll() == []
    asked = ask(run, "stop")
    assert [request["id"] for request in reader.poll()] == [asked]


def test_a_request_that_cannot_be_written_is_an_error(run: RunFolder) -> None:
    run.control.mkdir()
    with pytest.raises(IsADirectoryError):
        ask(run, "stop")
    with pytest.raises(IsADirectoryError):
        ControlReader(run.control, set()).poll()


def test_many_ask_at_once(run: RunFolder) -> None:
    code = (
        "import sys; from pathlib import Path; from trainer_tui.runs.control import ask\n"
        "from trainer_tui.runs.layout import RunFolder\n"
        "for _ in range(100): print(ask(RunFolder(Path(sys.argv[1])), 'note', text='x' * 200))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code, str(run.path)]
    askers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    asked = [line for asker in askers for line in asker.communicate()[0].split()]
    assert len(asked) == len(set(asked)) == 300
    assert {request["id"] for request in ControlReader(run.control, set()).poll()} == set(asked)


def test_every_request_is_explained() -> None:
    assert set(REQUESTS) == {"stop", "pause", "resume", "skip", "note"}
