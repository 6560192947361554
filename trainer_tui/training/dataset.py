"""A table ready to be split: features, target, and what the rows belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from trainer_tui.training.finding import Finding

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["binary", "multiclass", "regression"]
Kind = Literal["numeric", "categorical", "boolean", "datetime", "text", "constant", "id"]

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
KINDS: tuple[Kind, ...] = ("numeric", "categorical", "boolean", "datetime", "text", "constant", "id")


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it will be used."""

    name: str
    kind: Kind
    missing: int
    """Rows without a value."""
    distinct: int
    used: bool = True
    """Whether the model sees it."""
    why: str = ""
    """Why it was taken for that, or left out; empty where it is plain."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """n rows; `X`, `y`, `groups` and `times` share one index, the row ids, each of which is unique."""

    name: str
    X: pd.DataFrame
    """(n, p): the used feature columns, raw, nothing imputed or scaled."""
    y: pd.Series
    """(n,): the target; binary and multiclass as codes 0 … k−1 into `classes`, regression as float64."""
    task: Task
    columns: tuple[Column, ...]
    """Every column of the source, the unused too, in the source's order."""
    target: str
    classes: tuple[Any, ...] = ()
    """The labels behind the codes of `y`; for binary the second one is the positive class."""
    groups: pd.Series | None = None
    """(n,): rows of one group (a patient, say) stay in one split."""
    times: pd.Series | None = None
    """(n,): when a row was observed, as datetime64 or numbers that grow with time."""
    unit: str = ""
    """The target's unit, for regression."""
    source: str = ""
    """Where it came from, secrets left out."""
    fingerprint: str = ""
    """SHA-256 over content and column names: the same data has the same one, whatever its file format."""
    noticed: tuple[Finding, ...] = ()
    """What the reading had to decide or leave out; the quality check takes it over."""

    def __len__(self) -> int:
        return len(self.y)
