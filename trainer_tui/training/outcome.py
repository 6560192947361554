"""What a finished training leaves behind: its evaluation, its row in the index, its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.training import documents

if TYPE_CHECKING:
    from trainer_tui.runs.training_run import TrainingRun
    from trainer_tui.training.assessment import Fitted
    from trainer_tui.training.evaluation import Comparison, Evaluation
    from trainer_tui.training.preparation import Prepared
    from trainer_tui.training.records import TrainedModel, ValidationMetrics

AGENT = "model_trainer"
"""Who trains, in the document's words."""


def write_evaluation(
    folder: Path,
    fitted: Fitted,
    metric: str,
    parts: Mapping[str, Evaluation | None],
    comparison: tuple[str, Comparison] | None,
    test_refused: str,
) -> None:
    """`evaluation.json`. comparison: the earlier run, and how this one compares with it."""
    dataset, threshold = fitted.dataset, fitted.threshold
    document = {
        "task": dataset.task,
        "metric": metric,
        "unit": dataset.unit,
        "classes": dataset.classes,
        "threshold": {**threshold.to_dict(), "found_on": "validation"} if threshold else None,
        "parts": {name: part.to_dict() for name, part in parts.items() if part is not None},
        "comparison": {"with": comparison[0], **comparison[1].to_dict()} if comparison else None,
        "test_refused": test_refused,
    }
    documents.write_document(folder, documents.EVALUATION, document)


def write_row(
    folder: Path,
    prepared: Prepared,
    trained: TrainedModel,
    metrics: ValidationMetrics,
    samples: Mapping[str, int],
) -> None:
    """`training.json`: the columns of `ml_training_runs`, and the document's two records whole."""
    assert prepared.split is not None
    row: dict[str, Any] = {
        **asdict(trained),
        "hyperparameters": trained.best_hyperparameters,
        "train_metrics": metrics.train_metrics,
        "validation_metrics": metrics.validation_metrics,
        "test_metrics": metrics.test_metrics,
        "train_samples": samples["train"],
        "validation_samples": samples["validation"],
        "test_samples": prepared.split.counts()["test"] if metrics.test_metrics else 0,
        "split_id": prepared.split.split_id,
        "trained_by": AGENT,
        "validation": asdict(metrics),
    }
    documents.write_document(folder, documents.TRAINING, row)


def publish(run: TrainingRun, trained: TrainedModel, metrics: ValidationMetrics) -> None:
    """`results.csv` and `model_final.json`: what every run of ours promises."""
    measured = {
        "train": metrics.train_metrics,
        "validation": metrics.validation_metrics,
        "test": metrics.test_metrics,
    }
    parts = {part: found for part, found in measured.items() if found}
    names = [name for name in metrics.validation_metrics if all(name in found for found in parts.values())]
    run.save_results([{"part": part, **{n: found[n] for n in names}} for part, found in parts.items()])
    # The model itself is in `model/`, in safe formats; this says so where a run's model is looked for.
    pointer = {"algorithm": trained.algorithm_name, "artifacts": "model", "manifest": "model/manifest.json"}
    documents.write_document(run.folder, "model_final.json", pointer)
