"""Target, groups, times and features: declared, or inferred and said, or an error that lists what could
be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trainer_tui.training.data import load
from trainer_tui.training.dataset import Column, Dataset
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec


def loaded(tmp_path: Path, columns: dict[str, object], **spec: object) -> Dataset:
    pd.DataFrame(columns).to_csv(tmp_path / "a.csv", index=False)
    return load(TrainSpec("a.csv", "m", **spec), tmp_path)  # type: ignore[arg-type]


def column(dataset: Dataset, name: str) -> Column:
    return next(c for c in dataset.columns if c.name == name)


N = 60
X = {"x": np.random.default_rng(0).normal(size=N)}
BINARY = {"target": np.arange(N) % 2}
DAYS = pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("values", "spec", "task", "classes"),
    [
        ([0, 1], {}, "binary", (0, 1)),
        ([0.0, 1.0], {}, "binary", (0, 1)),
        ([1.5, 2.5], {}, "binary", (1.5, 2.5)),
        (["no", "yes"], {}, "binary", ("no", "yes")),
        (["case", "control"], {}, "binary", ("control", "case")),
        (["benign", "malignant"], {"positive": "benign"}, "binary", ("malignant", "benign")),
        ([True, False], {}, "binary", (False, True)),
        ([True, False], {"positive": "False"}, "binary", (True, False)),
        ([3, 4, 5], {}, "multiclass", (3, 4, 5)),
        (["b", "a", "ü"], {}, "multiclass", ("a", "b", "ü")),
        ([3, 4, 5], {"task": "regression"}, "regression", ()),
        ([1.5, 2.5, 3.25], {}, "regression", ()),
        (list(range(30)), {}, "regression", ()),
        (list(range(30)), {"task": "multiclass"}, "multiclass", tuple(range(30))),
        ([0, 1], {"task": "classification"}, "binary", (0, 1)),
        ([0, 1], {"task": "regression"}, "regression", ()),
    ],
)
def test_tasks_and_classes(
    tmp_path: Path, values: list[object], spec: dict[str, str], task: str, classes: tuple[object, ...]
) -> None:
    target = [values[i % len(values)] for i in range(N)]
    dataset = loaded(tmp_path, {**X, "target": target}, **spec)
    assert (dataset.task, dataset.classes) == (task, classes)
    decoded = [dataset.classes[code] for code in dataset.y] if classes else dataset.y.tolist()
    assert decoded == target
    assert column(dataset, "target").why.startswith("the target")


@pytest.mark.parametrize(
    ("columns", "spec", "says"),
    [
        ({"a": [1, 2], "b": [3, 4]}, {}, r"no column is named as one: give --target a, b"),
        (
            {"target": [1, 0], "label": [3, 4]},
            {},
            r"several columns could be it: give --target target, label",
        ),
        ({"a": [1, 2], "outcome": [3, 4]}, {"target": "outcom"}, "did you mean outcome"),
        ({"a": [1, 2], "b": [3, 4]}, {"target": "zzzzzz"}, "it has a, b"),
        ({"a": [1, 2], "y": ["p", "q"]}, {"task": "regression"}, "holds text, and regression needs numbers"),
        ({"a": [1, 2, 3], "y": ["p", "q", "r"]}, {"task": "binary"}, "3 classes, which is not binary"),
        ({"a": [1, 2], "y": [0, 1]}, {"task": "ranking"}, "no task 'ranking'"),
        ({"a": [1, 2], "y": ["p", "q"]}, {"positive": "r"}, "no class 'r': its classes are p, q"),
        ({"a": [1, 2], "y": ["2024-01-01", "2024-01-02"]}, {}, "target y holds dates"),
        ({"a": [1, 2], "y": [0, 1]}, {"group": "y"}, "cannot be both target and group"),
        ({"a": [1, 2], "y": [0, 1]}, {"drop": ("y",), "target": "y"}, "cannot be both target and left out"),
        ({"a": [1, 1], "b": [1, 2], "y": [0, 1]}, {"row_id": "a"}, r"not unique \(1\)"),
        ({"a": [1, None], "b": [1, 2], "y": [0, 1]}, {"row_id": "a"}, "missing in 1 row:"),
        (
            {"a": ["x", "2024-01-01"], "b": [1, 2], "y": [0, 1]},
            {"time": "a"},
            "cannot be read as times: it has 'x'",
        ),
        (
            {"a": ["01/02/2024"] * 2, "b": [1, 2], "y": [0, 1]},
            {"time": "a"},
            "day and month cannot be told apart",
        ),
        (
            {"patient_id": [1, 1, 2], "user_id": [2, 2, 3], "y": [0, 1, 1]},
            {},
            "give --group patient_id, user_id or none",
        ),
    ],
)
def test_what_is_not_clear_is_asked(
    tmp_path: Path, columns: dict[str, object], spec: dict[str, object], says: str
) -> None:
    with pytest.raises(DataSourceError, match=says) as caught:
        loaded(tmp_path, columns, **spec)
    assert "\n" not in str(caught.value) and str(caught.value)[-1] in ".?"


def test_groups_are_inferred_from_people_who_repeat_and_said(tmp_path: Path) -> None:
    data = {**X, **BINARY, "patient_id": np.arange(N) // 3}
    dataset = loaded(tmp_path, data)
    assert dataset.groups is not None and dataset.groups.name == "patient_id"
    assert (
        "inferred" in column(dataset, "patient_id").why
        and "--group none" in column(dataset, "patient_id").why
    )
    assert loaded(tmp_path, data, group="none").groups is None
    assert loaded(tmp_path, {**data, "patient_id": np.arange(N)}).groups is None, "each patient has one row"
    assert loaded(tmp_path, {**X, **BINARY, "group": np.arange(N) // 3}).groups is None, (
        "a group may be a treatment"
    )
    declared = loaded(tmp_path, {**X, **BINARY, "city": ["Köln", "Bonn"] * 30}, group="city")
    assert declared.groups is not None and "city" not in declared.X.columns


def test_time_is_inferred_only_from_a_single_column_that_says_so(tmp_path: Path) -> None:
    dataset = loaded(tmp_path, {**X, **BINARY, "date": DAYS})
    assert dataset.times is not None and str(dataset.times.iloc[1]) == "2024-01-02 00:00:00"
    assert "inferred" in column(dataset, "date").why and "--time none" in column(dataset, "date").why
    for other in ({"birthday": DAYS}, {"date": DAYS, "discharged": DAYS}, {"timestamp": np.arange(N) * 1.5}):
        assert loaded(tmp_path, {**X, **BINARY, **other}).times is None
    assert loaded(tmp_path, {**X, **BINARY, "date": DAYS}, time="none").times is None
    numbered = loaded(tmp_path, {**X, **BINARY, "year": 1960 + np.arange(N)}, time="year")
    assert numbered.times is not None and numbered.times.iloc[0] == 1960


@pytest.mark.parametrize(
    ("name", "values", "kind", "used", "why"),
    [
        ("row", range(N), "id", False, "it counts the rows"),
        ("orderId", [7 * i % 61 for i in range(N)], "id", False, "names things"),
        ("store_id", [i % 5 for i in range(N)], "categorical", True, "whole numbers that name things"),
        ("age", [20 + 7 * i % 61 for i in range(N)], "numeric", True, ""),
        ("code", [f"k{i}" for i in range(N)], "id", False, "60 different values in 60 rows"),
        ("street", [f"k{i % 40}" for i in range(N)], "text", False, "too many categories"),
        ("note", [f"the patient felt well on day {i % 50}" for i in range(N)], "text", False, "free text"),
        ("same", [3] * N, "constant", False, "a single value"),
        ("half", [3, None] * (N // 2), "constant", False, "a single value beside 30 missing ones"),
        ("seen", DAYS, "datetime", False, "a date"),
        ("smokes", ["y", "n"] * (N // 2), "boolean", True, "n and y"),
    ],
)
def test_what_becomes_of_a_column(
    tmp_path: Path, name: str, values: object, kind: str, used: bool, why: str
) -> None:
    dataset = loaded(tmp_path, {**X, name: list(values), **BINARY})  # type: ignore[call-overload]
    found = column(dataset, name)
    assert (found.kind, found.used, name in dataset.X.columns) == (kind, used, used)
    assert why in found.why


def test_rows_without_a_target_are_left_out_and_reported(tmp_path: Path) -> None:
    target = [None if i in (3, 7) else i % 2 for i in range(N)]
    dataset = loaded(
        tmp_path,
        {**X, "a": ["k", None] * 30, "id": [100 + i for i in range(N)], "target": target},
        row_id="id",
    )
    assert len(dataset) == N - 2 and 103 not in dataset.X.index
    (finding,) = dataset.noticed
    assert (finding.check, finding.rows, finding.affected) == ("missing-target", (103, 107), 2)
    assert column(dataset, "target").missing == 2 and column(dataset, "a").missing == 28


def test_importing_the_room_stays_light() -> None:
    import subprocess
    import sys

    code = (
        "import sys, trainer_tui.training.data, trainer_tui.training.quality;"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'sklearn', 'sqlalchemy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
