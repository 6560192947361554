"""What must be there once a hurt watch has ended, against what is: what happened is told, and told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fault_runs import Trial
from fault_table import Outcome

from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import observe
from trainer_tui.runs.telemetry import TelemetryReader

LATE_S = 3.0
"""A step of the training that takes so long was held up, on the busiest machine."""

HOLE_S = 6.0
"""So long may telemetry be silent beyond the time in which nobody was there to take it."""

UNKNOWN = ("exit unknown", "nobody wrote", "could not be started", "the end of it")
"""How an end is told that only a shim could have known; a log may say it all the same."""


@dataclass
class Seen:
    """What the comparison found."""

    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    hurt: list[str] = field(default_factory=list)
    """What was done to the training."""

    def times(self, what: str, count: int, least: int = 1, most: int = 1) -> None:
        """Something that must be told so often was told `count` times."""
        if count < least:
            self.lost.append(what)
        elif count > most:
            self.doubled.append(f"{what} ({count} times)")

    def outcome(self, seconds: float | None = None) -> Outcome:
        """For the table."""
        said = [*self.wrong, *(f"hurt: {h}" for h in self.hurt)]
        said += [f"lost: {what}" for what in self.lost] + [f"doubled: {what}" for what in self.doubled]
        return Outcome(not self.hurt, len(self.lost), len(self.doubled), seconds, "; ".join(said))


def compare(trial: Trial, *, dead_training: bool = False, reason: str = "") -> Seen:
    """Everything that must be there once a watch has ended, against what is.

    `dead_training`: the fault ends the training itself. `reason`: that of the last run's end, if it is not
    the usual one.
    """
    seen = Seen()
    runs = trial.runs()
    cut = any(run.path.name in trial.shims_killed for run in runs) or dead_training
    phases = [run.phase for run in runs]
    if phases != list(trial.phases) and not (cut and phases == list(trial.phases[: len(phases)])):
        seen.wrong.append(f"the runs are {phases}")
    for run in runs:
        last = run is runs[-1]
        _compare_run(seen, trial, run, dead_training and last, (reason or "signal") if last else "")
    for identity, name in trial.asked.items():
        told = [e for r in runs if r.path.name == name for e in read_events(r.events)]
        seen.times(
            f"answer to {identity}", sum(e.get("id") == identity and e["kind"] == "control" for e in told)
        )
    said = Counter(e["text"] for r in runs for e in read_events(r.events) if e["kind"] == "note")
    for text in trial.notes:
        seen.times(text, said[text])
    return seen


def _compare_run(seen: Seen, trial: Trial, run: RunFolder, killed: bool, reason: str) -> None:
    events = read_events(run.events)
    count = Counter(event["kind"] for event in events)
    name = run.path.name
    told = read_json(trial.root / f"told-{name}")
    unknown = name in trial.shims_killed and not run.exit_json.exists()
    lines = run.log().read_text(errors="replace").splitlines() if run.log().exists() else []
    began = lines.count("began")
    # Of a short run whose shim was killed before it named it nobody can know that it began.
    known = int(began > 0 and (run.process_json.exists() or name not in trial.shims_killed))
    seen.times(f"{name}: launched", count["launched"], least=known)
    seen.times(f"{name}: started", count["started"], least=known)
    seen.times(f"{name}: gates", count["gates"])
    seen.times(f"{name}: ended", count["ended"])
    seen.times(f"{name}: exited", count["exited"], 0 if unknown else 1, 0 if unknown else 1)
    if began > 1:
        seen.wrong.append(f"{name}: the training was started {began} times")
    _compare_training(seen, trial, run, told, lines, killed)
    _compare_end(seen, trial, run, events, unknown, reason if killed else "")
    _compare_incidents(seen, run, events, lines)
    _compare_telemetry(seen, trial, run)


def _compare_training(
    seen: Seen, trial: Trial, run: RunFolder, told: dict[str, Any] | None, lines: list[str], killed: bool
) -> None:
    name = run.path.name
    numbers = [int(line.split()[1]) for line in lines if line.startswith("line ")]
    rows = run.history.read_text().splitlines()[1:] if run.history.exists() else []
    if told is None:
        if numbers and not killed:
            seen.hurt.append(f"{name}: the training never came to its end")
        return
    steps = list(range(1, told["steps"] + 1))
    if trial.prints and numbers != steps:
        seen.lost.append(f"{name}: lines of the log")
    if len(rows) != len(steps):
        seen.lost.append(f"{name}: rows of the history")
    if told["disturbed"]:
        seen.hurt.append(f"{name}: the training got {told['disturbed']}")
    if told["slowest"] > LATE_S:
        seen.hurt.append(f"{name}: a step took {told['slowest']:.1f} s")


def _compare_end(
    seen: Seen, trial: Trial, run: RunFolder, events: list[Event], unknown: bool, reason: str
) -> None:
    state = observe(run)
    name = run.path.name
    fails = run.phase == "full" and trial.end == "raise"
    entries = sum(event["kind"] == "diary" for event in events)
    said = f"{state.reason}, {state.sentence}"
    entry = reason == "signal" if reason else fails
    if unknown:
        entry = bool(entries)
        if state.reason == "passed" or not any(words in state.sentence for words in UNKNOWN):
            seen.wrong.append(f"{name}: it is not said that its exit is unknown: {said}")
    elif reason:
        if state.reason != reason:
            seen.wrong.append(f"{name}: {said} instead of {reason}")
    else:
        wanted, code = ("exception", 1) if fails else ("passed", 0)
        if state.reason != wanted or (fails and "the end of it" not in state.sentence):
            seen.wrong.append(f"{name}: {said} instead of {wanted}")
        if (state.exit or {}).get("code") != code:
            seen.wrong.append(f"{name}: the exit status {code} is not kept: {state.exit}")
    seen.times(f"{name}: the event of its diary entry", entries, int(entry), int(entry))
    diary = trial.output / "dev_diary.md"
    text = diary.read_text() if diary.exists() else ""
    if entry and run.name not in text:
        seen.lost.append(f"{name}: its entry in the diary")
    if text.count("## Dev Diary Entry #") > len(trial.runs()):
        seen.doubled.append("entries in the diary")


def _compare_incidents(seen: Seen, run: RunFolder, events: list[Event], lines: list[str]) -> None:
    name = run.path.name
    wanted = [line for line in lines if line.startswith(("RuntimeError: hard batch", "ValueError: the end"))]
    found: dict[str, list[str]] = {}
    by_message: dict[str, set[str]] = {}
    for event in events:
        if event["kind"] != "incident":
            continue
        incident = event["incident"]
        if incident["severity"] != "error" or incident.get("source", "log") != "log":
            continue
        found.setdefault(incident["id"], []).append(incident["fate"])
        by_message.setdefault(incident["message"], set()).add(incident["id"])
    for message in wanted:
        seen.times(f"{name}: {message}", len(by_message.get(message, ())))
    for identity, fates in found.items():
        if len(fates) != len(set(fates)):
            seen.doubled.append(f"{name}: {identity} {fates}")
        if fates[-1] == "suspected":
            seen.lost.append(f"{name}: the fate of {identity}")


def _compare_telemetry(seen: Seen, trial: Trial, run: RunFolder) -> None:
    if not run.telemetry.exists():
        return
    reader = TelemetryReader(run.telemetry)
    reader.poll()
    times = reader.series("time", reader.rows)
    reader.close()
    for before, after in pairwise(times):
        if after < before:
            seen.wrong.append(f"{run.path.name}: telemetry goes back in time")
        dead = sum(max(0.0, min(after, b) - max(before, a)) for a, b in trial.dead)
        if after - before - dead > HOLE_S:
            seen.lost.append(f"{run.path.name}: {after - before - dead:.1f} s of telemetry")
