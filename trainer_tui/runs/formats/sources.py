"""Readers of what a training writes, each polled as its file grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trainer_tui.runs.formats.event_folder import EventFolderSource
from trainer_tui.runs.formats.log_lines import LogParser
from trainer_tui.runs.formats.mlflow import MlflowDatabaseSource, MlflowFolderSource
from trainer_tui.runs.formats.rows import Row
from trainer_tui.runs.formats.tables import TableParser
from trainer_tui.runs.formats.trainer_state import TrainerStateSource
from trainer_tui.runs.formats.wandb import WandbParser
from trainer_tui.runs.tail import Tail

READ_SIZE = 256 << 10
"""Bytes taken at a time: small enough that nobody who waits for the interpreter waits long."""


class UnknownFormatError(ValueError):
    """Nothing here that any reader knows."""


class Parser(Protocol):
    """Turns bytes into rows, in whatever pieces they come."""

    def feed(self, data: bytes) -> list[Row]:
        """The rows that are complete with this piece."""

    def finish(self) -> list[Row]:
        """The rows that only the end of the file completes."""


class Source(Protocol):
    """One history that somebody else writes."""

    @property
    def path(self) -> Path:
        """The file or folder."""

    @property
    def format(self) -> str:
        """One of `FORMATS`."""

    @property
    def began_anew(self) -> bool:
        """Whether the last poll began at the start of the source again, since it was replaced."""

    @property
    def behind(self) -> bool:
        """Whether the last poll left something unread."""

    def poll(self, at_most: int = READ_SIZE) -> list[Row]:
        """The rows that came since, from at most so many bytes. Raises OSError when it cannot be read."""

    def finish(self) -> list[Row]:
        """The rows that only the end of the source completes."""

    def close(self) -> None:
        """Let go of the files."""


class StreamSource:
    """One growing file."""

    def __init__(self, path: Path, format: str, parser: Callable[[], Parser]) -> None:
        self.path = path
        self.began_anew = False
        self.behind = False
        self._format = format
        self._new_parser = parser
        self._parser = parser()
        self._tail = Tail(path)

    @property
    def format(self) -> str:
        """The format; of a log also its dialect, once that is known."""
        dialect = self._parser.dialect if isinstance(self._parser, LogParser) else ""
        return f"{self._format}: {dialect}" if dialect else self._format

    def poll(self, at_most: int = READ_SIZE) -> list[Row]:
        """The rows that came since. Raises OSError when the file cannot be read."""
        if self._format != "log" and self._tail.rotated():
            # Replaced whole by a rename: the old file gets no more rows.
            self._tail.close()
            self._tail = Tail(self.path)
            self._parser, anew = self._new_parser(), True
        else:
            anew = False
        chunk = self._tail.read(at_most)
        if chunk.change:
            self._parser, anew = self._new_parser(), True
        self.began_anew = anew
        self.behind = len(chunk.data) == at_most
        return self._parser.feed(chunk.data) if chunk.data else []

    def finish(self) -> list[Row]:
        """The rows that only the end of the file completes."""
        return self._parser.finish()

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()


@dataclass(frozen=True, slots=True)
class Format:
    """What a format is called, and how well it tells a history while the training goes on."""

    title: str
    rank: int
    """Of several sources the highest is taken."""
    open: Callable[[Path, float], Source]
    """Path, and since when (seconds since 1970) a store with many runs is asked for one."""


def _stream(name: str, parser: Callable[[], Parser]) -> Callable[[Path, float], Source]:
    return lambda path, since: StreamSource(path, name, parser)


FORMATS: dict[str, Format] = {
    "lightning": Format("Lightning's metrics.csv", 60, _stream("lightning", TableParser)),
    "keras": Format("a CSV of epochs, as Keras' CSVLogger writes it", 60, _stream("keras", TableParser)),
    "tensorboard": Format("TensorBoard event files", 50, lambda path, since: EventFolderSource(path, since)),
    "wandb": Format("a W&B run file", 40, _stream("wandb", WandbParser)),
    "mlflow": Format("a run in MLflow's file store", 40, lambda path, since: MlflowFolderSource(path)),
    "mlflow-sqlite": Format(
        "a run in MLflow's database", 40, lambda path, since: MlflowDatabaseSource(path, since * 1000)
    ),
    "log": Format("numbers printed to the log", 20, _stream("log", LogParser)),
    "trainer_state": Format(
        "trainer_state.json of Transformers", 10, lambda path, since: TrainerStateSource(path)
    ),
    "csv": Format("a CSV table", 0, _stream("csv", TableParser)),
}
"""Every format that is read."""


def open_source(format: str, path: Path, since: float = 0.0) -> Source:
    """A reader. `since`: what was written before (seconds since 1970) belongs to an earlier run.

    Raises UnknownFormatError for a format that is not in the table.
    """
    if format not in FORMATS:
        raise UnknownFormatError(f"{format!r} is no format of a history")
    return FORMATS[format].open(path, since)
