"""A hyperparameter search as plain data: from Optuna's storage, a CSV, or the trials of a training."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainer_tui.runs import trainings
from trainer_tui.runs.trainings.trials import Trial as TrainingTrial
from trainer_tui.runs.trainings.trials import read_trials

Value = float | str
Direction = Literal["minimize", "maximize"]

_HIGHER = re.compile(r"acc|f1|auc|r2|r²|score|precision|recall|likelihood|reward|iou|dice|bleu|map$", re.I)
_NUMBER_COLUMNS = ("number", "trial", "trial_number", "trial_id", "id")
_STATE_COLUMNS = ("state", "status")
_NOTE_COLUMNS = ("notes", "note", "user_attrs_note", "user_attrs_notes")
_RUN_COLUMNS = ("run", "user_attrs_run")
_VALUE_COLUMNS = ("value", "values_0", "objective")
_NO_PARAMETERS = ("datetime_start", "datetime_complete", "duration", "study", "study_name")


class StudyError(Exception):
    """A study that cannot be read, in a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried."""

    number: int
    params: Mapping[str, Value]
    value: float | None
    """None where it was pruned or failed; NaN where it diverged."""
    state: str = "complete"
    """complete, pruned, failed or running."""
    note: str = ""
    run: str = ""
    """The run that it was, where the search says so."""


@dataclass(frozen=True, slots=True)
class Study:
    """A whole search."""

    name: str
    metric: str
    direction: Direction
    params: tuple[str, ...]
    trials: tuple[Trial, ...]
    source: str
    """Where it was read, without passwords."""
    importances: Mapping[str, float] | None = None
    """Of Optuna's own evaluator, where it could be asked."""

    @property
    def best(self) -> Trial | None:
        """The trial with the best finite value; the earliest of equals."""
        done = [trial for trial in self.trials if trial.state == "complete" and is_finite(trial.value)]
        sign = 1 if self.direction == "minimize" else -1
        return min(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)


def is_finite(value: float | None) -> bool:
    """Whether there is a number."""
    return value is not None and math.isfinite(value)


def guessed_direction(metric: str) -> Direction:
    """Whether more is better, by the metric's name: accuracies and scores are, losses and errors are not."""
    return "maximize" if _HIGHER.search(metric) else "minimize"


