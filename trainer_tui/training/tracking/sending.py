"""The process that talks to MLflow; the only place where MLflow is imported.

Source: MLflow's manual, `MlflowClient` (the client alone: no context of git, no active run) and its limits of
a batch.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import locked, try_lock
from trainer_tui.training.tracking.addresses import artifact_location, cleaned, database_lock, shown
from trainer_tui.training.tracking.outbox import (
    STATE,
    State,
    destination_of,
    read_state,
    records,
    write_state,
)

BATCH = 100
"""Params and tags of one request at most (metrics: 1000)."""
METRICS_BATCH = 1000
LONGEST_PARAM, LONGEST_TAG = 6000, 8000
_TOKEN = "trainer.folder"
"""The tag that finds a run again whose id was not noted before a crash."""


def main() -> int:
    """Reads {"folder", "uri", "timeout_s"} from stdin; 0 when everything is sent, else the last line of
    stderr says why."""
    asked = json.loads(sys.stdin.read())
    # Whatever hangs, in whichever library: the kernel ends it.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, asked["timeout_s"])
    logging.disable(logging.WARNING)
    folder, uri = Path(asked["folder"]), asked["uri"]
    if try_lock(folder / f".{STATE}.lock") is None:
        print("another process is sending it", file=sys.stderr)
        return 1
    begun = replace(read_state(folder, uri), server=shown(uri), destination=destination_of(uri), problem="")
    reached = begun
    try:
        for now in _send(folder, uri, begun):
            reached = now
            write_state(folder, reached)
    except Exception as problem:  # any library between us and the server, any answer of it
        text = next(iter(str(problem).strip().splitlines()), "") or type(problem).__name__
        why = cleaned(text, uri)[:500]
        write_state(folder, replace(reached, problem=why))
        print(why, file=sys.stderr)
        return 1
    return 0


@contextmanager
def _client(uri: str) -> Iterator[Any]:
    """A client; while a local database may have to be made, nobody else makes it."""
    from mlflow.tracking import MlflowClient

    lock = database_lock(uri)
    if lock is not None:
        lock.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock) if lock is not None else nullcontext():
        yield MlflowClient(uri, registry_uri=uri)


def _send(folder: Path, uri: str, state: State) -> Iterator[State]:
    """Sends from the first line that is missing; yields the state after each request that the server took."""
    lines = records(folder)
    if state.sent >= len(lines):
        yield state
        return
    first = lines[0]
    with _client(uri) as client:
        if not state.mlflow_run_id:
            experiment = _experiment(client, str(first.get("experiment", "training")), uri)
            run = _run(client, experiment, folder, first)
            state = replace(state, experiment_id=experiment, mlflow_run_id=run)
            yield state
    for upto, kind, batch in _batches(lines, max(state.sent, 1)):
        _tell(client, state.mlflow_run_id, kind, batch, folder)
        state = replace(state, sent=upto)
        yield state
    if state.sent < 1:
        yield replace(state, sent=1)


def _experiment(client: Any, name: str, uri: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifact_location(uri)))
        except MlflowException:
            # Somebody else was faster.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise MlflowException(f"the experiment {name!r} was deleted there: restore it, or name another")
    return str(found.experiment_id)


def _run(client: Any, experiment: str, folder: Path, first: dict[str, Any]) -> str:
    token = destination_of(f"{folder.parent.name}/{folder.name}/{first.get('at', 0)}")
    found = client.search_runs([experiment], f"tags.`{_TOKEN}` = '{token}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    made = client.create_run(
        experiment,
        start_time=int(first.get("at", 0)),
        tags={_TOKEN: token},
        run_name=str(first.get("name", folder.name)),
    )
    return str(made.info.run_id)


def _batches(lines: list[dict[str, Any]], begin: int) -> Iterator[tuple[int, str, list[dict[str, Any]]]]:
    """(lines that are done then, kind, lines of that kind): neighbours of one kind go together, artifacts
    alone."""
    start = begin
    while start < len(lines):
        kind, stop = str(lines[start].get("kind")), start + 1
        size = len(lines[start].get("values", ()))
        limit = METRICS_BATCH if kind == "metrics" else BATCH
        while kind in ("metrics", "params", "tags") and stop < len(lines) and lines[stop].get("kind") == kind:
            size += len(lines[stop].get("values", ()))
            if size > limit:
                break
            stop += 1
        yield stop, kind, lines[start:stop]
        start = stop


def _tell(client: Any, run: str, kind: str, batch: list[dict[str, Any]], folder: Path) -> None:
    from mlflow.entities import Metric, Param, RunTag

    if kind == "metrics":
        told = [
            Metric(name, float(value), int(line.get("at", 0)), int(line.get("step", 0)))
            for line in batch
            for name, value in line["values"].items()
        ]
        for start in range(0, len(told), METRICS_BATCH):
            client.log_batch(run, metrics=told[start : start + METRICS_BATCH])
    elif kind in ("params", "tags"):
        values = {name: str(value) for line in batch for name, value in line["values"].items()}
        pairs = list(values.items())
        for start in range(0, len(pairs), BATCH):
            piece = pairs[start : start + BATCH]
            if kind == "params":
                client.log_batch(run, params=[Param(name, value[:LONGEST_PARAM]) for name, value in piece])
            else:
                client.log_batch(run, tags=[RunTag(name, value[:LONGEST_TAG]) for name, value in piece])
    elif kind == "artifact":
        _upload(client, run, batch[0], folder)
    elif kind == "end":
        client.set_terminated(run, str(batch[0].get("status", "FINISHED")), int(batch[0].get("at", 0)))


def _upload(client: Any, run: str, line: dict[str, Any], folder: Path) -> None:
    path = folder / str(line.get("path", ""))
    # Nothing outside of the run folder is uploaded, through no link either.
    if not path.resolve().is_relative_to(folder.resolve()) or not path.exists():
        return
    if path.is_dir():
        client.log_artifacts(run, str(path), str(line.get("to") or path.name))
    else:
        client.log_artifact(run, str(path), str(line.get("to")) or None)
