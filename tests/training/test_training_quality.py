"""Clean sets pass without a word; each planted fault is found by its check; FAILED blocks and names every
reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trainer_tui.training.data import load
from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import QCGateBlockedError
from trainer_tui.training.quality import DQStatus, QCReport, check, gate
from trainer_tui.training.quality.checks import CHECKS
from trainer_tui.training.spec import TrainSpec

N = 400


def clean() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=N),
            "income": rng.lognormal(3, 1, N),
            "city": rng.choice(["Köln", "Bonn", "Ulm"], N),
            "count": rng.poisson(3, N),
            "target": rng.integers(0, 2, N),
        }
    )


def checked(tmp_path: Path, frame: pd.DataFrame, **spec: object) -> QCReport:
    frame.to_csv(tmp_path / "a.csv", index=False)
    return check(load(TrainSpec("a.csv", "m", **spec), tmp_path))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "wine", "diabetes", "iris"])
def test_clean_sets_pass_without_a_warning(name: str, tmp_path: Path) -> None:
    report = check(load(TrainSpec(f"sklearn:{name}", name), tmp_path))
    assert report.status is DQStatus.PASSED and report.overall_score == 1.0
    assert {finding.severity for finding in report.findings} <= {"info"}
    gate(report)


def test_a_clean_table_passes(tmp_path: Path) -> None:
    report = checked(tmp_path, clean())
    assert (report.status, report.findings) == (DQStatus.PASSED, ())
    assert list(report.checks) == [one.name for one in CHECKS] and set(report.checks.values()) == {"passed"}


def put(column: str, rows: slice, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame[column] = frame[column].astype(object)
        frame.loc[frame.index[rows], column] = value  # type: ignore[call-overload]
        return frame

    return change


def add(**columns: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: pd.concat(
        [frame.drop(columns=[*columns], errors="ignore"), pd.DataFrame(columns, frame.index)], axis=1
    )


def repeated(times: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: pd.concat([frame, *[frame.iloc[: N // 10]] * times], ignore_index=True)


def hollow(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[20:379, frame.columns != "target"] = None
    return frame


def infinite_target(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(target=frame["income"].replace(frame["income"].max(), np.inf))


WIDE = {f"f{k}": np.random.default_rng(k).normal(size=N) for k in range(N)}
DAYS = pd.date_range("2024-01-01", periods=N - 1).astype(str)
RANDOM = np.random.default_rng(5)
FAULTS: list[tuple[str, str, Callable[[pd.DataFrame], pd.DataFrame], dict[str, object]]] = [
    ("few-rows", "critical", lambda f: f[:39], {}),
    ("few-rows", "warning", lambda f: f[:99], {}),
    ("more-features-than-rows", "warning", add(**WIDE), {}),
    ("duplicate-rows", "warning", repeated(1), {}),
    ("duplicate-rows", "critical", repeated(12), {}),
    ("duplicate-rows", "info", lambda f: pd.concat([f, f[:1]]), {}),
    ("missing-cells", "critical", hollow, {}),
    ("missing-values", "warning", put("a", slice(0, 200), None), {}),
    ("missing-values", "info", put("city", slice(0, 3), None), {}),
    ("constant-columns", "info", add(same=1), {}),
    ("infinite-values", "critical", put("a", slice(5, 6), np.inf), {}),
    ("outliers", "warning", put("a", slice(7, 8), 1e6), {}),
    ("placeholder-values", "warning", put("count", slice(0, 40), -999), {}),
    ("spellings", "warning", put("city", slice(3, 4), " köln"), {}),
    ("mixed-types", "warning", put("a", slice(9, 10), "broken"), {}),
    ("missing-target", "warning", put("target", slice(0, 5), None), {}),
    ("missing-target", "critical", put("target", slice(0, 250), None), {}),
    ("degenerate-target", "critical", add(target=1), {}),
    ("degenerate-target", "critical", infinite_target, {}),
    ("small-classes", "critical", put("target", slice(0, 1), 2), {}),
    ("small-classes", "warning", lambda f: f.assign(target=np.where(f.index < 15, 2, f["target"])), {}),
    ("class-imbalance", "warning", lambda f: f.assign(target=(f.index < 15).astype(int)), {}),
    ("many-classes", "warning", lambda f: f.assign(target=[f"c{i % 120}" for i in range(N)]), {}),
    ("groups", "critical", add(g=np.arange(N) % 3), {"group": "g"}),
    ("groups", "warning", add(g=np.arange(N) % 10), {"group": "g"}),
    ("groups", "critical", add(g=np.where(np.arange(N) < 300, 0, np.arange(N))), {"group": "g"}),
    ("groups", "critical", add(g=[None, *(i // 4 for i in range(1, N))]), {"group": "g"}),
    ("times", "critical", add(t=[None, *DAYS]), {"time": "t"}),
    ("times", "critical", add(t=np.arange(N) % 2), {"time": "t"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "severity", "plant", "spec"), FAULTS)
def test_each_planted_fault_is_found(
    tmp_path: Path,
    name: str,
    severity: str,
    plant: Callable[[pd.DataFrame], pd.DataFrame],
    spec: dict[str, object],
) -> None:
    report = checked(tmp_path, plant(clean()), **spec)
    assert report.checks[name] == severity
    found = [finding for finding in report.findings if finding.check == name]
    assert all(finding.message.endswith(".") and "\n" not in finding.message for finding in found)
    expected = {"critical": DQStatus.FAILED, "warning": DQStatus.WARNING, "info": DQStatus.PASSED}
    assert report.status is expected[severity] or "critical" in report.checks.values()
    assert (report.overall_score < 1) == (severity != "info")
    json.dumps(report.to_dict(), default=str)


def test_every_check_has_a_planted_fault() -> None:
    assert {one.name for one in CHECKS} - {fault[0] for fault in FAULTS} == {"encoding"}


def test_rows_are_named_by_their_ids(tmp_path: Path) -> None:
    frame = clean().assign(code=[f"r{i}" for i in range(N)])
    frame.loc[17, "a"] = np.inf
    report = checked(tmp_path, frame, row_id="code")
    assert report.findings[0].rows == ("r17",) and report.findings[0].affected == 1


def test_the_gate_names_every_critical_finding(tmp_path: Path) -> None:
    frame = put("a", slice(5, 6), np.inf)(clean()).assign(target=1)
    report = checked(tmp_path, frame)
    with pytest.raises(QCGateBlockedError) as caught:
        gate(report)
    assert [finding.check for finding in caught.value.findings] == ["infinite-values", "degenerate-target"]
    assert "[infinite-values]" in str(caught.value) and "[degenerate-target]" in str(caught.value)
    assert f"{report.overall_score:.2f}" in str(caught.value)


def test_a_warning_does_not_block(tmp_path: Path) -> None:
    report = checked(tmp_path, put("a", slice(7, 8), 1e6)(clean()))
    assert report.status is DQStatus.WARNING
    gate(report)


def test_ten_thousand_classes_are_one_finding(tmp_path: Path) -> None:
    rows = 20_000
    frame = pd.DataFrame({"x": RANDOM.normal(size=rows), "target": [f"c{i // 2}" for i in range(rows)]})
    report = checked(tmp_path, frame)
    critical = [finding for finding in report.findings if finding.severity == "critical"]
    assert [finding.check for finding in critical] == ["small-classes"]
    assert critical[0].details["classes"] == 10_000 and len(critical[0].message) < 300


def test_checking_changes_nothing(tmp_path: Path) -> None:
    clean().to_csv(tmp_path / "a.csv", index=False)
    dataset: Dataset = load(TrainSpec("a.csv", "m"), tmp_path)
    before = dataset.X.copy(deep=True)
    assert check(dataset) == check(dataset)
    pd.testing.assert_frame_equal(dataset.X, before)
