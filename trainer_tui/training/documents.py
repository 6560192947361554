"""What a training leaves in its run folder, in plain files: the screens, the index and scripts read them.

`data.json`: the columns and their quality. `split.json`: the parts and the leakage checks. `trials.jsonl`: a
line a trial. `evaluation.json`: metrics with intervals and curves. `predictions_*.csv`: scores row by row.
`training.json`: the row of the table `ml_training_runs`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import LineAppender, replace_atomic, replace_json
from trainer_tui.training.evaluation.plain import plain

if TYPE_CHECKING:
    from trainer_tui.training.preparation import Prepared
    from trainer_tui.training.tuning.records import TrialRecord

DATA = "data.json"
SPLIT = "split.json"
TRIALS = "trials.jsonl"
EVALUATION = "evaluation.json"
TRAINING = "training.json"
ISOLATION = "what preprocessing learned comes from train alone"


def write_data(folder: Path, prepared: Prepared) -> None:
    """What the data are, and how good. Raises OSError, as all of these do."""
    from trainer_tui.training.data import describe

    document = {"data": describe(prepared.dataset), "quality": prepared.quality.to_dict()}
    replace_json(folder / DATA, plain(document))


def write_split(
    folder: Path, prepared: Prepared, accepted: Mapping[str, str], test: Mapping[str, Any]
) -> None:
    """Who is in which part, and what the leakage checks found. test: state, by, at, sentence."""
    replace_json(folder / SPLIT, plain(split_document(prepared, accepted) | {"test": test}))


def split_document(prepared: Prepared, accepted: Mapping[str, str]) -> dict[str, Any]:
    """The content of `split.json`, but for what happened to the test part."""
    from trainer_tui.training.leakage import CHECKS
    from trainer_tui.training.splits.split import NO_PART

    split = prepared.split
    assert split is not None
    checks = [{"names": list(check.names), "about": check.about} for check in CHECKS]
    return {
        "split_id": split.split_id,
        "strategy": split.strategy,
        "seed": split.seed,
        "group": split.group,
        "time": split.time,
        "gap": split.gap,
        "rows": len(split.ids),
        "counts": split.counts(),
        "left_out": int((split.codes == NO_PART).sum()),
        "reused": prepared.reused,
        "checks": [*checks, {"names": ["preprocessing-isolation"], "about": ISOLATION}],
        "findings": [finding.to_dict() for finding in prepared.findings],
        "accepted": dict(accepted),
    }


class Trials:
    """`trials.jsonl`: a first line about the study, then a line a trial."""

    def __init__(self, folder: Path) -> None:
        self._lines = LineAppender(folder / TRIALS)

    def study(self, metric: str, direction: str, trials: int, unit: str) -> None:
        """What is looked for."""
        study = {"metric": metric, "direction": direction, "trials": trials, "unit": unit}
        self._append({"study": study})

    def trial(self, record: TrialRecord) -> None:
        """One that has ended."""
        self._append(record.to_dict())

    def importances(self, importances: Mapping[str, float]) -> None:
        """Which hyperparameters mattered."""
        if importances:
            self._append({"importances": importances})

    def _append(self, line: Mapping[str, Any]) -> None:
        self._lines.append(json.dumps(plain(line), ensure_ascii=False).encode())


def write_predictions(
    folder: Path, part: str, ids: Sequence[Any], y: Sequence[Any], scores: Any, classes: Sequence[Any]
) -> None:
    """`predictions_PART.csv`: row id, target, and the score (of the positive class, or of each class)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    several = getattr(scores, "ndim", 1) == 2
    names = [f"score_{label}" for label in classes] if several else ["score"]
    writer.writerow(["row_id", "target", *names])
    for row_id, target, score in zip(ids, y, scores, strict=True):
        values = score.tolist() if several else [float(score)]
        writer.writerow([row_id, classes[int(target)] if classes else target, *map(repr, values)])
    replace_atomic(predictions_path(folder, part), text.getvalue().encode())


def predictions_path(folder: Path, part: str) -> Path:
    """Where the predictions of a part are."""
    return folder / f"predictions_{part}.csv"


def write_document(folder: Path, name: str, document: Mapping[str, Any]) -> None:
    """One JSON document of the run folder, atomically."""
    replace_json(folder / name, plain(dict(document)))
