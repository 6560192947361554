"""What a training was asked for, as plain data: `trainer-tui train` writes it, the run reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """One `trainer-tui train`; empty means: infer it, and say what was inferred."""

    source: str
    """A file, `sklearn:NAME`, `feast:REPOSITORY#FEATURE_SERVICE`, a database URL with `query`, or
    `env:VARIABLE`
    with one of these in it: an address with a password is given so, for this is stored."""
    name: str
    """The model's name: its runs are `output/NAME/001-quick` …"""
    target: str = ""
    task: str = ""
    """One of `TASKS`, or `classification`: binary or multiclass, as the classes are."""
    group: str = ""
    """`none`: there is none, infer none; so for `time`."""
    time: str = ""
    gap: str = ""
    """Between two parts of a split by time: a duration as in `7d`, or a number in the time column's unit."""
    strategy: str = ""
    positive: str = ""
    """The label of the positive class."""
    drop: tuple[str, ...] = ()
    """Columns that the model must not see."""
    row_id: str = ""
    """The column with the row ids; empty: the row numbers, as read."""
    unit: str = ""
    query: str = ""
    """The SELECT, where `source` is a database URL; the file of the entity table, where it is Feast."""
    algorithms: tuple[str, ...] = ()
    """Names of `training.algorithms`; empty: all that suit the task and are installed."""
    trials: int = 50
    tuning_s: float | None = None
    """Seconds after which no further trial is begun."""
    workers: int = 1
    """Processes that tune side by side."""
    metric: str = ""
    """What validation chooses by; empty: auc, accuracy by classes (mcc), or rmse."""
    seed: int = 0
    bootstrap: int = 2000
    tracking_uri: str = ""
    """An MLflow server; empty: SQLite in the output folder; `none`: no tracking."""
    database_url: str = ""
    """Empty: `runs.db` in the output folder."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Check → the reason why a person accepts what it finds; recorded with the run."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainSpec:
        """The spec in a JSON file; keys of another version are passed over."""
        names = {f.name for f in fields(cls)}
        values = {key: value for key, value in data.items() if key in names}
        for name in ("drop", "algorithms"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)
