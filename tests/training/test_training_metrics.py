"""The metrics against scikit-learn's, and what happens where they are undefined."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as known

from trainer_tui.training.dataset import TASKS
from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation import (
    METRICS,
    better,
    default_metric,
    evaluate,
    metrics_for,
    validation_metrics,
    value,
)
from trainer_tui.training.evaluation.metrics import unit_of
from trainer_tui.training.evaluation.topk import precision_at_k

pytestmark = pytest.mark.filterwarnings("error")


def binary_rows(seed: int, n: int = 200, digits: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    y[:2] = 0, 1
    return y, np.clip(0.35 + 0.25 * rng.normal(size=n) + 0.2 * y, 0, 1).round(digits)


ORACLES = {
    "auc": lambda y, s, p: known.roc_auc_score(y, s),
    "pr_auc": lambda y, s, p: known.average_precision_score(y, s),
    "accuracy": lambda y, s, p: known.accuracy_score(y, p),
    "balanced_accuracy": lambda y, s, p: known.balanced_accuracy_score(y, p),
    "precision": lambda y, s, p: known.precision_score(y, p),
    "recall": lambda y, s, p: known.recall_score(y, p),
    "f1": lambda y, s, p: known.f1_score(y, p),
    "mcc": lambda y, s, p: known.matthews_corrcoef(y, p),
    "log_loss": lambda y, s, p: known.log_loss(y, np.clip(s, 1e-15, 1 - 1e-15)),
    "brier_score": lambda y, s, p: known.brier_score_loss(y, s),
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("digits", [1, 12])
def test_binary_metrics_are_those_of_scikit_learn(name: str, digits: int) -> None:
    y, s = binary_rows(3, digits=digits)
    s = np.clip(s, 1e-9, 1 - 1e-9)
    assert value(name, y, s, "binary", threshold=0.4) == pytest.approx(
        ORACLES[name](y, s, s >= 0.4), abs=1e-12
    )


def test_metrics_of_several_classes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 4, 150)
    s = rng.dirichlet(np.ones(4), 150) + 0.3 * np.eye(4)[y]
    s /= s.sum(axis=1, keepdims=True)
    p = s.argmax(axis=1)
    expected = {
        "auc": known.roc_auc_score(y, s, multi_class="ovr"),
        "pr_auc": known.average_precision_score(np.eye(4)[y], s, average="macro"),
        "accuracy": known.accuracy_score(y, p),
        "balanced_accuracy": known.balanced_accuracy_score(y, p),
        "precision": known.precision_score(y, p, average="macro"),
        "recall": known.recall_score(y, p, average="macro"),
        "f1": known.f1_score(y, p, average="macro"),
        "mcc": known.matthews_corrcoef(y, p),
        "log_loss": known.log_loss(y, s),
        "brier_score": float(((s - np.eye(4)[y]) ** 2).sum(axis=1).mean()),
    }
    found = evaluate(y, s, "multiclass", ("a", "b", "c", "d"), replicates=0)
    assert {name: found.metrics[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert np.array_equal(found.confusion, known.confusion_matrix(y, p))
    assert found.per_class[2].recall == pytest.approx(known.recall_score(y == 2, p == 2))
    assert found.per_class[2].auc == pytest.approx(known.roc_auc_score(y == 2, s[:, 2]))


def test_regression_metrics_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    y = 1e6 + rng.normal(size=101)
    s = y + rng.normal(size=101)
    expected = {
        "rmse": known.root_mean_squared_error(y, s),
        "mae": known.mean_absolute_error(y, s),
        "median_ae": known.median_absolute_error(y, s),
        "r2": known.r2_score(y, s),
        "mape": 100 * known.mean_absolute_percentage_error(y, s),
        "max_error": known.max_error(y, s),
    }
    found = evaluate(y, s, "regression", unit="m", replicates=50)
    assert found.metrics == pytest.approx(expected, rel=1e-9)
    assert found.units["rmse"] == "m" and found.units["mape"] == "%" and "r2" not in found.units
    assert "max_error" not in found.intervals


def test_the_table_fits_what_is_computed() -> None:
    y, s = binary_rows(1)
    assert list(evaluate(y, s, "binary", replicates=0).metrics) == [m.name for m in metrics_for("binary")]
    for task in TASKS:
        assert task in METRICS[default_metric(task)].tasks
    assert better("auc", 0.8, 0.7) and better("rmse", 1.0, 2.0) and not better("rmse", 2.0, 2.0)
    assert better("auc", 0.1, None) and not better("auc", None, 0.1)
    assert unit_of("mae", "kg") == "kg" and unit_of("auc", "kg") == ""
    with pytest.raises(ModelTrainerError, match="no metric 'auc' for regression: one of rmse, mae"):
        value("auc", [1.0], [1.0], "regression")


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_one_class_alone_has_no_ranking(y: list[int]) -> None:
    found = evaluate(y, [0.1, 0.6, 0.9], "binary", replicates=50)
    for name in ("auc", "pr_auc", "mcc", "balanced_accuracy"):
        assert found.metrics[name] is None
        assert found.reasons[name] == "Only one class is among the rows."
        assert name not in found.intervals
    assert found.roc == () and found.pr == ()


def test_what_is_undefined_is_none_with_a_sentence() -> None:
    found = evaluate([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], "binary", replicates=0)
    assert found.metrics["precision"] is None
    assert found.reasons["precision"] == "No row is predicted positive."
    assert found.metrics["f1"] == 0.0 and found.metrics["mcc"] == 0.0
    assert found.reasons["calibration_error"] == "There are 4 rows for 15 bins."
    margins = evaluate([0, 1, 0, 1], [-2.0, 1.0, 0.5, 3.0], "binary", threshold=0.0, replicates=0)
    assert margins.metrics["brier_score"] is None and margins.metrics["auc"] == 1.0
    assert margins.reasons["log_loss"] == "The scores are no probabilities."
    constant = evaluate([2.0, 2.0], [1.0, 3.0], "regression", replicates=0)
    assert constant.metrics["r2"] is None and constant.metrics["rmse"] == 1.0
    zero = evaluate([0.0, 2.0], [1.0, 3.0], "regression", replicates=0)
    assert zero.metrics["mape"] is None and "0" in zero.reasons["mape"]


def test_constant_scores_rank_like_chance() -> None:
    found = evaluate([0, 1] * 20, [0.5] * 40, "binary", replicates=100)
    assert found.metrics["auc"] == 0.5 and found.metrics["smooth_ece"] == pytest.approx(0, abs=1e-12)
    assert found.intervals["auc"].method == "point"


def test_a_class_that_is_not_there_is_left_out_of_the_mean() -> None:
    y = np.array([0, 1, 0, 1, 1])
    s = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])
    assert value("auc", y, s, "multiclass") == pytest.approx(
        (known.roc_auc_score(y == 0, s[:, 0]) + known.roc_auc_score(y == 1, s[:, 1])) / 2
    )


@pytest.mark.parametrize(
    ("y", "scores", "task", "says"),
    [
        ([], [], "binary", "no row"),
        ([0, 1, 1], [0.1, math.nan, math.inf], "binary", "scores of 2 of 3 rows are not finite"),
        ([0, 1], [0.1, 0.2, 0.3], "binary", "2 targets but 3 scores"),
        ([0, 2], [0.1, 0.2], "binary", "codes from 0 to 1"),
        ([0, 1], [[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], "binary", "do not fit a binary"),
        ([0, 1], [0.1, 0.2], "multiclass", "do not fit a multiclass"),
        (["a", "b"], [0.1, 0.2], "binary", "targets are not numbers"),
        ([1.0, math.nan], [0.1, 0.2], "regression", "targets of 1 of 2 rows"),
    ],
)
def test_rows_that_cannot_be_evaluated_are_one_sentence(y, scores, task, says) -> None:
    with pytest.raises(ModelTrainerError, match=says):
        evaluate(y, scores, task)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])), min_size=1, max_size=40),
    st.sampled_from([0.0, 0.4, 0.5, 1.1]),
)
def test_no_binary_rows_warn_or_leave_json(rows: list[tuple[bool, float]], threshold: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(
            [int(y) for y, _ in rows], [s for _, s in rows], "binary", (), threshold, replicates=20
        )
    json.dumps(found.to_dict(), allow_nan=False)
    for name, number in found.metrics.items():
        assert (number is None) == (name in found.reasons and number is None)
        if number is not None and name not in ("log_loss", "mcc"):
            assert -1e-12 <= number <= 1 + 1e-12, name


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.3, 0.7])), min_size=3, max_size=30),
    st.integers(1, 30),
)
def test_precision_at_k_is_the_mean_over_all_orders_of_ties(rows: list[tuple[bool, float]], k: int) -> None:
    y, s = np.array([a for a, _ in rows]), np.array([b for _, b in rows])
    found = precision_at_k(s, y, [k])
    if k > len(y):
        assert found == {}
        return
    rng = np.random.default_rng(0)
    draws = [y[np.lexsort((rng.random(len(y)), -s))][:k].mean() for _ in range(400)]
    assert found[k] == pytest.approx(np.mean(draws), abs=5 * 0.5 / math.sqrt(400))


def test_precision_at_k_of_the_document_skips_what_is_too_large() -> None:
    y, s = binary_rows(2, n=600)
    found = evaluate(y, s, "binary", ks=(10, 5000), replicates=0)
    assert list(found.precision_at_k) == [10, 100, 500]


def test_the_record_of_the_document_is_filled() -> None:
    y, s = binary_rows(2)
    train, validation = (evaluate(y, s, "binary", replicates=n) for n in (0, 100))
    record = validation_metrics("run_1", train, validation, None, test_refused="spent")
    assert record.auc == validation.metrics["auc"] and record.test_metrics == {}
    assert record.bootstrap_samples == 100 and record.test_refused == "spent"
    low, high = record.confidence_interval["auc"]
    assert low < record.auc < high
    assert record.optimal_threshold is None
    tested = validation_metrics("run_1", train, validation, evaluate(1 - y, s, "binary", replicates=0))
    assert tested.auc == tested.test_metrics["auc"] != record.auc
