import importlib.metadata
import json
import os
import pty
import re
import subprocess
import sys
import termios
import tomllib
from pathlib import Path

import pytest

from trainer_tui.cli import doctor_here, doctor_machine
from trainer_tui.cli.doctor import Row, _row, examine, healthy
from trainer_tui.project import Project

ROOT = Path(__file__).parents[2]


def test_every_question_has_an_answer_and_every_fault_an_advice(tmp_path):
    rows = examine(Project.at(tmp_path))
    assert [row.name for row in rows] == [*doctor_machine.CHECKS, *doctor_here.CHECKS]
    assert all(row.value for row in rows)
    assert all(bool(row.todo) == (row.verdict != "ok") for row in rows)
    assert json.loads(json.dumps([row.to_dict() for row in rows]))[0]["name"] == "python"
    assert list(tmp_path.iterdir()) == [], "the doctor leaves nothing behind"


def test_advice_is_no_illness():
    assert healthy([Row("a", "1"), Row("b", "2", "advice", "do")])
    assert not healthy([Row("a", "1"), Row("b", "2", "problem", "do")])


def test_a_check_that_fails_is_a_row(tmp_path):
    def broken(_: Project) -> Row:
        raise RuntimeError("strange machine")

    row = _row("x", broken, Project.at(tmp_path))
    assert (row.name, row.verdict) == ("x", "advice") and "strange machine" in row.value


def test_a_gpu_driver_that_hangs_is_waited_for_only_so_long(monkeypatch, tmp_path):
    import threading

    release = threading.Event()
    monkeypatch.setattr(doctor_machine, "_ask_nvml", lambda: release.wait() and Row("gpu", "late"))
    monkeypatch.setattr(doctor_machine, "GPU_TIMEOUT_S", 0.05)
    row = doctor_machine.gpus(Project.at(tmp_path))
    release.set()
    assert row.verdict == "problem" and "has not answered" in row.value


def test_packages_are_those_that_the_project_declares():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=]", line)[0] for line in declared}
    assert set(doctor_here.CORE) == names
    row = doctor_here.packages(Project.at(ROOT))
    assert f"textual {importlib.metadata.version('textual')}" in row.value and row.verdict == "ok"


def test_a_missing_package_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_here, "CORE", ("rich", "no-such-package-of-ours"))
    row = doctor_here.packages(Project.at(tmp_path))
    assert (row.verdict, row.todo) == ("problem", "pip install no-such-package-of-ours")


def test_locks_really_exclude(tmp_path):
    row = doctor_here.locks(Project.at(tmp_path))
    assert (row.verdict, row.value) == ("ok", f"work at {tmp_path}")


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="needs a file system that takes no files")
def test_where_no_file_can_be_made_no_lock_works():
    place = Path("/proc/sys")
    row = doctor_here.locks(Project(place, place, place, place))
    assert row.verdict == "problem" and "[project] output" in row.todo


def test_the_disk_is_that_of_the_output_folder(tmp_path):
    project = Project(tmp_path, tmp_path, tmp_path / "not/yet/there", tmp_path / "logs")
    row = doctor_here.disk(project)
    assert str(tmp_path) in row.value and re.match(r"\d+\.\d of \d+\.\d GiB free", row.value)


def terminal_row(term: str | None, columns: int, lines: int, **environ: str) -> str:
    """The terminal's row as seen by a process on a real terminal of that type and size."""
    master, slave = pty.openpty()
    try:
        termios.tcsetwinsize(slave, (lines, columns))
        code = (
            "from trainer_tui.cli.doctor_here import terminal; import pathlib, sys;"
            "row = terminal(None); print(row.verdict, row.value, file=sys.stderr)"
        )
        clean = {
            key: value for key, value in os.environ.items() if key not in ("TERM", "COLORTERM", "NO_COLOR")
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
            env=clean
            | ({"TERM": term} if term else {})
            | environ
            | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        return done.stderr.strip()
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(
    ("term", "size", "environ", "expected"),
    [
        ("xterm-256color", (160, 48), {}, "ok xterm-256color, 256 colours, 160×48"),
        (
            "xterm-256color",
            (160, 48),
            {"COLORTERM": "truecolor"},
            "ok xterm-256color, 16 million colours, 160×48",
        ),
        ("xterm", (100, 30), {}, "ok xterm, 16 colours, 100×30; 160×48 is comfortable"),
        ("xterm", (60, 20), {"NO_COLOR": "1"}, "advice xterm, colours switched off by NO_COLOR, 60×20"),
        ("screen", (160, 48), {}, "advice screen, 16 colours, 160×48"),
        ("dumb", (160, 48), {}, "problem dumb, 16 colours, 160×48"),
        (None, (160, 48), {}, "problem TERM is not set, 16 colours, 160×48"),
    ],
)
def test_terminals(term, size, environ, expected):
    assert terminal_row(term, *size, **environ) == expected


def test_a_locale_that_cannot_draw():
    code = "from trainer_tui.cli.doctor_here import encoding; print(encoding(None).verdict)"
    environ = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "problem"


def test_settings_that_belong_to_no_model_are_seen(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model_3.py").touch()
    project = Project.at(tmp_path)
    assert doctor_here.settings(project).verdict == "ok"
    (tmp_path / "trainer.toml").write_text("[models.modl_3]\nseed = 1\n")
    row = doctor_here.settings(project)
    assert row.verdict == "advice" and "did you mean model_3?" in row.todo
    (tmp_path / "trainer.toml").write_text("[models.model_3]\nsede = 1\n")
    row = doctor_here.settings(project)
    assert row.verdict == "problem" and "trainer.toml:2" in row.todo
