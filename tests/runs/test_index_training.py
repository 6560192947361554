"""The row of a training: what its own file says is laid over what the folder shows, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs import index
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.index_training import COLUMNS, FILE, of_training, plain
from trainer_tui.runs.layout import RunFolder

TRAINED = {
    "algorithm_name": "lightgbm",
    "framework": "lightgbm",
    "hyperparameters": {"num_leaves": 31},
    "hyperparameter_space": {"num_leaves": [8, 64, "log-int"]},
    "tuning_trials": 50,
    "train_metrics": {"auc": 0.99},
    "validation_metrics": {"auc": 0.97, "pr_auc": float("nan")},
    "test_metrics": {"auc": 0.96},
    "train_samples": 341,
    "validation_samples": 114,
    "test_samples": 86,
    "model_artifact_uri": "file:///model",
    "preprocessing_artifact_uri": "file:///preprocessor",
    "model_version_id": "cancer-7",
    "experiment_id": "cancer",
    "mlflow_run_id": "abc",
    "trained_by": "model_trainer",
    "split_id": "3f" * 32,
}


def test_a_training_fills_the_columns_of_the_document(run: RunFolder) -> None:
    replace_json(run.path / FILE, {**TRAINED, "status": "completed", "reason": "passed", "orbit": 5})
    engine = index.open_index(index.default_url(run.path.parents[1]))
    index.update(engine, [run])
    [row] = index.rows(engine)
    assert TRAINED.keys() == COLUMNS.keys()
    assert {name: row[name] for name in TRAINED} == {
        **TRAINED,
        "validation_metrics": {"auc": 0.97, "pr_auc": None},
    }
    assert row["status"] != "completed" and row["reason"] != "passed", "its supervisor knows that"


def test_what_a_row_refers_to_is_made_where_it_is_missing(run: RunFolder) -> None:
    replace_json(run.path / FILE, TRAINED)
    output = run.path.parents[1]
    index.rebuild(index.open_index(index.default_url(output)), output)
    with sqlite3.connect(output / "runs.db") as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("SELECT experiment_id, name FROM ml_experiments").fetchall() == [
            ("cancer", "cancer")
        ]
        assert database.execute("SELECT model_version_id, version FROM ml_model_registry").fetchall() == [
            ("cancer-7", None)
        ]
        database.execute("UPDATE ml_experiments SET name = 'tumours'")
    database.close()
    index.update(index.open_index(index.default_url(output)), [run])
    with sqlite3.connect(output / "runs.db") as database:
        assert database.execute("SELECT name FROM ml_experiments").fetchall() == [("tumours",)]
    database.close()


def test_rows_that_others_refer_to_are_neither_replaced_nor_lost(run: RunFolder, make_run: Any) -> None:
    gone, referred = make_run("full"), make_run("full")
    output = run.path.parents[1]
    engine = index.open_index(index.default_url(output))
    index.rebuild(engine, output)
    database = sqlite3.connect(output / "runs.db")
    database.execute(
        "CREATE TABLE mine (run TEXT REFERENCES ml_training_runs (training_run_id) "
        "ON DELETE CASCADE, note TEXT)"
    )
    database.execute("ALTER TABLE ml_training_runs ADD COLUMN stars INTEGER")
    database.execute("UPDATE ml_training_runs SET stars = 5")
    database.execute("INSERT INTO mine VALUES (?, 'good')", (run.name,))
    database.commit()
    index.update(engine, [run])
    for each in (gone, referred):
        each.run_json.unlink()
    assert index.rebuild(engine, output) == 1
    assert database.execute("SELECT training_run_id, stars FROM ml_training_runs").fetchall() == [
        (run.name, 5)
    ]
    assert database.execute("SELECT note FROM mine").fetchall() == [("good",)]
    database.close()


@pytest.mark.parametrize("content", ["", "{", "[1]", '"a"', '{"tuning_trials": 1e999}'])
def test_a_damaged_file_leaves_the_row_as_the_folder_shows_it(run: RunFolder, content: str) -> None:
    (run.path / FILE).write_text(content)
    assert of_training(run) == {}


WRONG = [None, True, -1, 1 << 40, 5.5, "", "a\0b", "x" * 5000, [], [1]]


@given(st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.sampled_from(WRONG), min_size=1))
def test_what_fits_no_column_is_passed_over(values: dict[str, Any]) -> None:
    kept = {name: value for name, value in values.items() if COLUMNS[name](value)}
    assert kept == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_every_value_becomes_one_that_a_database_takes(value: Any) -> None:
    text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()


def test_a_new_index_follows_the_umask_and_is_never_for_everybody_to_write(tmp_path: Path) -> None:
    index.open_index(index.default_url(tmp_path))
    assert (tmp_path / "runs.db").stat().st_mode & 0o002 == 0
