"""Evaluations of the parts as the document's `ValidationMetrics`."""

from __future__ import annotations

from trainer_tui.training.evaluation.assess import Evaluation
from trainer_tui.training.evaluation.thresholds import Threshold
from trainer_tui.training.records import ValidationMetrics

_FIELDS = ("auc", "precision", "recall", "f1", "pr_auc", "brier_score", "calibration_error")


def known(evaluation: Evaluation | None) -> dict[str, float]:
    """The metrics that have a value."""
    metrics = evaluation.metrics if evaluation else {}
    return {name: found for name, found in metrics.items() if found is not None}


def validation_metrics(
    training_run_id: str,
    train: Evaluation | None,
    validation: Evaluation,
    test: Evaluation | None,
    threshold: Threshold | None = None,
    test_refused: str = "",
) -> ValidationMetrics:
    """The single figures are those of the test part, or of validation where test was not evaluated."""
    final = test or validation
    return ValidationMetrics(
        training_run_id,
        known(train),
        known(validation),
        known(test),
        **{name: final.metrics.get(name) for name in _FIELDS},
        optimal_threshold=threshold.value if threshold else None,
        precision_at_k=dict(final.precision_at_k),
        confidence_interval={name: (one.low, one.high) for name, one in final.intervals.items()},
        bootstrap_samples=int(final.bootstrap.get("drawn", 0)),
        test_refused=test_refused,
    )
