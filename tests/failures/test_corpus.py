"""Detection measured on labelled log excerpts, where the corpus is at hand beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.runs.incident import Incident

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")


def load(name: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def scan(text: str) -> list[Incident]:
    scanner = Scanner()
    return scanner.feed((text + "\n").encode()) + scanner.finish()


def scan_file(path: Path) -> list[Incident]:
    """Each incident once, with the most that is known about it, in the file's order."""
    scanner = Scanner()
    told = scanner.feed(path.read_bytes()) + scanner.finish()
    return sorted({i.id: i for i in told}.values(), key=lambda incident: incident.offset or 0)


def squash(text: str) -> str:
    return " ".join(text.split())


@needs_corpus
def test_failures_are_found_where_they_are() -> None:
    items = load("failures.jsonl")
    found = placed = quoted = 0
    for item in items:
        errors = [incident for incident in scan(item["text"]) if incident.severity == "error"]
        if not errors:
            continue
        found += 1
        first = min(incident.line or 0 for incident in errors)
        placed += -3 <= first - (item["failure_line"] + 1) <= 1
        wanted = squash(item["message"])
        said = [squash(incident.message) for incident in errors]
        quoted += any(text in wanted or wanted in text for text in said)
    assert found >= 0.985 * len(items)
    assert placed >= 0.95 * found
    assert quoted >= 0.93 * found


@needs_corpus
def test_healthy_runs_raise_no_alarm() -> None:
    items = load("benign.jsonl")
    levels = [{incident.severity for incident in scan(item["text"])} for item in items]
    alarms = sum("error" in found for found in levels)
    silent = [found for item, found in zip(items, levels, strict=True) if item["severity"] == "none"]
    assert alarms <= 0.01 * len(items)
    assert sum(not found & {"error", "warning"} for found in silent) >= 0.97 * len(silent)


def long_logs() -> list[tuple[str, int | None]]:
    """(file, first line of the failure; None if the run finished well)."""
    if not CORPUS.is_dir():
        return []
    logs: list[tuple[str, int | None]] = []
    for row in (CORPUS / "long" / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, _, _, status = row.split("\t")
        words = status.replace("(", " ").split()
        line = next(
            (words[i + 2] for i, word in enumerate(words[:-2]) if word == "at" and words[i + 1] == "line"), ""
        )
        logs.append((name, None if status.startswith("finished") else int(line.rstrip(":,"))))
    return logs


@needs_corpus
@pytest.mark.parametrize(("name", "line"), long_logs())
def test_whole_logs(name: str, line: int | None) -> None:
    errors = [incident for incident in scan_file(CORPUS / "long" / name) if incident.severity == "error"]
    if line is None:
        assert errors == []
    else:
        assert abs((errors[0].line or 0) - line) <= 1


KINDS = {
    "35-": "bad-input",
    "37-": "exception",
    "39-": "native-crash",
    "40-": "cancelled",
    "42-": "time-limit",
    "46-": None,
}


@needs_corpus
@pytest.mark.parametrize(("start", "kind"), KINDS.items())
def test_whole_logs_are_one_failure_each(start: str, kind: str | None) -> None:
    """Other ranks, launchers and signals are attached to the cause, however far from it they speak."""
    (path,) = (CORPUS / "long").glob(f"{start}*")
    errors = [incident for incident in scan_file(path) if incident.severity == "error"]
    assert len(errors) == 1
    assert kind is None or errors[0].kind == kind
