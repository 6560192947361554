"""Finding histories: what a path is, and what a training writes below its folder."""

from __future__ import annotations

import os
import re
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.files import NOT_JSON
from trainer_tui.runs.formats.event_folder import PREFIX, base_of
from trainer_tui.runs.formats.log_lines import LogParser
from trainer_tui.runs.formats.mlflow import connect, metric_files
from trainer_tui.runs.formats.sources import FORMATS, UnknownFormatError
from trainer_tui.runs.formats.tables import is_header, kind_of_table
from trainer_tui.runs.formats.tfevents import is_event_file
from trainer_tui.runs.formats.trainer_state import NAME as TRAINER_STATE
from trainer_tui.runs.formats.trainer_state import log_rows
from trainer_tui.runs.formats.wandb import MAGIC as WANDB
from trainer_tui.runs.plain import plain_reader

DEPTH = 7
MOST_ENTRIES = 20_000
MOST_IN_A_FOLDER = 2_000
"""A look at a folder of a hundred thousand pictures ends here."""

HEAD = 4096
LOG_HEAD = 8 << 20
"""Bytes of a log in which numbers must show."""

TABLES = (".csv", ".tsv")

PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "artifacts"})
OWN_TABLES = frozenset({"training_history.csv", "telemetry.csv", "results.csv"})
"""What lies in our own run folders."""

_DATABASES = frozenset({"mlflow.db", "mlruns.db", "mlflow.sqlite"})
_SQLITE = b"SQLite format 3\0"
_CHECKPOINT = re.compile(r"checkpoint-\d+")

