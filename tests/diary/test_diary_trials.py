"""The search log takes a training's trials: by the command, and by itself when the run ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer_tui.diary.document import parse
from trainer_tui.diary.search_log import log_search
from trainer_tui.diary.studies import StudyError, from_trials
from trainer_tui.runs.layout import RunFolder
from trainer_tui.supervise.notebook.searched import log_trials


def tried(folder: Path, *trials: dict[str, Any], direction: str = "maximize") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    study = {"study": {"metric": "auc", "direction": direction, "trials": 9, "unit": ""}}
    lines = [study, *trials, {"importances": {"C": 0.8, "depth": 0.2}}]
    (folder / "trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def trial(
    number: int, value: float, algorithm: str, state: str = "complete", **params: Any
) -> dict[str, Any]:
    return {"number": number, "state": state, "value": value, "algorithm": algorithm, "params": params}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tried(
        tmp_path / "output" / "credit" / "002-full",
        trial(0, 0.7, "logistic", C=0.1, penalty="l2"),
        trial(1, 0.9, "logistic", C=1.0, penalty="l1"),
        trial(2, 0.95, "forest", "pruned", depth=4),
        trial(3, 0.8, "forest", depth=8),
    )


def test_the_trials_of_a_training_are_a_study(folder: Path) -> None:
    study = from_trials(folder)
    assert (study.name, study.metric, study.direction) == ("002-full", "auc", "maximize")
    assert study.params == ("algorithm", "C", "penalty", "depth")
    assert study.best is not None and study.best.number == 1
    assert study.trials[2].value is None  # the value of a pruned trial is that of an early step
    text = log_search(parse("# Dev Diary\n"), study, "credit")[0].text
    for line in (
        "| Trial | algorithm | C | penalty | depth | auc | Notes |",
        "| 1 | logistic | 1 | l1 |  | **0.9** | ✅ Best |",
        "| 2 | forest |  |  | 4 | – | Pruned |",
        "- algorithm = logistic",
        "| C | 80% |",
    ):
        assert line in text
    assert from_trials(folder / "trials.jsonl", "mine").name == "mine"


def test_one_algorithm_needs_no_column(tmp_path: Path) -> None:
    study = from_trials(tried(tmp_path, trial(0, 2.0, "ridge", alpha=1.0), direction="minimize"))
    assert study.params == ("alpha",) and study.direction == "minimize"


def test_no_trial_is_no_study(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tried(tmp_path)):
        with pytest.raises(StudyError, match="holds no trials"):
            from_trials(path)


def test_the_log_is_filled_at_the_end_of_a_training_and_of_no_other_run(folder: Path, tmp_path: Path) -> None:
    notebook, run = tmp_path / "output" / "dev_diary.md", RunFolder(folder)
    other = folder.with_name("003-full")
    other.mkdir()
    log_trials(RunFolder(other), "credit", notebook, 1.0)
    assert not notebook.exists()
    notebook.write_text("# Dev Diary\n\nmine\n")
    log_trials(run, "credit", notebook, 1.0)
    log_trials(run, "credit", notebook, 1.0)
    text = notebook.read_text()
    assert text.startswith("# Dev Diary\n\nmine\n") and text.count("<!-- search: 002-full -->") == 1
    assert "Trial 1, auc 0.9." in text and "**Model**: credit" in text


def test_marks_that_a_person_broke_are_left_alone(folder: Path, tmp_path: Path) -> None:
    notebook = tmp_path / "output" / "dev_diary.md"
    log_trials(RunFolder(folder), "credit", notebook, 1.0)
    broken = notebook.read_text().replace("<!-- /search -->", "")
    notebook.write_text(broken)
    log_trials(RunFolder(folder), "credit", notebook, 1.0)
    assert notebook.read_text() == broken
