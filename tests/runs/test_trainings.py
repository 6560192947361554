"""The files of a training are read as they are: growing, torn, by another version, hostile."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.runs.files import replace_json
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.runs.trainings import TRIALS, is_training, study_name
from trainer_tui.runs.trainings.data_sheet import data_of
from trainer_tui.runs.trainings.evaluation_sheet import evaluation_of
from trainer_tui.runs.trainings.plainly import number, short
from trainer_tui.runs.trainings.saying import best_text, counts_text, params_text, verdict
from trainer_tui.runs.trainings.split_sheet import split_of
from trainer_tui.runs.trainings.trials import LONGEST_LINE, TrialsReader, read_trials, running_best

DOCUMENTS = Path(__file__).parents[1] / "data" / "training_run"


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def trial(at: int, value: float | None, state: str = "complete", **more: Any) -> dict[str, Any]:
    return {"number": at, "state": state, "value": value, "algorithm": "forest", "params": {}, **more}


# ---------------------------------------------------------------------------------------- trials


def test_the_newest_line_of_a_number_counts_and_torn_ones_wait(tmp_path: Path) -> None:
    path = written(
        tmp_path / TRIALS,
        {"study": {"metric": "auc", "direction": "maximize", "trials": 5, "unit": ""}},
        trial(1, None, "running"),
        trial(0, 0.5),
    )
    reader = TrialsReader(path)
    assert reader.poll() and not reader.poll()
    with path.open("a") as file:
        file.write(json.dumps(trial(1, 0.75))[:20])
    reader.poll()
    assert [t.state for t in reader.snapshot().trials] == ["complete", "running"]
    with path.open("a") as file:
        file.write(json.dumps(trial(1, 0.75))[20:] + "\n" + json.dumps({"importances": {"a": 0.9}}) + "\n")
    reader.poll()
    found = reader.snapshot()
    assert [(t.number, t.state, t.value) for t in found.trials] == [
        (0, "complete", 0.5),
        (1, "complete", 0.75),
    ]
    assert found.best is not None and found.best.number == 1
    assert found.importances == {"a": 0.9} and found.unreadable == 0
    assert counts_text(found) == "2 of 5 trials: 2 complete"
    assert best_text(found) == "best auc 0.75: trial 1, forest"
    reader.close()


def test_a_search_that_begins_anew_is_read_anew(tmp_path: Path) -> None:
    path = written(tmp_path / TRIALS, trial(0, 1.0), trial(1, 2.0), trial(2, 3.0))
    reader = TrialsReader(path)
    reader.poll()
    written(path, trial(7, 9.0))
    reader.poll()
    assert [t.number for t in reader.snapshot().trials] == [7]
    reader.close()


def test_which_way_is_better_decides_the_best_and_without_it_none_is(tmp_path: Path) -> None:
    def best(direction: str, *values: float | None) -> int | None:
        path = written(
            tmp_path / TRIALS,
            {"study": {"direction": direction}},
            *(trial(n, v) for n, v in enumerate(values)),
        )
        found = read_trials(path).best
        return found.number if found is not None else None

    assert best("maximize", 0.1, 0.3, 0.3, None) == 1
    assert best("minimize", 0.3, 0.1, 0.1) == 1
    assert best("sideways", 0.3, 0.1) is None


def test_a_pruned_trial_is_never_the_best(tmp_path: Path) -> None:
    path = written(
        tmp_path / TRIALS, {"study": {"direction": "maximize"}}, trial(0, 0.5), trial(1, 0.9, "pruned")
    )
    found = read_trials(path)
    assert found.best is not None and found.best.number == 0
    assert running_best(found.trials, "maximize") == [(0, 0.5)]


def test_lines_that_are_no_trial_are_counted_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / TRIALS
    good = json.dumps(
        trial(3, 0.5, params={"a\x1b[31m": "\x1b]0;x\x07red", "b": 1e999, "c": True, "d": None})
    )
    bad = ["no json", "[1]", '{"number": -1, "state": "complete"}', '{"number": 1, "state": "odd"}']
    bad += ['{"number": 1.5, "state": "complete"}', '{"number": 1e999, "state": "complete"}', "[" * 5000]
    path.write_text("\n".join([*bad, "x" * (LONGEST_LINE + 2_000_000), good]) + "\n")
    found = read_trials(path)
    assert [t.number for t in found.trials] == [3]
    assert found.unreadable == len(bad) + 1
    assert dict(found.trials[0].params) == {"a": "red", "b": "inf", "c": "yes", "d": "none"}
    assert params_text(found.trials[0]) == "a red, b inf, c yes, d none"


def test_steps_and_errors_in_either_form(tmp_path: Path) -> None:
    lines = [
        trial(0, 0.5, steps={"50": 0.4, "9": 0.1, "x": 1, "100": None}, worker="2", reason="why"),
        trial(1, 0.5, "killed", steps=[[1, 0.5], ["a"], 3], worker=0, error="because"),
    ]
    first, second = read_trials(written(tmp_path / TRIALS, *lines)).trials
    assert (first.steps, first.worker, first.error) == (((9.0, 0.1), (50.0, 0.4)), "2", "why")
    assert (second.steps, second.worker, second.error) == (((1.0, 0.5),), "0", "because")


def test_a_pipe_in_the_place_of_the_trials_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / TRIALS)
    with pytest.raises(OSError, match="no plain file"):
        read_trials(tmp_path / TRIALS)
    assert read_trials(tmp_path / "absent").trials == ()


# ---------------------------------------------------------------------------------------- sheets


def test_the_documents_of_a_real_training() -> None:
    data = data_of(json.loads((DOCUMENTS / "data.json").read_text()))
    assert (data.rows, data.features, data.task, data.quality) == (569, 30, "binary", "PASSED")
    assert data.classes == (("malignant", 212), ("benign", 357)) and len(data.columns) == 31
    split = split_of(json.loads((DOCUMENTS / "split.json").read_text()))
    assert dict(split.parts) == {"train": 341, "validation": 114, "test": 85, "holdout": 29}
    assert (split.test.state, split.holdout.state) == ("opened", "locked")
    assert {check.standing for check in split.checks} == {"passed"} and len(split.checks) == 11
    sheet = evaluation_of(json.loads((DOCUMENTS / "evaluation.json").read_text()))
    assert list(sheet.parts) == ["train", "validation", "test"]
    part = sheet.parts["test"]
    low, high = part.intervals["auc"]
    value = part.metrics["auc"]
    assert value is not None and low < value <= high
    assert part.roc[0].points[0] == (0.0, 0.0) and part.roc[0].points[-1] == (1.0, 1.0)
    assert sum(one.count for one in part.reliability) == part.rows == sum(map(sum, part.confusion)) == 85
    assert part.positives is not None and round(part.positives, 2) == 0.62


def test_a_check_stands_as_its_worst_finding_that_nobody_accepted() -> None:
    def finding(check: str, severity: str) -> dict[str, Any]:
        return {"check": check, "severity": severity, "message": "m", "rows": [1, "b"], "affected": 40}

    split = split_of(
        {
            "checks": [
                {"names": ["a", "a2"], "about": "of a"},
                {"names": ["b"]},
                {"names": ["c"]},
                {"names": ["d"]},
            ],
            "findings": [
                finding("a2", "critical"),
                finding("b", "critical"),
                finding("c", "info"),
                finding("own", "warning"),
            ],
            "accepted": {"b": "because"},
        }
    )
    assert [(check.name, check.standing, check.accepted) for check in split.checks] == [
        ("a2", "failed", ""),
        ("b", "warning", "because"),
        ("c", "passed", ""),
        ("d", "passed", ""),
        ("own", "warning", ""),
    ]
    assert split.checks[0].findings[0].rows == ("1", "b")


def compared(**difference: Any) -> tuple[str, str]:
    document = {
        "comparison": {"paired": True, "differences": {"rmse": {"new": 2.0, "old": 3.0, **difference}}}
    }
    comparison = evaluation_of(document).comparison
    assert comparison is not None
    return verdict(comparison, "rmse")


def test_better_is_only_what_its_interval_bears() -> None:
    clear = {"interval": {"low": -1.5, "high": -0.5}}
    assert compared(**clear, better_share=0.99)[0] == "better"
    assert compared(**clear, better_share=0.01)[0] == "worse"
    assert compared(interval={"low": -1.5, "high": 0.5}, better_share=0.9)[0] == "open"
    assert compared(interval=None)[0] == "open"
    _, sentence = compared(**clear, better_share=0.99)
    assert sentence == "better than the previous best: rmse 2 against 3, -1, 95 % interval -1.5 to -0.5"
    apart = evaluation_of({"comparison": {"paired": False, "why": "Other rows."}}).comparison
    assert apart is not None
    assert verdict(apart, "rmse") == ("open", "not compared with the previous best: Other rows.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["data", "quality", "target", "classes", "columns", "findings", "checks", "group", "counts", "test"]
NAMES += ["accepted", "parts", "train", "metrics", "intervals", "roc", "reliability", "points", "confusion"]
NAMES += ["threshold", "comparison", "differences", "per_class", "names", "value", "x", "y", "low", "high"]
HOSTILE = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_no_document_breaks_its_reader(document: dict[str, Any]) -> None:
    for read in (data_of, split_of, evaluation_of):
        said = repr(read(document))
        assert "\x1b" not in said


@given(st.integers() | st.floats() | st.booleans() | st.text())
def test_a_number_is_finite_or_none(value: Any) -> None:
    found = number(value)
    assert found is None or (found - found == 0 and short(found))


# ---------------------------------------------------------------------------------------- whose they are


def test_a_training_is_known_by_its_command_or_its_files(tmp_path: Path) -> None:
    model = ModelFolder(tmp_path / "output" / "credit", tmp_path / "logs" / "credit")
    quick, full = model.new_run("quick"), model.new_run("full")
    for run, command in (
        (quick, ("python", "m.py")),
        (full, ("python", "-m", "trainer_tui.training.job", "s")),
    ):
        plan = WatchPlan(model="credit", command=command, cwd=".", root=".")
        request = RunRequest(
            model="credit",
            number=run.number,
            phase=run.phase,  # type: ignore[arg-type]
            watch=1,
            plan=plan,
            command=command,
            cwd=".",
            env={},
            log="x.log",
            created="2026-01-25T12:20:00.000Z",
            host="h",
        )
        replace_json(run.run_json, request.to_dict(), fsync=False)
    assert (is_training(quick), is_training(full)) == (False, True)
    written(quick.path / TRIALS)
    assert is_training(quick)
    assert study_name(quick.path / TRIALS) == study_name(full.path / TRIALS) == "credit #1"
    assert study_name(tmp_path / TRIALS) == tmp_path.name
