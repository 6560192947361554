"""What is to be told, as lines in the run folder, and how much of it was.

`tracking.jsonl`: {"kind": "run" | "params" | "metrics" | "tags" | "artifact" | "end", …}, appended.
`tracking.json`: where it goes (no secrets), the MLflow run, how many lines it has; replaced.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json, read_records, replace_json

OUTBOX = "tracking.jsonl"
STATE = "tracking.json"


@dataclass(frozen=True, slots=True)
class State:
    """How far the sending is."""

    server: str = ""
    """The address without its secrets."""
    destination: str = ""
    """A hash of the whole address: another server gets everything from the start."""
    experiment_id: str = ""
    mlflow_run_id: str = ""
    sent: int = 0
    """Lines of the outbox that the server has."""
    problem: str = ""
    """Why the last sending ended before the last line."""


def records(folder: Path) -> list[dict[str, Any]]:
    """The lines of the outbox, in order; empty where nothing was tracked."""
    try:
        return read_records(folder / OUTBOX)
    except OSError:
        return []


def destination_of(uri: str) -> str:
    """Names an address, or whatever text, without telling it."""
    return hashlib.sha256(uri.encode()).hexdigest()[:16]


def read_state(folder: Path, uri: str) -> State:
    """How far the sending to that address is."""
    said = read_json(folder / STATE) or {}
    if said.get("destination") != destination_of(uri):
        return State()
    names = {f.name: f.type for f in fields(State)}
    return State(**{name: said[name] for name in names if isinstance(said.get(name), str | int)})


def write_state(folder: Path, state: State) -> None:
    """Keeps it. Raises OSError."""
    replace_json(folder / STATE, asdict(state))