def from_csv(path: Path, name: str, metric: str = "", direction: str = "") -> Study:
    """The study in a CSV: a row a trial, a column a parameter (`params_lr` or `lr`), and one of the metric.

    `metric`: that column; else `value`, as Optuna's data frame has it, or the last one that is all numbers.
    Raises StudyError when it cannot be read as one, OSError when it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [column for column in reader.fieldnames or [] if column]
            rows = [{key: (row[key] or "").strip() for key in columns} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{path} is no CSV in UTF-8: {error}") from None
    if not rows:
        raise StudyError(f"{path} holds no trials")
    by_name = {column.lower(): column for column in columns}

    def column_of(names: Sequence[str]) -> str | None:
        return next((by_name[each] for each in names if each in by_name), None)

    special = {kind: column_of(names) for kind, names in _SPECIAL.items()}
    named = {column for column in special.values() if column}
    if metric and metric not in columns:
        raise StudyError(f"{path} has no column {metric!r}; it has {', '.join(columns)}")
    values = metric or column_of(_VALUE_COLUMNS) or _last_numeric(columns, rows, named)
    if not values:
        raise StudyError(f"{path} has no column of numbers; name that of the metric with --metric")
    prefixed = [column for column in columns if column.startswith("params_")]
    left = [
        column for column in columns if not column.startswith(("user_attrs_", "system_attrs_", "values_"))
    ]
    params = prefixed or [
        c for c in left if c not in named and c != values and c.lower() not in _NO_PARAMETERS
    ]
    trials = tuple(_row(index, row, values, params, special) for index, row in enumerate(rows))
    shown = values if values not in ("value", "values_0") else metric or "value"
    names = tuple(column.removeprefix("params_") for column in params)
    return Study(name, shown, _direction(direction, shown), names, trials, str(path))


_SPECIAL = {
    "number": _NUMBER_COLUMNS,
    "state": _STATE_COLUMNS,
    "note": _NOTE_COLUMNS,
    "run": _RUN_COLUMNS,
}


def _direction(wanted: str, metric: str) -> Direction:
    known: dict[str, Direction] = {
        "": guessed_direction(metric),
        "minimize": "minimize",
        "maximize": "maximize",
    }
    if wanted not in known:
        raise StudyError(f"the direction {wanted!r} is neither minimize nor maximize")
    return known[wanted]


def _last_numeric(columns: list[str], rows: list[dict[str, str]], named: set[str]) -> str | None:
    numeric = [
        c for c in columns if c not in named and all(_number(r[c]) is not None or not r[c] for r in rows)
    ]
    return numeric[-1] if len(numeric) > 0 else None


def _row(
    index: int, row: dict[str, str], values: str, params: list[str], special: Mapping[str, str | None]
) -> Trial:
    def cell(kind: str) -> str:
        column = special[kind]
        return row[column] if column else ""

    value = _number(row[values])
    number = _number(cell("number"))
    state = cell("state").lower().rpartition(".")[2] or ("complete" if value is not None else "failed")
    known = {column.removeprefix("params_"): _plain(row[column]) for column in params if row[column] != ""}
    state = "failed" if state.startswith("fail") else state
    number = number if is_finite(number) else None
    return Trial(index if number is None else int(number), known, value, state, cell("note"), cell("run"))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plain(text: str) -> Value:
    number = _number(text)
    return text if number is None else number


def from_trials(path: Path, name: str = "", metric: str = "", direction: str = "") -> Study:
    """The study in a training's `trials.jsonl`, or in the run folder that holds one.

    `name`: empty for that of its model and watch. Raises StudyError when it holds no trial, OSError when it
    cannot be read.
    """
    path = path / trainings.TRIALS if path.is_dir() else path
    found = read_trials(path)
    if not found.trials:
        raise StudyError(f"{path} holds no trials")
    shown = found.metric or metric or "value"
    algorithms = {trial.algorithm for trial in found.trials}
    params = tuple(dict.fromkeys(key for trial in found.trials for key in trial.params))
    several = len(algorithms) > 1
    return Study(
        name or trainings.study_name(path),
        shown,
        _direction(direction or found.direction, shown),
        (("algorithm", *params) if several else params),
        tuple(_training_trial(trial, several) for trial in found.trials),
        str(path),
        dict(found.importances) or None,
    )


def _training_trial(trial: TrainingTrial, several: bool) -> Trial:
    params: dict[str, Value] = {"algorithm": trial.algorithm} if several else {}
    value = trial.value if trial.state == "complete" else None
    return Trial(trial.number, {**params, **trial.params}, value, trial.state)


def from_optuna(url: str, name: str, metric: str = "") -> Study:
    """The study of this name in Optuna's storage.

    Raises StudyError when Optuna is not installed, or the study is not there.
    """
    try:
        import optuna
    except ImportError:
        raise StudyError(
            "reading Optuna's storage needs the package optuna; pip install 'trainer-tui[tracking]'"
        ) from None
    shown = without_password(url)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.load_study(study_name=name, storage=url)
        trials = study.get_trials(deepcopy=False)
    except KeyError:
        raise StudyError(f"{shown} has no study {name!r}{_others(optuna, url)}") from None
    except Exception as error:  # of whichever database is behind it
        first = str(error).strip().splitlines()[:1]
        raise StudyError(f"{shown} cannot be read: {''.join(first) or type(error).__name__}") from None
    if len(study.directions) > 1:
        raise StudyError(
            f"{name} has {len(study.directions)} objectives; a table of one is all that is written"
        )
    params = tuple(dict.fromkeys(key for trial in trials for key in trial.params))
    names = getattr(study, "metric_names", None) or []
    direction: Direction = "maximize" if study.direction.name == "MAXIMIZE" else "minimize"
    return Study(
        name,
        metric or (names[0] if names else "value"),
        direction,
        params,
        tuple(_trial(trial) for trial in trials),
        shown,
        _importances(optuna, study, trials),
    )


def _others(optuna: Any, url: str) -> str:
    names = optuna.get_all_study_names(storage=url)
    return f"; it has {', '.join(map(str, names[:8]))}" if names else ", and no other"


_STATES = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


def _trial(trial: Any) -> Trial:
    params = {key: _optuna_value(value) for key, value in trial.params.items()}
    state = _STATES.get(trial.state.name, trial.state.name.lower())
    attributes = trial.user_attrs
    value = trial.value if state == "complete" else None
    return Trial(
        trial.number, params, value, state, str(attributes.get("note", "")), str(attributes.get("run", ""))
    )


def _optuna_value(value: Any) -> Value:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _importances(optuna: Any, study: Any, trials: Sequence[Any]) -> dict[str, float] | None:
    finished = [t for t in trials if t.state.name == "COMPLETE" and is_finite(t.value)]
    if len(finished) < 4:
        return None
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(study)
    except (ImportError, RuntimeError, ValueError):
        return None  # too few trials, or all the same: our own measure is taken
    return {key: float(value) for key, value in found.items() if math.isfinite(value)} or None


def without_password(url: str) -> str:
    """A storage's address as it may be shown."""
    return re.sub(r"(://[^/\s@:]*:)[^/\s@]+(?=@)", r"\1•••", url)
