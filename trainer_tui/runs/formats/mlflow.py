"""MLflow's local stores: a run's folder of text files, or an SQLite database. Opened for reading alone."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from trainer_tui.runs.formats.rows import Row, column, number_of
from trainer_tui.runs.tail import Tail

MOST_METRICS = 256
ROWS_A_LOOK = 20_000
WAIT_S = 0.2
"""So long is a database waited for that its writer holds."""

PATIENCE_S = 2.0
"""So long may what is asked of a database take: a view in it need not have an end."""

_LONGEST = 1 << 20
"""Bytes of the longest text or value that is taken from a database."""

Point = tuple[float, str, float]
"""Step, metric, value."""


class MlflowFolderSource:
    """A run in a file store: `mlruns/EXPERIMENT/RUN`, one file a metric, `time value step` a line."""

    format = "mlflow"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began_anew = False
        self.behind = False
        self._files: dict[Path, Tail] = {}
        self._rests: dict[Path, bytes] = {}

    def poll(self, at_most: int = 1 << 20) -> list[Row]:
        """The rows that were added. Raises OSError when a file cannot be read."""
        self.began_anew = self.behind = False
        for path in metric_files(self.path):
            self._files.setdefault(path, Tail(path))
        points: list[Point] = []
        for path, tail in self._files.items():
            chunk = tail.read(at_most)
            if chunk.change:
                self.began_anew = True
                self._rests.pop(path, None)
            data = self._rests.get(path, b"") + chunk.data
            whole, _, self._rests[path] = data.rpartition(b"\n")
            self.behind |= len(chunk.data) == at_most
            name = column(path.relative_to(self.path / "metrics").as_posix())
            points += [point for line in whole.splitlines() if (point := _point(name, line)) is not None]
        return by_step(points)

    def finish(self) -> list[Row]:
        """A torn last line says nothing."""
        return []

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._files.values():
            tail.close()


class MlflowDatabaseSource:
    """The newest run in an SQLite store that began at `since_ms` or later."""

    format = "mlflow-sqlite"

    def __init__(self, path: Path, since_ms: float = 0.0) -> None:
        self.path = path
        self.began_anew = False
        self.behind = False
        self._since_ms = since_ms
        self._run = ""
        self._last = 0

    def poll(self, at_most: int = 0) -> list[Row]:
        """The rows that were added. Raises OSError when the database cannot be read."""
        self.behind = False
        try:
            with closing(connect(self.path)) as store:
                self._run = self._run or newest_run(store, self._since_ms)
                found = store.execute(
                    "select rowid, key, value, step, is_nan from metrics "
                    "where run_uuid = ? and rowid > ? order by rowid limit ?",
                    (self._run, self._last, ROWS_A_LOOK),
                ).fetchall()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return []  # its writer is at work
            raise OSError(f"{error} in {self.path}") from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # a complaint that quotes broken text
            raise OSError(f"{error}: {self.path}") from None
        if found:
            if not isinstance(found[-1][0], int):
                raise OSError(f"its metrics have no row numbers: {self.path}")
            self._last = found[-1][0]
            self.behind = len(found) == ROWS_A_LOOK
        return by_step(point for row in found if (point := _stored(row)) is not None)

    def finish(self) -> list[Row]:
        """Nothing is kept back."""
        return []

    def close(self) -> None:
        """The database is open only while it is read."""


def connect(path: Path) -> sqlite3.Connection:
    """The database, for reading alone, and not for long. Raises sqlite3.OperationalError."""
    store = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_S)
    until = time.monotonic() + PATIENCE_S
    store.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    store.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    store.text_factory = lambda data: data.decode("utf-8", "replace")
    return store


def newest_run(store: sqlite3.Connection, since_ms: float = 0.0) -> str:
    """The run that began last, not before `since_ms`; empty when there is none."""
    query = "select run_uuid from runs where start_time >= ? order by start_time desc limit 1"
    found = store.execute(query, (since_ms,)).fetchone()
    return str(found[0]) if found else ""


def metric_files(run: Path) -> list[Path]:
    """The files of a run's metrics; names with a slash are folders."""
    found: list[Path] = []
    for folder, _, names in os.walk(run / "metrics"):
        found += [Path(folder, name) for name in sorted(names)]
        if len(found) > MOST_METRICS:
            break
    wanted = [path for path in found if "system" not in path.relative_to(run / "metrics").parts[:-1]]
    return wanted[:MOST_METRICS]


def by_step(points: Iterable[Point]) -> list[Row]:
    """One row a step, in order of steps; a metric told twice at one step makes a second row."""
    rows: dict[float, list[Row]] = {}
    told: Counter[tuple[float, str]] = Counter()  # who logs without steps tells everything at step 0
    for step, name, value in points:
        here = rows.setdefault(step, [])
        times = told[step, name]
        if times == len(here):
            here.append({"step": step})
        here[times][name] = value
        told[step, name] = times + 1
    return [row for step in sorted(rows) for row in rows[step]]


def _point(name: str, line: bytes) -> Point | None:
    parts = line.split()
    if len(parts) not in (2, 3):
        return None
    value, step = number_of(parts[1]), number_of(parts[2]) if len(parts) == 3 else 0.0
    return (step, name, value) if value is not None and step is not None else None


def _stored(row: tuple[object, ...]) -> Point | None:
    """A row of the database as a point; None where its cells hold something else than MLflow writes."""
    _, key, value, step, nan = row
    at, said = number_of(step), number_of(value)
    if not isinstance(key, str) or key.startswith("system/") or at is None or said is None:
        return None
    return at, column(key), _value(said, bool(nan))


def _value(value: float, nan: bool) -> float:
    """The database has no infinity: it keeps the largest number for it."""
    if nan:
        return float("nan")
    return float("inf") * (1 if value > 0 else -1) if abs(value) >= sys.float_info.max else float(value)
