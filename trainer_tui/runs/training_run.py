"""`TrainingRun`: the few calls by which a training script says how it goes. Standard library only."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer_tui.runs.history_writer import HistoryWriter
from trainer_tui.runs.plain import FOLDER_MODE, make_folders
from trainer_tui.runs.progress_writer import ProgressWriter
from trainer_tui.runs.script_io import warn
from trainer_tui.runs.script_settings import Phase, ScriptSettings, read_settings


class TrainingRun:
    """One execution of one phase of one model, seen from inside the training script.

        with TrainingRun.current() as run:
            X, y = run.subset(X, y, stratify=y)
            for epoch in run.epochs(2000):
                ...
                run.log(epoch=epoch, train_loss=..., val_loss=..., rmse=...)
            run.save_results(rows)
            run.save_model(model)

    Only the process that made it writes: in forked workers, and in the second and further processes of a
    distributed run, `log`, `progress` and the saves do nothing. A file system that refuses never stops a
    training: history, progress, checkpoints and notes warn on stderr; only `save_results` and `save_model`
    raise OSError, for a run without them has not succeeded.
    """

    def __init__(self, settings: ScriptSettings) -> None:
        """Use `TrainingRun.current()`. Raises OSError when the run folder cannot be made."""
        self.phase: Phase = settings.phase
        """`quick` or `full`."""
        self.seed: int = settings.seed
        """Give it to every random generator of yours, then a run can be repeated."""
        self.data_fraction: float = settings.data_fraction
        self.scale: float = settings.scale
        self.chains_scale: float = settings.chains_scale
        self.folder: Path = _folder(settings)
        """Where this run's files lie; scripts may put their own there."""
        self._writer_pid = os.getpid() if settings.main_process else None
        self._history = HistoryWriter(self.folder / "training_history.csv", claiming=True)
        self._progress = ProgressWriter(self.folder / "progress.json")
        self._started = self._logged = time.monotonic()
        self._rows = 0
        self._epoch: int | None = None

    @classmethod
    def current(cls) -> TrainingRun:
        """The run this process belongs to; the same object until its `with` block ends.

        Without a supervisor it is a full run of its own in `output/<script>/alone-001`, numbered up.
        Raises ValueError for a `TRAINER_*` variable that makes no sense.
        """
        global _open
        settings = read_settings(os.environ)
        if _open is None or _open[0] != settings:
            _open = (settings, cls(settings))
        return _open[1]

    def __enter__(self) -> TrainingRun:
        return self

    def __exit__(self, *problem: object) -> None:
        """Write what was kept back. An exception passes through: the run ends as it would without us."""
        global _open
        if self._writes():
            self._progress.flush()
            self._history.close()
        if _open is not None and _open[1] is self:
            _open = None

    @property
    def quick(self) -> bool:
        """Whether this is the quick validation."""
        return self.phase == "quick"

    # How much to train

    def subset(self, *arrays: Any, stratify: Any = None, groups: Any = None) -> Any:
        """The same rows of every array: 10-20 % of them in quick, the very objects given in full.

        Takes lists, numpy arrays, pandas frames and series, torch tensors, sparse matrices; returns one
        object for one array, otherwise a tuple. Rows keep their order; the choice depends on `seed` alone.
        With `stratify` (a class a row) every class keeps its share and at least one row; with `groups` (a
        label a row: a patient, a country) a group is taken whole or not at all.
        Raises ValueError when the lengths differ, TypeError for what has no rows.
        """
        if not arrays:
            raise TypeError("subset() needs at least one array")
        if self.data_fraction < 1:
            from trainer_tui.runs.subset import chosen_rows, length, take

            counts = [length(rows) for rows in arrays]
            if len(set(counts)) > 1:
                raise ValueError(f"subset() needs arrays of one length, not of {', '.join(map(str, counts))}")
            if counts[0] > 0:
                labels = {"stratify": stratify, "groups": groups}
                chosen = chosen_rows(counts[0], self.data_fraction, self.seed, **labels)
                arrays = tuple(take(rows, chosen) for rows in arrays)
        return arrays[0] if len(arrays) == 1 else arrays

    def epochs(self, n: int) -> Iterator[int]:
        """Iterate from 1 to `n` (a quarter of it in quick), publishing progress after each."""
        total = self.iterations(n)
        try:
            for epoch in range(1, total + 1):
                self._epoch = epoch
                self.progress(epoch - 1, total, step_name="epoch")
                yield epoch
            self.progress(total, total, step_name="epoch")
        finally:
            self._epoch = None

    def iterations(self, n: int) -> int:
        """How many of `n` iterations (draws, steps, rounds) to do: a quarter in quick, at least one."""
        return max(1, round(n * self.scale))

    def chains(self, n: int) -> int:
        """How many of `n` chains to sample: half in quick, at least two, for one alone shows no R-hat."""
        return min(n, max(2, round(n * self.chains_scale)))

    def estimators(self, n: int) -> int:
        """How many of `n` estimators (trees, members) to fit: half in quick, at least one."""
        return max(1, round(n * self.chains_scale))

    # How it goes

    def log(self, **values: Any) -> None:
        """Append one row to the history: numbers (numpy's and torch's too), text, or None for an empty cell.

        `time_s` (since the previous row), `elapsed_s` (since the start) and `epoch` are filled in when they
        are not given. The first call fixes the columns; a new name later adds one. NaN and infinities stay.
        """
        if not self._writes():
            return
        now = time.monotonic()
        self._rows += 1
        values.setdefault("epoch", self._rows if self._epoch is None else self._epoch)
        values.setdefault("time_s", round(now - self._logged, 6))
        values.setdefault("elapsed_s", round(now - self._started, 6))
        self._logged = now
        self._history.append(values)

    def progress(self, done: float, total: float | None = None, *, step_name: str = "step") -> None:
        """Publish that `done` of `total` steps are done; cheap enough for every step. `epochs` does it."""
        if self._writes():
            self._progress.publish(_plain(done), None if total is None else _plain(total), step_name)

    def expect(self, seconds: float) -> None:
        """Promise the next progress within `seconds`, say before a long checkpoint: no hang until then."""
        if not 0 < seconds < math.inf:
            raise ValueError(f"expect() takes a number of seconds above 0, not {seconds}")
        if self._writes():
            self._progress.promise(float(seconds))

    def note(self, text: str) -> None:
        """Write a remark into the run's events, by way of its supervisor."""
        if not self._writes():
            return
        from trainer_tui.runs.control import ask
        from trainer_tui.runs.layout import RunFolder

        try:
            ask(RunFolder(self.folder), "note", text=str(text))
        except OSError as error:
            warn(f"the note {text!r} could not be written ({error})")

    # What comes out

    def save_results(self, rows: Any) -> Path:
        """Write `results.csv` from a list of dicts, one dict, or a pandas or polars frame; its path.

        Raises ValueError for no rows or a cell that is no number or text, OSError when the disk refuses.
        """
        path = self.folder / "results.csv"
        if self._writes():
            from trainer_tui.runs.saving import write_results

            write_results(path, rows)
        return path

    def save_model(self, model: Any) -> Path | None:
        """Write the trained model; its path (None in a process that does not write).

        PyTorch modules (their state dict), state dicts and tensors go to `model_final.pt`, everything else is
        pickled to `model_final.pkl`. Raises OSError when the disk refuses, and the errors of pickle.
        """
        if not self._writes():
            return None
        from trainer_tui.runs.saving import write_model

        return write_model(self.folder / "model_final", model)

    def checkpoint(self, content: Any, name: str) -> Path | None:
        """Write a model, or bytes as they are, to `checkpoints/`; its path, None when that failed.

        A full disk costs the checkpoint (with a line on stderr), not the training.
        """
        if not self._writes():
            return None
        from trainer_tui.runs.saving import write_checkpoint

        try:
            return write_checkpoint(self.folder / "checkpoints", content, name)
        except OSError as problem:
            warn(f"checkpoint {name} could not be written ({problem}); training goes on")
            return None

    def _writes(self) -> bool:
        return os.getpid() == self._writer_pid


_open: tuple[ScriptSettings, TrainingRun] | None = None
"""The run that `TrainingRun.current()` gives, so that two callers never write to one history separately."""


def _plain(number: float) -> float:
    """A number that JSON can hold; numpy's and torch's become plain ones."""
    return number if type(number) is int else float(number)


def _folder(settings: ScriptSettings) -> Path:
    if settings.folder is not None:
        make_folders(settings.folder)
        return settings.folder
    script = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in ("", "-", "-c") else "interactive"
    parent = (Path("output") / script).absolute()
    if not settings.main_process:
        return parent
    number = 0
    while True:
        number += 1
        folder = parent / f"alone-{number:03d}"
        try:
            make_folders(parent)
            folder.mkdir(FOLDER_MODE)
        except FileExistsError:
            continue
        return folder
