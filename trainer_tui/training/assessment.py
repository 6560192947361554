"""How good the chosen model is, part by part. Test rows are read only after the ledger has let us."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.plain import plain_reader
from trainer_tui.training.documents import EVALUATION, predictions_path, write_predictions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.evaluation import Comparison, Evaluation, Threshold
    from trainer_tui.training.spec import TrainSpec

    Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Preprocessor and model, fitted on train rows, and how their scores are read."""

    dataset: Dataset
    spec: TrainSpec
    preprocessor: Any
    model: Any
    threshold: Threshold | None = None
    """Binary: found on validation."""

    def scores(self, rows: Rows) -> Any:
        """(n,) or (n, k): what the model says of these rows."""
        from trainer_tui.training.algorithms.scores import scores_of

        X = self.preprocessor.transform(self.dataset.X.iloc[rows])
        return scores_of(self.model, X, self.dataset.task, len(self.dataset.classes))


def with_threshold(fitted: Fitted, validation: Rows) -> Fitted:
    """The same with the threshold that is best on the validation rows; other tasks than binary have none."""
    from trainer_tui.training.evaluation import choose_threshold

    if fitted.dataset.task != "binary":
        return fitted
    y = fitted.dataset.y.to_numpy()[validation]
    return replace(fitted, threshold=choose_threshold(y, fitted.scores(validation)))


def assess(fitted: Fitted, rows: Rows, folder: Path, part: str, *, intervals: bool = True) -> Evaluation:
    """Every metric of one part; its predictions are written beside the run, but those of train are not."""
    from trainer_tui.training.evaluation import evaluate

    dataset, spec = fitted.dataset, fitted.spec
    y, scores = dataset.y.to_numpy()[rows], fitted.scores(rows)
    if part != "train":
        write_predictions(folder, part, dataset.X.index[rows].tolist(), y.tolist(), scores, dataset.classes)
    return evaluate(
        y,
        scores,
        dataset.task,
        dataset.classes,
        fitted.threshold.value if fitted.threshold else None,
        groups=None if dataset.groups is None else dataset.groups.to_numpy()[rows],
        unit=dataset.unit,
        replicates=spec.bootstrap if intervals else 0,
        seed=spec.seed,
    )


def against(fitted: Fitted, validation: Rows, earlier: Path) -> Comparison:
    """The model against an earlier training's, on the same validation rows.

    earlier: its run folder. Where its predictions are gone or of other rows, the comparison says so.
    """
    from trainer_tui.training.evaluation import Comparison, compare
    from trainer_tui.training.evaluation.paired import Predictions

    dataset = fitted.dataset
    old = _predictions(earlier, dataset)
    if old is None:
        return Comparison(False, f"The predictions of {earlier.parent.name}/{earlier.name} cannot be read.")
    new = Predictions(
        dataset.X.index[validation].tolist(),
        dataset.y.to_numpy()[validation],
        fitted.scores(validation),
        fitted.threshold.value if fitted.threshold else None,
    )
    groups = None if dataset.groups is None else dataset.groups.to_numpy()[validation]
    return compare(
        new, old, dataset.task, groups=groups, replicates=fitted.spec.bootstrap, seed=fitted.spec.seed
    )


def _predictions(earlier: Path, dataset: Dataset) -> Any:
    import numpy as np

    from trainer_tui.training.evaluation.paired import Predictions

    said = read_json(earlier / EVALUATION) or {}
    threshold = (said.get("threshold") or {}).get("value")
    codes = {str(label): code for code, label in enumerate(dataset.classes)}
    try:
        with plain_reader(predictions_path(earlier, "validation"), within=earlier) as file:
            rows = list(csv.reader(file.read().decode().splitlines()))[1:]
        y = np.array([codes[row[1]] if codes else float(row[1]) for row in rows])
        scores = np.array([[float(cell) for cell in row[2:]] for row in rows])
    except (OSError, ValueError, LookupError):
        return None
    scores = scores if dataset.task == "multiclass" else scores[:, 0]
    return Predictions([row[0] for row in rows], y, scores, threshold)
