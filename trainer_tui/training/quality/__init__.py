"""The quality check of data: PASSED, WARNING or FAILED, a score, and what was found. Imports nothing
heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer_tui.training.quality.report import DQStatus, QCReport, gate

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

__all__ = ["DQStatus", "QCReport", "check", "gate"]


def check(dataset: Dataset) -> QCReport:
    """Every check of the table `quality.checks.CHECKS` on the data, before anything is split or fitted."""
    from trainer_tui.training.quality import checks

    return checks.check(dataset)
