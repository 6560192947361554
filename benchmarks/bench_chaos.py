"""The chaos table: what was detected of each way to go wrong, how fast, and what the diary says.

`python benchmarks/bench_chaos.py [NAME…]` runs all cases (about four minutes) or those named, with short
limits of silence so that hangs are seen within seconds. The time is from the fault to the event that tells
it; of a hang from the end of the silence that is still normal.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos_cases import CASES, Case
from lab import PROGRAM, machine, project, wait_for

NORMAL_SILENCE_S = 3.0
SETTINGS = f"""
[full]
min_hours = 0.0

[hang]
first_progress_minutes = 0.5
floor_seconds = {NORMAL_SILENCE_S}
factor = 5.0
"""


@dataclass
class Seen:
    """What came of a case."""

    reason: str = ""
    sentence: str = ""
    kinds: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)
    seconds: float | None = None
    diary: str = ""

    def satisfies(self, case: Case) -> bool:
        """Whether it was named as it should be."""
        if case.quiet:
            return self.reason == "passed" and not self.alarms and not self.diary
        said = "\n".join([self.sentence, *self.messages, *self.gates])
        return (
            self.reason == (case.reason or "stopped-by-user")
            and (not case.kind or case.kind in self.kinds)
            and re.search(case.says, said) is not None
            and bool(self.diary) == case.diary
        )


@dataclass
class Job:
    """The processes of a run."""

    training: int
    shim: int


def run(case: Case) -> Seen:
    """One case in a project of its own."""
    with project(**{case.name: case.script}) as root:
        (root / "trainer.toml").write_text(SETTINGS)
        environment = {**os.environ, "CHAOS_ROOT": str(root)}
        command = [PROGRAM, "watch", case.name, "--skip-quick", "chaos", "--headless", "--json"]
        watch = subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        folder = root / "output" / case.name / "001-full"
        try:
            if case.inject is not None:
                _inject(case, folder, root)
            if not case.reason:
                wait_for(lambda: any(_named(i) for i in _incidents(_events(folder))), 90, 0.1)
                subprocess.run([PROGRAM, "stop", case.name], cwd=root, capture_output=True)
            watch.wait(timeout=120)
        finally:
            watch.kill()
            watch.wait()
        return _seen(case, _events(folder), root)


def _named(incident: dict[str, Any]) -> bool:
    """Whether a hang has its evidence, which comes a moment after the suspicion."""
    return incident["kind"] == "hang" and bool(incident.get("excerpt"))


def _inject(case: Case, folder: Path, root: Path) -> None:
    history, process = folder / "training_history.csv", folder / "process.json"
    wait_for(lambda: history.exists() and history.read_text().count("\n") > 6 and process.exists())
    told = json.loads(process.read_text())
    (root / "fault_at").write_text(repr(time.time()))
    assert case.inject is not None
    case.inject(Job(told["pid"], told["shim_pid"]))


def _events(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_text().splitlines()
    except OSError:
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _incidents(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["incident"] for event in events if event["kind"] == "incident"]


def _seen(case: Case, events: list[dict[str, Any]], root: Path) -> Seen:
    from trainer_tui.runs.clock import parse_utc

    seen = Seen()
    fault = float((root / "fault_at").read_text()) if (root / "fault_at").exists() else None
    last: dict[str, dict[str, Any]] = {}
    for event in events:
        moment = parse_utc(event["time"])
        at = moment.timestamp() if moment is not None else 0.0
        telling = event["kind"] == "ended"
        if event["kind"] == "incident":
            incident = event["incident"]
            last[incident["id"]] = incident
            telling = re.search(case.says, incident["message"]) is not None
        if telling and seen.seconds is None and fault is not None:
            seen.seconds = at - fault - (NORMAL_SILENCE_S if case.kind == "hang" else 0)
        if event["kind"] == "ended":
            seen.reason, seen.sentence = event["reason"], event["sentence"]
        if event["kind"] == "gates":
            seen.gates = [g["sentence"] for g in event["results"] if g["state"] == "failed"]
    seen.kinds = [incident["kind"] for incident in last.values()]
    seen.messages = [incident["message"] for incident in last.values()]
    seen.alarms = [
        incident["message"]
        for incident in last.values()
        if incident["severity"] != "notice" and incident.get("fate") != "recovered"
    ]
    seen.diary = _diary(root / "output" / "dev_diary.md")
    return seen


def _diary(path: Path) -> str:
    """What the diary's first entry says happened."""
    lines = path.read_text().splitlines() if path.exists() else []
    told = next((n for n, line in enumerate(lines) if line.startswith("**What Happened**")), None)
    return lines[told + 1] if told is not None else ""


def main(names: list[str]) -> int:
    """Print the table; 1 when a case was not detected as it should be."""
    cases = [case for case in CASES if not names or case.name in names]
    print(f"Ways to go wrong ({machine()}); seconds from the fault to the event that tells it\n")
    failed = 0
    for case in cases:
        seen = run(case)
        good = seen.satisfies(case)
        failed += not good
        took = "" if seen.seconds is None or case.quiet else f"{max(0.0, seen.seconds):.2f} s"
        print(f"{'✔' if good else '✘'} {case.what}", flush=True)
        told = seen.sentence if case.reason else (seen.messages or ["nothing"])[0]
        print(f"    {seen.reason or 'no end'}  {took}\n    {told[:150]}")
        print(f"    diary: {seen.diary[:140] or 'no entry'}", flush=True)
        if not good:
            print(f"    kinds {seen.kinds}, messages {seen.messages}, gates {seen.gates}")
    wrong = [case for case in cases if not case.quiet]
    quiet = len(cases) - len(wrong)
    print(f"\n{len(cases) - failed} of {len(cases)} as they should be ({len(wrong)} ways, {quiet} healthy)")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
