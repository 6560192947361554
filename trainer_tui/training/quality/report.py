"""What the quality check says, and the gate behind it (document 002: status must be PASSED or WARNING)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trainer_tui.training.errors import QCGateBlockedError
from trainer_tui.training.finding import Finding


class DQStatus(StrEnum):
    """Whether data may be trained on."""

    PASSED = "PASSED"
    WARNING = "WARNING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class QCReport:
    """The result of all checks."""

    name: str
    """The data's name."""
    status: DQStatus
    """FAILED with a critical finding, WARNING with a warning, else PASSED; `info` changes nothing."""
    overall_score: float
    """0 … 1: the weighted share of the checks that passed, a warning counting half, a critical finding
    nothing."""
    findings: tuple[Finding, ...]
    """The worst first."""
    checks: dict[str, str]
    """Check → passed, info, warning or critical; in the order of the table."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "status": self.status.value,
            "overall_score": self.overall_score,
            "findings": [finding.to_dict() for finding in self.findings],
            "checks": dict(self.checks),
        }


def gate(report: QCReport) -> None:
    """Passes data that may be trained on; raises QCGateBlockedError, which names every critical finding."""
    if report.status is not DQStatus.FAILED:
        return
    critical = [finding for finding in report.findings if finding.severity == "critical"]
    reasons = "; ".join(f"[{finding.check}] {finding.message.rstrip('.')}" for finding in critical)
    raise QCGateBlockedError(
        f"Nothing is trained: the quality check of {report.name} failed with score "
        f"{report.overall_score:.2f}: {reasons}.",
        critical,
    )
