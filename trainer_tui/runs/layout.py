"""Where everything of a run lies, and how a new run gets its number."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.files import locked, read_json
from trainer_tui.runs.plain import FOLDER_MODE, make_folders
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.schema import is_newer, version_of
from trainer_tui.runs.withheld import read_request

_FOLDER = re.compile(r"(\d{3,})-(quick|full)")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @property
    def model(self) -> str:
        """Name of the model the run belongs to."""
        return self.path.parent.name

    @property
    def number(self) -> int:
        """The run's number, from 1 up in its model."""
        return int(self.path.name.partition("-")[0])

    @property
    def phase(self) -> str:
        """`quick` or `full`."""
        return self.path.name.partition("-")[2]

    @property
    def name(self) -> str:
        """`model_3/007-full`."""
        return f"{self.model}/{self.path.name}"

    @property
    def run_json(self) -> Path:
        """What was asked."""
        return self.path / "run.json"

    @property
    def source(self) -> Path:
        """The model's files as they were at launch."""
        return self.path / "source"

    @property
    def process_json(self) -> Path:
        """Who runs."""
        return self.path / "process.json"

    @property
    def alive_lock(self) -> Path:
        """Locked by the training process as long as it lives."""
        return self.path / "alive.lock"

    @property
    def shim_lock(self) -> Path:
        """Locked by the shim as long as it lives."""
        return self.path / "shim.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one supervisor of its model."""
        return self.path.parent / "supervisor.lock"

    @property
    def events(self) -> Path:
        """What happened, in order."""
        return self.path / "events.jsonl"

    @property
    def progress(self) -> Path:
        """Done and total, as `TrainingRun` publishes them."""
        return self.path / "progress.json"

    @property
    def telemetry(self) -> Path:
        """Resources, one row a sample."""
        return self.path / "telemetry.csv"

    @property
    def history(self) -> Path:
        """Metrics, one row an epoch."""
        return self.path / "training_history.csv"

    @property
    def results(self) -> Path:
        """The run's results."""
        return self.path / "results.csv"

    @property
    def exit_json(self) -> Path:
        """How the process ended."""
        return self.path / "exit.json"

    @property
    def control(self) -> Path:
        """What users asked of the living run."""
        return self.path / "control.jsonl"

    @property
    def seen(self) -> Path:
        """Made once a view has shown how the run ended: who comes back before wants to see that first."""
        return self.path / "seen"

    def models(self) -> list[Path]:
        """The saved model files (`model_final.*`)."""
        return sorted(p for p in self.path.glob("model_final.*") if p.is_file())

    def request(self) -> RunRequest | None:
        """What was asked, with its secrets where we may read them; None without a readable `run.json`."""
        document = read_request(self.run_json)
        if document is None:
            return None
        try:
            return RunRequest.from_dict(document)
        except (AttributeError, KeyError, TypeError):
            return None

    def version(self) -> int | None:
        """The version of the folder, of whatever program made it; None when `run.json` is absent or none."""
        document = read_json(self.run_json)
        return None if document is None else version_of(document)

    def log(self) -> Path:
        """The log file. Of a path that no run of ours has, `run.json` may say what it likes."""
        document = read_json(self.run_json) or {}
        relative = document.get("log")
        if isinstance(relative, str) and "\0" not in relative:
            log = Path(os.path.normpath(self.path / relative))
            if (log.parent.name, log.name) == (self.model, f"{self.path.name}.log"):
                return log
        return self.path.parents[1].parent / "logs" / self.model / f"{self.path.name}.log"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The runs of one model: `output/model_3`, with its logs in `logs/model_3`."""

    path: Path
    logs: Path

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.path.name

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one supervisor of this model."""
        return self.path / "supervisor.lock"

    @property
    def supervisor_log(self) -> Path:
        """The supervisor's own complaints."""
        return self.path / "supervisor.log"

    def runs(self) -> list[RunFolder]:
        """The model's runs, oldest first."""
        return [RunFolder(self.path / name) for _, name in self._names()]

    def newest_first(self) -> Iterator[RunFolder]:
        """The model's runs, newest first: whoever looks for one of the last need not make them all."""
        for _, name in reversed(self._names()):
            yield RunFolder(self.path / name)

    def latest(self) -> RunFolder | None:
        """The newest run."""
        return next(self.newest_first(), None)

    def newest(self) -> RunFolder | None:
        """The newest run that was asked for: a folder without `run.json` is nobody's run."""
        return next((run for run in self.newest_first() if _was_asked_for(run)), None)

    def find(self, number: int) -> RunFolder | None:
        """The run with this number."""
        return next((RunFolder(self.path / name) for found, name in self._names() if found == number), None)

    def watch_runs(self, watch: int) -> list[RunFolder]:
        """The runs of one watch, oldest first."""
        later = [RunFolder(self.path / name) for number, name in self._names() if number >= watch]
        return [run for run in later if (read_json(run.run_json) or {}).get("watch") == watch]

    def new_run(self, phase: str) -> RunFolder:
        """Make the next run's folder. Its number was never used, not even by a run that is gone by now."""
        make_folders(self.path)
        make_folders(self.logs)
        # The folder's name does not claim its number alone: a quick and a full run may be made at once.
        with locked(self.path / "last_number") as last:
            noted = os.pread(last, 32, 0).strip()
            known = [number for number, _ in self._names()] + self._logged_numbers()
            number = max([*known, int(noted) if noted.isdigit() else 0])
            while True:
                number += 1
                os.pwrite(last, b"%d\n" % number, 0)
                run = RunFolder(self.path / f"{number:03d}-{phase}")
                with suppress(FileExistsError):  # where nothing can be locked
                    run.path.mkdir(FOLDER_MODE)
                    return run

    def log_of(self, run: RunFolder) -> Path:
        """Where the log of a new run goes."""
        return self.logs / f"{run.path.name}.log"

    def _names(self) -> list[tuple[int, str]]:
        """(number, name) of each run's folder, oldest first."""
        try:
            names = os.listdir(self.path)
        except OSError:
            return []
        return sorted((int(match[1]), name) for name in names if (match := _FOLDER.fullmatch(name)))

    def _logged_numbers(self) -> list[int]:
        matches = (_FOLDER.fullmatch(p.stem) for p in self.logs.glob("*.log"))
        return [int(match.group(1)) for match in matches if match]


def _was_asked_for(run: RunFolder) -> bool:
    if run.request() is not None:
        return True
    version = run.version()  # a newer version's request may be one that we cannot read
    return version is not None and is_newer(version)


def short_name(model: str) -> str:
    """The model's name in published files: `3` for `model_3`, otherwise the name itself."""
    return model.removeprefix("model_") or model


def log_link(phase: str, model: str) -> str:
    """Name of the link to the newest log of a phase."""
    short = short_name(model)
    return f"training_quick_{short}.log" if phase == "quick" else f"training_{short}_full.log"


def results_name(phase: str, model: str) -> str:
    """Name under which a run's results are published in `output/`."""
    short = short_name(model)
    return f"results_quick_{short}.csv" if phase == "quick" else f"results_{short}.csv"
