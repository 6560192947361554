"""Registering splits, experiments and versions; what is recorded of a training; the best so far."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))

from registered import ASSIGNMENTS, SPLIT, about, registered

from trainer_tui.runs import index
from trainer_tui.training.database import repository, tables
from trainer_tui.training.database.errors import DatabaseError
from trainer_tui.training.database.ledger import open_test, record
from trainer_tui.training.database.registration import register, register_split
from trainer_tui.training.database.standing import standings
from trainer_tui.training.database.verify import verify
from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import DataLeakageError
from trainer_tui.training.finding import Finding
from trainer_tui.training.splits.make import make_split


def patients(n: int = 400) -> Dataset:
    """Rows of 100 patients; one id has a NUL in it, and one is very long."""
    index_ = pd.Index([f"row {i}" for i in range(n - 2)] + ["with\0nul", "x" * 500])
    rng = np.random.default_rng(0)
    return Dataset(
        name="patients",
        X=pd.DataFrame({"a": rng.normal(size=n)}, index=index_),
        y=pd.Series(rng.integers(0, 2, n), index=index_),
        task="binary",
        columns=(),
        target="ill",
        groups=pd.Series(rng.integers(0, 100, n), index=index_, name="patient"),
        fingerprint="ab" * 32,
    )


def counts(engine: Engine, kind: str) -> dict[str, int]:
    """Members of each part, as the database has them."""
    table = tables.ml_split_assignments.c
    wanted = select(table.part, func.count()).where(table.kind == kind).group_by(table.part)
    with engine.connect() as connection:
        return {str(part): int(count) for part, count in connection.execute(wanted)}


def test_a_split_is_registered_with_its_rows_and_patients(engine: Engine) -> None:
    data = patients()
    split = make_split(data, seed=3)
    assert register_split(engine, split, data, uri="file:///splits/x.csv", by="ada@gpu01")
    assert not register_split(engine, split, data)
    [standing] = standings(engine)
    assert standing.about["strategy"] == "group" and standing.about["seed"] == 3
    assert standing.about["registered_by"] == "ada@gpu01" and standing.about["rows_kept"] == 400
    assert counts(engine, "row") == split.counts()
    assert sum(counts(engine, "group").values()) == data.groups.nunique()  # type: ignore[union-attr]
    assert verify(engine) == []


def test_of_a_large_split_only_the_id_is_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer_tui.training.database import registration

    monkeypatch.setattr(registration, "ROWS_KEPT", 200)
    data = patients()
    register_split(engine, make_split(data), data)
    groups = data.groups.nunique()  # type: ignore[union-attr]
    assert counts(engine, "row") == {} and sum(counts(engine, "group").values()) == groups
    assert standings(engine)[0].about["rows_kept"] == 0


def test_a_patient_in_two_parts_is_not_registered(engine: Engine) -> None:
    data = patients()
    split = make_split(data)
    codes = split.codes.copy()
    codes[split.positions("train")[0]] = 2
    with pytest.raises(DataLeakageError, match="1 groups of patient are in two parts"):
        register_split(engine, replace(split, codes=codes), data)
    assert standings(engine) == []


@pytest.mark.parametrize("kind", ["sqlite"])  # without `PRAGMA foreign_keys` any program can leave such a row
def test_what_was_left_half_written_is_no_hindrance(engine: Engine, raw: Any) -> None:
    raw(f"INSERT INTO ml_split_assignments VALUES ('{SPLIT}', 'row', 'r1', 'test')")
    registered(engine)
    assert counts(engine, "row") == {"train": 1, "test": 1}


def test_processes_that_register_one_split_at_once_all_go_on(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: register(engine, about(), ASSIGNMENTS), range(4)))
    assert sorted(made) == [False, False, False, True]
    assert counts(engine, "row") == {"train": 1, "test": 1}


def test_a_split_without_its_ratios_is_one_sentence(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match=r"Split 3f\w+ was not registered: .*\.$"):
        register(engine, about(test_rows=0, train_rows=75), [])


# ------------------------------------------------------------ experiments and versions


def test_an_experiment_is_written_once_and_kept_up(engine: Engine) -> None:
    repository.register_experiment(engine, "e1", "cancer", target="y", task="binary")
    repository.register_experiment(engine, "e1", "cancer", metric="auc")
    [row] = repository.experiments(engine)
    assert (row["target"], row["metric"]) == ("y", "auc") and row["created_by"]


def test_versions_are_numbered_for_each_name(engine: Engine) -> None:
    def make(version: str, name: str = "cancer", **rest: Any) -> int:
        return repository.register_model_version(engine, version, name, **rest)

    repository.register_experiment(engine, "e1", "cancer")
    assert [make("a"), make("b", experiment_id="e1"), make("c", "other"), make("b", stage="production")] == [
        1,
        2,
        1,
        2,
    ]
    rows = repository.model_versions(engine, "cancer")
    assert [(row["version"], row["stage"]) for row in rows] == [(1, "development"), (2, "production")]
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, "wxyz")) == [3, 4, 5, 6]
    with pytest.raises(DatabaseError):
        make("d", stage="on the moon")
    with pytest.raises(DatabaseError):
        make("d", experiment_id="nowhere")


def test_a_version_that_a_row_referred_to_first_gets_its_number(engine: Engine) -> None:
    index.put(engine, [run("m/001-full", 0.5, model_version_id="v1", experiment_id="e1")])
    assert repository.register_model_version(engine, "v1", "cancer") == 1
    repository.register_experiment(engine, "e1", "cancer trial")
    assert [row["name"] for row in repository.experiments(engine)] == ["cancer trial"]


# ------------------------------------------------------------ what a training leaves


def test_statistics_are_kept_with_a_digest(engine: Engine) -> None:
    registered(engine)
    learned = {"numeric_means": {"a": 0.5, "b": float("nan")}, "categories": {"c": ["x", None]}}
    digest = repository.record_preprocessing(engine, "m/001-full", learned, 60, SPLIT)
    assert repository.record_preprocessing(engine, "m/001-full", learned, 60, SPLIT) == digest
    with engine.connect() as connection:
        [row] = connection.execute(select(tables.ml_preprocessing_metadata))
    assert row.computed_on_split == "train" and row.statistics_digest == digest
    assert row.statistics == {"numeric_means": {"a": 0.5, "b": None}, "categories": {"c": ["x", None]}}


def test_an_audit_is_replaced_by_its_own_run_alone(engine: Engine) -> None:
    found = [
        Finding("exact-duplicates", "critical", "2 rows are alike", rows=(np.int64(3), "r4"), affected=2),
        Finding("adversarial", "info", "auc 0.51", details={"auc": 0.51}),
    ]
    checks = ("exact-duplicates", "adversarial", "groups")
    repository.record_leakage_audit(engine, "n/001-full", found[:1])
    for _ in range(2):
        repository.record_leakage_audit(
            engine, "m/001-full", found, checks=checks, accepted={"exact-duplicates": "twins"}
        )
    rows = repository.leakage_audit(engine, "m/001-full")
    assert [(r["check_type"], r["passed"], r["accepted_because"]) for r in rows] == [
        ("exact-duplicates", False, "twins"),
        ("adversarial", True, None),
        ("groups", True, None),
    ]
    assert rows[1]["details"]["auc"] == 0.51 and rows[0]["affected_records"] == 2
    assert len(repository.leakage_audit(engine, "n/001-full")) == 1


def run(name: str, auc: float | None, **rest: Any) -> dict[str, Any]:
    """A row of `ml_training_runs`."""
    return {
        "training_run_id": name,
        "algorithm_name": "lightgbm",
        "hyperparameters": {},
        "validation_metrics": {} if auc is None else {"auc": auc, "rmse": 1 - auc},
        "status": "completed",
        "phase": "full",
        "number": 1,
        "experiment_id": "e1",
        **rest,
    }


def test_the_best_before_is_the_one_that_validated_best(engine: Engine) -> None:
    index.put(
        engine,
        [
            run("a/001-full", 0.8, split_id=SPLIT, started_at="2026-01-01"),
            run("a/002-full", 0.9, started_at="2026-01-02"),
            run("a/003-full", 0.9, started_at="2026-01-03"),
            run("a/004-quick", 0.99, phase="quick"),
            run("a/005-full", 0.99, status="failed"),
            run("a/006-full", 0.99, experiment_id="e2"),
            run("a/007-full", None),
            run("a/008-full", 0.95),
        ],
    )

    def best(**wish: Any) -> str | None:
        row = repository.previous_best(engine, "e1", before="a/008-full", **wish)
        return row["training_run_id"] if row else None

    assert best(metric="auc", maximize=True) == "a/002-full"
    assert best(metric="rmse", maximize=False) == "a/002-full"
    assert best(metric="rmse", maximize=True) == "a/001-full"
    assert best(metric="auc", maximize=True, split_id=SPLIT) == "a/001-full"
    assert best(metric="mcc", maximize=True) is None
    assert repository.previous_best(engine, "none", "auc", True) is None


# ------------------------------------------------------------ around the ledger


def test_test_metrics_that_no_entry_allowed_are_seen(engine: Engine) -> None:
    registered(engine)
    index.put(
        engine, [run("m/001-full", 0.9, test_metrics={"auc": 0.9}), run("m/002-full", 0.9, test_metrics={})]
    )
    assert verify(engine) == ["m/001-full has test metrics, and the ledger has no entry of it."]
    metrics = {"auc": 0.9, "brier": 1e-05, "n": 15, "big": 1e22}
    entry = open_test(engine, SPLIT, "m/001-full")
    assert verify(engine) == []
    record(engine, entry, metrics)
    assert verify(engine) == ["m/001-full has other test metrics than those in the ledger."]
    index.put(engine, [run("m/001-full", 0.9, test_metrics=metrics)])
    assert verify(engine) == []
