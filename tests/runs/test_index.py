"""The run index, kept by processes of their own and made anew from the folders at any time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from trainer_tui.runs import index
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.index_rows import default_url
from trainer_tui.runs.index_training import COLUMNS
from trainer_tui.runs.layout import ModelFolder, RunFolder

Make = Callable[..., RunFolder]


@pytest.fixture
def output(model: ModelFolder) -> Path:
    model.path.mkdir(parents=True, exist_ok=True)
    return model.path.parent


@pytest.fixture
def finished(run: RunFolder, record: Any) -> RunFolder:
    """A run that passed, with all it leaves."""
    run.history.write_text("epoch,train_loss,val_loss,acc,gap,time_s\n1,0.9,1.1,0.5,,1\n2,0.4,nan,0.7,,1\n")
    (run.path / "model_final.pt").touch()
    status = {"code": 0, "duration_s": 61.5, "max_rss_bytes": 1 << 30, "ended": "2026-01-25T14:01:02.000Z"}
    replace_json(run.exit_json, status)
    record(
        run,
        {"kind": "started", "pid": 5, "at": "2026-01-25T14:00:01.000Z"},
        {"kind": "exited", **status},
        {"kind": "ended", "reason": "passed", "sentence": "the process ended with 0"},
    )
    return run


def test_a_finished_run_has_its_row(finished: RunFolder, output: Path) -> None:
    engine = index.open_index(default_url(output))
    assert index.update(engine, [finished]) == 1
    [row] = index.rows(engine)
    of_trainings = COLUMNS.keys() - {
        "algorithm_name",
        "hyperparameters",
        "train_metrics",
        "validation_metrics",
    }
    assert {name for name, value in row.items() if value is None} == of_trainings - {
        "model_artifact_uri",
        "trained_by",
    }
    assert {name: value for name, value in row.items() if value is not None} == {
        "training_run_id": "model_3/001-full",
        "algorithm_name": "model_3",
        "hyperparameters": {"command": ["python", "train.py"], "seed": 0},
        "train_metrics": {"train_loss": 0.4, "acc": 0.7, "gap": None},
        "validation_metrics": {"val_loss": 1.1},
        "model_artifact_uri": (finished.path / "model_final.pt").as_uri(),
        "status": "completed",
        "started_at": "2026-01-25T14:00:01.000Z",
        "completed_at": "2026-01-25T14:01:02.000Z",
        "training_duration_seconds": 61.5,
        "trained_by": "ada",
        "phase": "full",
        "number": 1,
        "watch": 1,
        "reason": "passed",
        "sentence": "the process ended with 0",
        "peak_memory_bytes": 1 << 30,
        "epochs": 2,
    }


def test_a_row_follows_its_run(run: RunFolder, output: Path, job: Any, record: Any) -> None:
    engine = index.open_index(default_url(output))
    job.start()
    record(run, {"kind": "started", "pid": 5})
    index.update(engine, [run])
    assert [row["status"] for row in index.rows(engine)] == ["running"]
    record(run, {"kind": "ended", "reason": "signal", "sentence": "killed"})
    index.update(engine, [run])
    assert [(row["status"], row["reason"]) for row in index.rows(engine)] == [("failed", "signal")]


def test_it_is_made_anew_from_the_folders(finished: RunFolder, output: Path, make_run: Make) -> None:
    engine = index.open_index(default_url(output))
    gone = make_run("quick")
    make_run("quick").history.write_bytes(b'a,b\n1,"\r2\n\0')
    other = ModelFolder(output / "other", output.parent / "logs" / "other").new_run("full")
    other.run_json.write_text("{}")
    assert index.rebuild(engine, output) == 3
    gone.run_json.unlink()
    assert index.rebuild(engine, output) == 2
    assert [row["number"] for row in index.rows(engine)] == [3, 1]
    assert index.rebuild(engine, output / "nowhere") == 0
    assert index.rows(engine) == []


def command(url: str, output: Path, *runs: RunFolder) -> list[str]:
    return [
        sys.executable,
        "-m",
        "trainer_tui.runs.index",
        url,
        str(output),
        *(str(run.path) for run in runs),
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_processes_that_open_a_new_index_at_once_all_write(make_run: Make, output: Path) -> None:
    runs = [make_run("full") for _ in range(4)]
    writers = [
        subprocess.Popen(command("", output, run), env=environment(), stderr=subprocess.PIPE, text=True)
        for run in runs
    ]
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    engine = index.open_index(default_url(output))
    assert [row["number"] for row in index.rows(engine)] == [1, 2, 3, 4]


def test_tables_made_by_somebody_else_meanwhile(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the question whether a table is there and its making, another process makes it."""
    url = default_url(output)
    make = index.metadata.create_all
    calls = []

    def make_late(engine: Any, checkfirst: bool = True) -> None:
        calls.append(checkfirst)
        if len(calls) == 1:
            make(engine)
            make(engine, checkfirst=False)  # fails as the slower one of two does
        make(engine)

    monkeypatch.setattr(index.metadata, "create_all", make_late)
    assert index.rows(index.open_index(url)) == []
    assert len(calls) == 2


@pytest.mark.parametrize(
    "url", ["nonsense", "nosuchdb://x/y", "postgresql+nosuchdriver://x/y", "sqlite:////proc/none/runs.db"]
)
def test_an_index_out_of_reach_is_one_sentence(
    run: RunFolder, output: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index.main([url, str(output), str(run.path)]) == 1
    assert capsys.readouterr().err.startswith(f"the run index {url} was not updated: ")


def test_a_driver_that_is_not_installed_is_one_sentence(
    run: RunFolder, output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    assert index.main(["postgresql+psycopg2://localhost/runs", str(output), str(run.path)]) == 1
    assert "psycopg2" in capsys.readouterr().err


def test_a_relative_folder_will_do(
    finished: RunFolder, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(output)
    assert index.main(["", ".", "model_3/001-full"]) == 0
    with pytest.raises(SQLAlchemyError):
        index.open_index("sqlite:////proc/none/runs.db")
    [row] = index.rows(index.open_index("sqlite:///runs.db"))
    assert row["model_artifact_uri"] == (finished.path / "model_final.pt").as_uri()
