"""The table of checks, and the report made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer_tui.training.finding import Finding, Severity
from trainer_tui.training.quality import columns, parts, rows, targets
from trainer_tui.training.quality.report import DQStatus, QCReport
from trainer_tui.training.quality.thresholds import DEFAULT, Thresholds

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the data. Its findings bear its name."""

    name: str
    asks: str
    weight: float
    """In the score."""
    run: Callable[[Dataset, Thresholds], Iterable[Finding]]


CHECKS: tuple[Check, ...] = (
    Check("few-rows", "Are there enough rows for four parts?", 2, rows.few_rows),
    Check("more-features-than-rows", "Are there more rows than features?", 1, rows.more_features_than_rows),
    Check("duplicate-rows", "Is every row there once?", 1, rows.duplicate_rows),
    Check("missing-cells", "Is most of the table filled in?", 2, rows.missing_cells),
    Check("missing-values", "Is each feature filled in?", 1, columns.missing_values),
    Check("constant-columns", "Does each column vary?", 0.5, columns.constant_columns),
    Check("infinite-values", "Is every number finite?", 2, columns.infinite_values),
    Check("outliers", "Are there no numbers far from all others?", 1, columns.outliers),
    Check("placeholder-values", "Does no number stand for a missing value?", 1, columns.placeholders),
    Check("spellings", "Is each category written in one way?", 0.5, columns.spellings),
    Check("mixed-types", "Is each column of one type?", 1, columns.mixed_types),
    Check("encoding", "Is the file UTF-8?", 0.5, columns.encoding),
    Check("missing-target", "Does each row have a target?", 2, targets.missing_target),
    Check("degenerate-target", "Does the target vary, and is it finite?", 3, targets.degenerate),
    Check("small-classes", "Has each class rows for four parts?", 2, targets.small_classes),
    Check("class-imbalance", "Are all classes frequent enough?", 1, targets.imbalance),
    Check("many-classes", "Are there few enough classes?", 0.5, targets.many_classes),
    Check("groups", "Can the groups be kept together in four parts?", 2, parts.groups),
    Check("times", "Can the rows be cut by time into four parts?", 2, parts.times),
)

_WORTH: dict[str, float] = {"passed": 1.0, "info": 1.0, "warning": 0.5, "critical": 0.0}
_WORST: tuple[Severity, ...] = ("critical", "warning", "info")


def check(dataset: Dataset, limits: Thresholds = DEFAULT) -> QCReport:
    """Runs all checks. Nothing of the data is changed."""
    found = {one.name: tuple(one.run(dataset, limits)) for one in CHECKS}
    results: dict[str, str] = {}
    for name, findings in found.items():
        severities = {finding.severity for finding in findings}
        results[name] = next((severity for severity in _WORST if severity in severities), "passed")
    weights = sum(one.weight for one in CHECKS)
    score = sum(one.weight * _WORTH[results[one.name]] for one in CHECKS) / weights
    everything = [finding for findings in found.values() for finding in findings]
    ordered = tuple(sorted(everything, key=lambda finding: _WORST.index(finding.severity)))
    worst = set(results.values())
    status = (
        DQStatus.FAILED
        if "critical" in worst
        else DQStatus.WARNING
        if "warning" in worst
        else DQStatus.PASSED
    )
    return QCReport(dataset.name, status, round(score, 6), ordered, results)