KNOWN = (
    "a CSV table with a header, TensorBoard event files, trainer_state.json, a .wandb file, an MLflow run "
    "or database, a log with printed numbers, or a folder with one of these"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source that was found."""

    format: str
    path: Path
    modified: float
    """Seconds since 1970."""
    files: tuple[Path, ...] = ()
    """Files that whoever writes it may hold open."""


def recognise(path: Path) -> Candidate:
    """What a path is. Raises OSError when it cannot be read, UnknownFormatError when it is no history."""
    if path.is_dir():
        return _in_folder(path)
    kind = kind_of_file(path)
    if not kind:
        raise UnknownFormatError(f"{path} holds no history that can be read; it takes {KNOWN}")
    return Candidate(kind, path, path.stat().st_mtime, (path,))


def kind_of_file(path: Path) -> str:
    """The format of a file, by what is in it; empty when it is none. Raises OSError."""
    with plain_reader(path) as file:
        head = file.read(HEAD)
        kind = _kind_of_head(head)
        if kind:
            return kind
        if head.lstrip()[:1] == b"{" and path.suffix == ".json":
            return "trainer_state" if log_rows(head + file.read()) is not None else ""
        head += file.read(LOG_HEAD)
    line = head.lstrip(b"\xef\xbb\xbf").partition(b"\n")[0]
    table = kind_of_table(line)
    if path.suffix in TABLES and is_header(line):
        return table or "csv"
    if table and table != "csv":
        return table
    parser = LogParser()
    parser.feed(head)
    parser.finish()
    return "log" if parser.dialect else ""


def search(root: Path, since: float, own: Path | None = None, skip: Iterable[Path] = ()) -> list[Candidate]:
    """What was written below a folder since then (seconds since 1970), best first, as far as one look goes.

    Run folders of ours are passed over (but `own`), and so are the folders in `skip`.
    """
    found: dict[tuple[str, Path], Candidate] = {}
    for entry in _entries(root, own, frozenset(skip)):
        try:
            candidate = _candidate(entry, since)
        except (OSError, *NOT_JSON):
            continue  # it went away, or is not ours to read
        if candidate is None:
            continue
        key = candidate.format, candidate.path
        known = found.get(key)
        if known is not None:
            files = (*known.files, *candidate.files)
            candidate = Candidate(*key, max(known.modified, candidate.modified), files)
        found[key] = candidate
    return sorted(found.values(), key=lambda c: (-FORMATS[c.format].rank, -c.modified))


def _in_folder(path: Path) -> Candidate:
    if (path / "training_history.csv").is_file():
        return recognise(path / "training_history.csv")
    if _is_mlflow_run(path):
        return Candidate("mlflow", path, path.stat().st_mtime)
    found = search(path, 0.0)
    if not found:
        os.listdir(path)  # that it cannot be read must not pass for there being nothing
        raise UnknownFormatError(f"{path} holds no history that can be read; it takes {KNOWN}")
    return found[0]


def _kind_of_head(head: bytes) -> str:
    if head.startswith(WANDB):
        return "wandb"
    if head.startswith(_SQLITE):
        return "mlflow-sqlite"
    return "tensorboard" if is_event_file(head) else ""


def _candidate(entry: os.DirEntry[str], since: float) -> Candidate | None:
    name, path = entry.name, Path(entry.path)
    if name == "metrics" and entry.is_dir():
        return _mlflow_run(path.parent, since)
    known = name.startswith(PREFIX) or name.endswith((".wandb", ".csv")) or name == TRAINER_STATE
    if not known and name not in _DATABASES:
        return None
    status = entry.stat()
    if status.st_mtime < since or not entry.is_file():
        return None
    kind, source = "", path
    if name.startswith(PREFIX):
        kind, source = "tensorboard", base_of(path.parent)
    elif name.endswith(".wandb"):
        kind = "wandb"
    elif name == TRAINER_STATE:
        inside = _CHECKPOINT.fullmatch(path.parent.name) is not None
        kind, source = "trainer_state", path.parent.parent if inside else path.parent
    elif name in _DATABASES:
        kind = "mlflow-sqlite" if _has_runs(path, since) else ""
    elif name not in OWN_TABLES:
        with plain_reader(path) as file:
            line = file.read(HEAD).lstrip(b"\xef\xbb\xbf").partition(b"\n")
        kind = kind_of_table(line[0]) if line[1] else ""
        if kind == "csv":
            return None  # any table at all: only who names it means it
    return Candidate(kind, source, status.st_mtime, (path,)) if kind else None


def _has_runs(path: Path, since: float) -> bool:
    try:
        with closing(connect(path)) as store:
            query = "select count(*) from runs where start_time >= ?"
            return bool(store.execute(query, (since * 1000,)).fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _is_mlflow_run(path: Path) -> bool:
    return (path / "meta.yaml").is_file() and (path / "metrics").is_dir()


def _mlflow_run(path: Path, since: float) -> Candidate | None:
    if not _is_mlflow_run(path):
        return None
    modified = max((file.stat().st_mtime for file in metric_files(path)), default=0.0)
    return Candidate("mlflow", path, modified) if modified >= since and modified else None


def _entries(root: Path, own: Path | None, skip: frozenset[Path]) -> Iterator[os.DirEntry[str]]:
    """The entries below a folder, nearest first, as many as one look may cost."""
    queue = deque([(root, 0)])
    seen = 0
    while queue:
        folder, depth = queue.popleft()
        try:
            with os.scandir(folder) as listing:
                inside = [entry for entry, _ in zip(listing, range(MOST_IN_A_FOLDER), strict=False)]
        except OSError:
            continue
        if any(entry.name == "run.json" for entry in inside) and folder != own:
            continue  # a run of ours: whose history that is, is known
        for entry in inside:
            seen += 1
            if seen > MOST_ENTRIES:
                return
            yield entry
            if depth < DEPTH and _worth_entering(entry, skip):
                queue.append((Path(entry.path), depth + 1))


def _worth_entering(entry: os.DirEntry[str], skip: frozenset[Path]) -> bool:
    try:
        inside = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    name = entry.name
    return inside and not name.startswith(".") and name not in PASSED_OVER and Path(entry.path) not in skip
