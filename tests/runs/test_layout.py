"""Where everything lies, and numbers that are never given twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer_tui.runs.layout import ModelFolder, RunFolder, log_link, results_name, short_name


def test_a_run_is_named_by_its_folder(model: ModelFolder, run: RunFolder) -> None:
    assert (run.model, run.number, run.phase, run.name) == ("model_3", 1, "full", "model_3/001-full")
    files = ["run_json", "process_json", "alive_lock", "shim_lock", "events", "progress", "telemetry"]
    files += ["history", "results", "exit_json", "control", "source"]
    paths = [getattr(run, name) for name in files]
    assert {path.parent for path in paths} == {run.path}
    assert len({path.name for path in paths}) == len(files)


def test_the_log_is_where_run_json_says(model: ModelFolder, run: RunFolder) -> None:
    assert run.log() == model.log_of(run) == model.logs / "001-full.log"
    run.run_json.write_text(json.dumps({"log": "../../elsewhere/model_3/001-full.log"}))
    assert run.log() == run.path.parents[1] / "elsewhere/model_3/001-full.log"
    for foreign in ("../../elsewhere/x.log", "/etc/shadow", "../../../../../../etc/passwd", "a\0b", 7):
        run.run_json.write_text(json.dumps({"log": foreign}))
        assert run.log() == model.logs / "001-full.log", "no run of ours has such a log"
    run.run_json.unlink()
    assert run.log() == model.logs / "001-full.log"


def test_models(run: RunFolder) -> None:
    (run.path / "model_final.pt").touch()
    (run.path / "model_final.json").touch()
    (run.path / "model_final.d").mkdir()
    assert [path.name for path in run.models()] == ["model_final.json", "model_final.pt"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"plan": []}', '{"plan": {}, "command": 5}', '{"plan": null}']
)
def test_a_run_json_that_is_none_is_no_request(run: RunFolder, content: str) -> None:
    run.run_json.write_text(content)
    assert run.request() is None


def test_runs_are_found_in_order(model: ModelFolder, make_run: Callable[..., RunFolder]) -> None:
    assert model.runs() == []
    assert model.latest() is None
    quick = make_run("quick")
    full = make_run("full", watch=1)
    alone = make_run("full")
    for name in ("1000-full", "12-full", "004-medium", "notes"):
        (model.path / name).mkdir()
    assert [run.number for run in model.runs()] == [1, 2, 3, 1000]
    assert model.find(2) == full
    assert model.find(4) is None
    assert model.watch_runs(1) == [quick, full]
    assert model.watch_runs(3) == [alone]
    latest = model.latest()
    assert latest is not None
    assert latest.path.name == "1000-full"
    assert model.supervisor_lock.parent == model.supervisor_log.parent == model.path


def test_numbers_go_up_and_past_a_thousand(model: ModelFolder) -> None:
    assert [model.new_run("quick").path.name, model.new_run("full").path.name] == ["001-quick", "002-full"]
    (model.path / "999-full").mkdir()
    assert model.new_run("quick").path.name == "1000-quick"


def test_a_number_is_not_used_again_while_its_log_remains(model: ModelFolder) -> None:
    run = model.new_run("full")
    model.log_of(run).write_text("what it printed")
    shutil.rmtree(model.path)
    assert model.new_run("quick").path.name == "002-quick"


def test_a_number_is_not_used_again_when_folder_and_log_are_gone(model: ModelFolder) -> None:
    model.new_run("full")
    newest = model.new_run("full")
    newest.path.rmdir()
    assert model.new_run("full").number == 3


def test_a_damaged_count_is_made_up_for(model: ModelFolder) -> None:
    model.new_run("full")
    (model.path / "last_number").write_bytes(b"\0\0garbage")
    assert model.new_run("full").number == 2


def test_processes_that_make_runs_at_once_get_different_numbers(model: ModelFolder) -> None:
    code = (
        "import sys; from pathlib import Path; from trainer_tui.runs.layout import ModelFolder\n"
        "model = ModelFolder(Path(sys.argv[1]), Path(sys.argv[2])); print('ready', flush=True); input()\n"
        "for _ in range(50): model.new_run(sys.argv[3])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(model.path), str(model.logs), phase],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for phase in ("quick", "full")
    ]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    for maker in makers:
        maker.communicate()
        assert maker.returncode == 0
    assert [run.number for run in model.runs()] == list(range(1, 101))


def test_published_names() -> None:
    assert [short_name(name) for name in ("model_3", "resnet", "model_")] == ["3", "resnet", "model_"]
    assert log_link("quick", "model_3") == "training_quick_3.log"
    assert log_link("full", "model_3") == "training_3_full.log"
    assert results_name("quick", "model_3") == "results_quick_3.csv"
    assert results_name("full", "resnet") == "results_resnet.csv"


def test_the_newest_of_ten_thousand_runs_is_found_without_touching_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelFolder(tmp_path / "output" / "m", tmp_path / "logs" / "m")
    for number in (9, 10, 999, 1000, 10_000):
        (model.path / f"{number:03d}-full").mkdir(parents=True)
    made: list[RunFolder] = []
    init = RunFolder.__init__

    def counted(self: RunFolder, path: Path) -> None:
        made.append(self)
        init(self, path)

    monkeypatch.setattr(RunFolder, "__init__", counted)
    newest = model.latest()
    assert newest is not None and newest.path.name == "10000-full"
    assert len(made) == 1
    found = model.find(999)
    assert found is not None and found.path.name == "999-full" and len(made) == 2
    assert [run.number for run in model.newest_first()] == [10_000, 1000, 999, 10, 9]
    assert [run.number for run in model.runs()] == [9, 10, 999, 1000, 10_000]
