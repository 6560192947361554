"""What the tests of a diary on disk share: facts of a failure, and another process that writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trainer_tui.diary import EntryFacts
from trainer_tui.runs.incident import Incident

ROOT = Path(__file__).parents[2]


def facts(incident: str = "log:1", run: str = "model_3/007-full") -> EntryFacts:
    """What is known of a failure; its excerpt has a fence of its own."""
    found = Incident(
        id=incident, severity="error", kind="exception", message="ValueError: no", excerpt="a\n```\nb"
    )
    return EntryFacts("2026-01-25 14:30", "Phase 5B (full training)", "model_3", run, "ada", found)


def spawn(code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python that runs this code."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
