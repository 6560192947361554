"""How an end looks: what somebody wanted is neither a success nor a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_tui.cli.printing import event_line, state_words
from trainer_tui.cli.report import report_block
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import RunState


def ended(reason: str) -> RunState:
    return RunState(
        "m/001-quick", "m", 1, "quick", status="ended", reason=reason, sentence="so it was", duration_s=5.0
    )


@pytest.mark.parametrize(
    ("reason", "mark"),
    [("passed", "✔"), ("skipped", "■"), ("cancelled", "■"), ("gate-failed", "✘"), ("lost", "✘")],
)
def test_the_mark_of_an_end(reason: str, mark: str) -> None:
    assert state_words(ended(reason)).startswith(f"{mark} {reason} after ")


@pytest.mark.parametrize(
    ("reason", "head", "severity"),
    [
        ("cancelled", "STOPPED during", "NOTICE"),
        ("skipped", "STOPPED during", "NOTICE"),
        ("gate-failed", "GATE FAILED after", "WARNING"),
        ("lost", "RUN LOST during", "CRITICAL"),
        ("exception", "ERROR DETECTED during", "CRITICAL"),
    ],
)
def test_the_head_of_a_report(tmp_path: Path, reason: str, head: str, severity: str) -> None:
    block = report_block(RunFolder(tmp_path / "output" / "m" / "001-quick"), ended(reason))
    assert block[0].startswith(head) and any(line.startswith(f"Severity: {severity}") for line in block)


def test_who_asked_is_told() -> None:
    asked = {"time": "", "kind": "control", "request": "stop", "outcome": "TERM was sent"}
    assert event_line(asked).endswith("stop: TERM was sent")
    assert event_line({**asked, "by": "mira@node7"}).endswith("stop by mira@node7: TERM was sent")
