"""What a search leaves behind: one record a trial, and what was chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from trainer_tui.training.evaluation.metrics import Direction

TrialState = Literal["complete", "pruned", "failed", "killed"]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial; `to_dict` is its line in trials.jsonl."""

    number: int
    state: TrialState
    """`pruned`: given up early; `failed`: `reason` says why; `killed`: its process ended, a later trial
    repeats it."""
    value: float | None
    """The metric on the validation rows; only of complete trials."""
    algorithm: str
    params: dict[str, Any]
    """Its hyperparameters, the built-in defaults of those that the search leaves alone included."""
    seconds: float
    started: str
    """UTC, ISO 8601."""
    worker: str
    """Which process: `0` is the training itself, `1` … are those that it started."""
    steps: dict[int, float] = field(default_factory=dict)
    """Percent of its iterations → the metric then."""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"steps": {str(step): value for step, value in self.steps.items()}}


@dataclass(frozen=True, slots=True)
class Tuned:
    """The choice of a search, made on the validation rows."""

    algorithm: str
    """A name of `training.algorithms`; `ensemble` where it is the mean of several trials."""
    params: dict[str, Any]
    value: float
    """On the validation rows; of an ensemble on those whose scores are kept (all, unless there are very
    many)."""
    metric: str
    trials: tuple[TrialRecord, ...]
    """All, by number."""
    direction: Direction = "maximize"
    best: int = -1
    """Number of the best single trial."""
    members: tuple[int, ...] = ()
    """Numbers of the trials in the ensemble."""
    importances: dict[str, float] = field(default_factory=dict)
    """Hyperparameter of the best trial's algorithm → its share in how good a trial is; they add up to 1."""
