"""A table as it was read, before anything was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trainer_tui.training.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Raw:
    """What a reader hands over. What it knows of roles it knows from the format, as in an NPZ file's `y`."""

    table: pa.Table
    name: str
    source: str
    """For people and records: secrets left out."""
    target: str = ""
    target_why: str = ""
    labels: tuple[Any, ...] = ()
    """Names behind a target of whole numbers 0 … k−1."""
    group: str = ""
    time: str = ""
    role_why: str = ""
    """How the format knows group and time."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Column → why the model must not see it."""
    decimal_comma: bool = False
    """`1,250` is one and a quarter: the file separates its fields by semicolons."""
    noticed: list[Finding] = field(default_factory=list)
