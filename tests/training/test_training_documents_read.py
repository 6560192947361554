"""What the training writes into its run folder is what the screens, the page and the diary read there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.trainings.data_sheet import data_of
from trainer_tui.runs.trainings.evaluation_sheet import evaluation_of
from trainer_tui.runs.trainings.saying import verdict
from trainer_tui.runs.trainings.split_sheet import split_of
from trainer_tui.runs.trainings.trials import read_trials
from trainer_tui.training import leakage, quality
from trainer_tui.training.data import describe, load
from trainer_tui.training.documents import TRIALS, Trials
from trainer_tui.training.evaluation import compare, evaluate
from trainer_tui.training.evaluation.paired import Predictions
from trainer_tui.training.evaluation.plain import plain
from trainer_tui.training.finding import Finding
from trainer_tui.training.spec import TrainSpec
from trainer_tui.training.splits.make import make_split
from trainer_tui.training.tuning.records import TrialRecord


def test_trials(tmp_path: Path) -> None:
    log = Trials(tmp_path)
    log.study("rmse", "minimize", 4, "kg")
    log.trial(TrialRecord(0, "complete", 2.5, "ridge", {"alpha": 0.1, "fit": True}, 0.2, "t", "0", {10: 3.0}))
    log.trial(TrialRecord(1, "failed", None, "lasso", {}, 0.1, "t", "1", reason="ValueError: no"))
    log.trial(TrialRecord(2, "killed", None, "lasso", {}, 0.1, "t", "1"))
    log.importances({"alpha": 1.0})
    found = read_trials(tmp_path / TRIALS)
    assert (found.metric, found.direction, found.asked, found.unit) == ("rmse", "minimize", 4, "kg")
    assert found.unreadable == 0 and found.importances == {"alpha": 1.0}
    assert found.best is not None and dict(found.best.params) == {"alpha": 0.1, "fit": "yes"}
    assert found.best.steps == ((10.0, 3.0),)
    assert [(t.state, t.worker, t.error) for t in found.trials[1:]] == [
        ("failed", "1", "ValueError: no"),
        ("killed", "1", ""),
    ]


def test_data_and_split(tmp_path: Path) -> None:
    dataset = load(TrainSpec(source="sklearn:wine", name="wine"), tmp_path)
    report, split = quality.check(dataset), make_split(dataset)
    replace_json(
        tmp_path / "data.json", plain({"data": describe(dataset), "quality": report.to_dict()}), fsync=False
    )
    data = data_of(read_json(tmp_path / "data.json") or {})
    assert (data.rows, data.features) == dataset.X.shape and data.task == "multiclass"
    assert [column.name for column in data.columns] == [column.name for column in dataset.columns]
    assert (data.quality, data.score) == (report.status.value, report.overall_score)
    assert len(data.findings) == len(report.findings) and dict(data.checks) == dict(report.checks)
    finding = Finding("near-duplicates", "critical", "Two rows are alike.", rows=(1, 2), affected=2)
    document = {
        "counts": split.counts(),
        "checks": [{"names": list(check.names), "about": check.about} for check in leakage.CHECKS],
        "findings": [finding.to_dict()],
    }
    replace_json(tmp_path / "split.json", plain(document), fsync=False)
    sheet = split_of(read_json(tmp_path / "split.json") or {})
    assert dict(sheet.parts) == split.counts() and len(sheet.checks) == len(leakage.CHECKS)
    assert [check.name for check in sheet.checks if check.standing == "failed"] == ["near-duplicates"]


def test_evaluation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    good, bad = (np.clip(y * pull + rng.normal(0.3, 0.2, 300), 0, 1) for pull in (0.5, 0.1))
    part = evaluate(y, good, "binary", ("no", "yes"), 0.5, replicates=400)
    compared = compare(
        Predictions(range(300), y, good, 0.5), Predictions(range(300), y, bad, 0.5), "binary", replicates=400
    )
    document = {
        "metric": "auc",
        "parts": {"validation": part.to_dict()},
        "comparison": {"with": "credit/001-full", **compared.to_dict()},
    }
    replace_json(tmp_path / "evaluation.json", document, fsync=False)
    sheet = evaluation_of(read_json(tmp_path / "evaluation.json") or {})
    found = sheet.parts["validation"]
    assert dict(found.metrics) == part.metrics
    assert found.intervals["auc"] == (part.intervals["auc"].low, part.intervals["auc"].high)
    assert len(found.roc[0].points) == len(part.roc[0].x) and found.roc[0].label == "yes"
    assert sum(one.count for one in found.reliability) == 300 and found.confusion == part.confusion
    assert sheet.comparison is not None
    word, sentence = verdict(sheet.comparison, "auc")
    assert word == "better" and "the previous best (credit/001-full): auc" in sentence
