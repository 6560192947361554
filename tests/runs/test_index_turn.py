"""The index is brought up to date in turns: many writers at once cost little, and no row is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer_tui.runs import index, index_turn
from trainer_tui.runs.files import try_lock
from trainer_tui.runs.index_rows import default_url
from trainer_tui.runs.index_turn import FOLDER, done, leave_note, notes
from trainer_tui.runs.layout import ModelFolder, RunFolder

Make = Callable[[str], RunFolder]
Until = Callable[..., None]


@pytest.fixture
def output(model: ModelFolder) -> Path:
    model.path.mkdir(parents=True, exist_ok=True)
    return model.path.parent


def writer(output: Path, run: RunFolder) -> subprocess.Popen[str]:
    """One as a supervisor starts it; its stderr names every module that it imports."""
    words = [sys.executable, "-X", "importtime", "-m", "trainer_tui.runs.index_turn", "", str(output)]
    return subprocess.Popen(
        [*words, str(run.path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )


def numbers(url: str) -> list[int]:
    return [row["number"] for row in index.rows(index.open_index(url))]


def test_who_has_the_turn_writes_for_all_who_wait(make_run: Make, output: Path, until: Until) -> None:
    """Only one of them opens the index, and a file of SQLite's needs no SQLAlchemy."""
    runs = [make_run("full") for _ in range(4)]
    folder = output / FOLDER
    folder.mkdir()
    lock = try_lock(folder / "turn.lock")
    assert lock is not None
    writers = [writer(output, run) for run in runs]
    until(lambda: len(notes(folder, "")) == 4)
    assert all(one.poll() is None for one in writers), "they wait"
    os.close(lock)
    said = [one.communicate(timeout=60)[1] for one in writers]
    assert [one.returncode for one in writers] == [0] * 4
    assert sum("index_sqlite" in words for words in said) == 1
    assert not any("sqlalchemy" in words for words in said)
    assert numbers(default_url(output)) == [1, 2, 3, 4]
    assert notes(folder, "") == []


def test_what_a_database_out_of_reach_refused_is_written_by_the_next_turn(
    make_run: Make, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = make_run("full"), make_run("full")
    url = f"sqlite:///{output}/elsewhere/runs.db"
    assert index_turn.main([url, str(output), str(first.path)]) == 1
    assert "was not updated" in capsys.readouterr().err
    (output / "elsewhere").mkdir()
    assert index_turn.main([url, str(output), str(second.path)]) == 0
    assert numbers(url) == [1, 2]
    assert notes(output / FOLDER, url) == []


def test_a_note_for_another_database_is_left_alone(make_run: Make, output: Path) -> None:
    run, other = make_run("full"), make_run("full")
    folder = output / FOLDER
    folder.mkdir()
    elsewhere = "postgresql://anna:secret@db/runs"
    note = leave_note(folder, elsewhere, other.name)
    assert index_turn.main(["", str(output), str(run.path)]) == 0
    assert note.exists() and numbers(default_url(output)) == [1]
    assert "secret" not in note.name + note.read_text()


def test_a_note_that_was_written_anew_meanwhile_stays(tmp_path: Path) -> None:
    """The run went on while its older state was written."""
    leave_note(tmp_path, "", "model_3/001-full")
    leave_note(tmp_path, "", "model_3/002-full")
    taken = notes(tmp_path, "")
    taken[0][0].write_text("model_3/001-full\n4711\n")
    done(taken)
    assert [path for path, _ in notes(tmp_path, "")] == [taken[0][0]]


def test_notes_of_runs_that_are_gone_or_outside_do_no_harm(make_run: Make, output: Path) -> None:
    run = make_run("full")
    folder = output / FOLDER
    folder.mkdir()
    outside = ModelFolder(output.parent / "other", output.parent / "logs").new_run("full")
    outside.run_json.write_text("{}")
    leave_note(folder, "", "model_3/099-full")
    for name in ("a", "b"):
        leave_note(folder, "", name)
    (folder / notes(folder, "")[0][0].name).write_text("../other/001-full\n1\n")
    (folder / notes(folder, "")[1][0].name).write_bytes(b"\xff\0\n")
    assert index_turn.main(["", str(output), str(run.path)]) == 0
    assert numbers(default_url(output)) == [1]
    assert notes(folder, "") == []


def test_where_no_note_can_be_left_everybody_does_their_own(make_run: Make, output: Path) -> None:
    run = make_run("full")
    (output / FOLDER).write_text("in the way")
    assert index_turn.main(["", str(output), str(run.path)]) == 0
    assert numbers(default_url(output)) == [1]
