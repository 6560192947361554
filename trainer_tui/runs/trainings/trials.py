"""The trials of a search, from `trials.jsonl`: one JSON object a line, the newest of a number counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trainer_tui.runs.files import NOT_JSON, parsed
from trainer_tui.runs.tail import Tail
from trainer_tui.runs.text import clean
from trainer_tui.runs.trainings.plainly import count, number, numbers, points, table, text

State = Literal["complete", "pruned", "failed", "killed", "running"]
Direction = Literal["maximize", "minimize", ""]
Value = float | str

STATES: tuple[State, ...] = ("complete", "pruned", "failed", "killed", "running")
"""`killed`: its process ended, a later trial repeats it."""

MOST_TRIALS = 200_000
MOST_PARAMS = 200
LONGEST_LINE = 1 << 20
"""Bytes of one trial; a longer line is passed over."""

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried; every text is clean."""

    number: int
    state: State
    value: float | None
    """None where there is none, or it is not finite."""
    algorithm: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    seconds: float | None = None
    started: str = ""
    worker: str = ""
    steps: tuple[tuple[float, float], ...] = ()
    """(step, value) of each report in between, by step."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Trials:
    """A search at one moment."""

    trials: tuple[Trial, ...] = ()
    """By their numbers."""
    metric: str = ""
    direction: Direction = ""
    """Empty: nothing says whether more is better, and no trial is the best."""
    asked: int = 0
    """How many there are to be; 0: not told."""
    unit: str = ""
    importances: Mapping[str, float] = field(default_factory=dict)
    unreadable: int = 0
    """Lines that are no trial."""

    @property
    def best(self) -> Trial | None:
        """The complete trial with the best value; the earliest of equals."""
        done = [t for t in self.trials if t.state == "complete" and t.value is not None]
        if not self.direction or not done:
            return None
        sign = 1 if self.direction == "minimize" else -1
        return min(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    def counts(self) -> dict[State, int]:
        """Trials of each state."""
        found = dict.fromkeys(STATES, 0)
        for trial in self.trials:
            found[trial.state] += 1
        return found


class TrialsReader:
    """Reads the trials as they are appended. Raises OSError when the file exists and cannot be read."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self._forget()

    def _forget(self) -> None:
        self._trials: dict[int, Trial] = {}
        self._study: dict[str, Any] = {}
        self._importances: dict[str, float] = {}
        self._rest = b""
        self._skipping = False
        self._unreadable = 0

    def poll(self) -> bool:
        """Take in what is new; whether anything was."""
        changed = False
        while True:
            chunk = self._tail.read(PIECE)
            if chunk.change:
                self._forget()
                changed = True
            if not chunk.data:
                return changed
            changed = True
            *lines, self._rest = (self._rest + chunk.data).split(b"\n")
            for line in lines:
                if self._skipping:
                    self._skipping = False  # the end of the line that was too long
                else:
                    self._take(line)
            if len(self._rest) > LONGEST_LINE:
                self._rest, self._skipping = b"", True
                self._unreadable += 1

    def snapshot(self) -> Trials:
        """All trials that were read."""
        study = self._study
        direction = study.get("direction")
        return Trials(
            tuple(self._trials[number] for number in sorted(self._trials)),
            text(study.get("metric"), 60),
            direction if direction in ("maximize", "minimize") else "",
            count(study.get("trials")),
            text(study.get("unit"), 20),
            self._importances,
            self._unreadable,
        )

    def close(self) -> None:
        """Close the file."""
        self._tail.close()

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            found = parsed(line) if len(line) <= LONGEST_LINE else None
        except NOT_JSON:
            found = None
        if not isinstance(found, dict):
            self._unreadable += 1
        elif "number" in found:
            trial = trial_of(found)
            if trial is None or (trial.number not in self._trials and len(self._trials) >= MOST_TRIALS):
                self._unreadable += 1
            else:
                self._trials[trial.number] = trial
        else:
            self._study = table(found.get("study")) or self._study
            self._importances = numbers(found.get("importances")) or self._importances


def read_trials(path: Path) -> Trials:
    """All trials in a file; none where it is not there. Raises OSError when it cannot be read."""
    reader = TrialsReader(path)
    try:
        reader.poll()
        return reader.snapshot()
    finally:
        reader.close()


def trial_of(found: Mapping[str, Any]) -> Trial | None:
    """A trial from its JSON object; None where its number or state is none that we know."""
    at, state = number(found.get("number")), found.get("state")
    if at is None or not 0 <= at < 1e9 or at != int(at) or state not in STATES:
        return None
    return Trial(
        int(at),
        state,
        number(found.get("value")),
        text(found.get("algorithm"), 60),
        params_of(found.get("params")),
        number(found.get("seconds")),
        text(found.get("started"), 40),
        text(found.get("worker"), 20),
        steps_of(found.get("steps")),
        text(found.get("error") or found.get("reason"), 4000),
    )


def steps_of(value: Any) -> tuple[tuple[float, float], ...]:
    """Reports in between: an object step → value, or a list of pairs."""
    if isinstance(value, list):
        return points(value)
    pairs = []
    for key, each in table(value).items():
        with suppress(ValueError):
            pairs.append([float(key), each])
    return tuple(sorted(points(pairs)))


def params_of(value: Any) -> dict[str, Value]:
    """Parameters: finite numbers stay numbers, everything else becomes a text."""
    found: dict[str, Value] = {}
    for key, each in list(table(value).items())[:MOST_PARAMS]:
        as_number = number(each)
        found[clean(key, 60)] = as_number if as_number is not None else clean(_said(each), 200)
    return found


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    return {True: "yes", False: "no", None: "none"}.get(value, "") if _is_plain(value) else str(value)[:400]


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def running_best(trials: Iterable[Trial], direction: Direction) -> list[tuple[int, float]]:
    """(number, best value so far) at each complete trial, by number."""
    found: list[tuple[int, float]] = []
    better = max if direction == "maximize" else min
    for trial in trials:
        if trial.state == "complete" and trial.value is not None:
            found.append((trial.number, better(found[-1][1], trial.value) if found else trial.value))
    return found
