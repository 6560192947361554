"""What a check of the data found: the quality check and the leakage checks speak alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]

SHOWN_ROWS = 20
"""Row ids kept with a finding; `affected` counts all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    check: str
    """Which check, e.g. `missing-target` or `exact-duplicates`."""
    severity: Severity
    """`critical` blocks training, `warning` is shown, `info` is only noted."""
    message: str
    """One sentence: what, where, how much, what to do."""
    columns: tuple[str, ...] = ()
    rows: tuple[Any, ...] = ()
    """The first row ids concerned, `SHOWN_ROWS` at most."""
    affected: int = 0
    """How many rows are concerned."""
    details: dict[str, Any] = field(default_factory=dict)
    """Figures behind it, as plain data."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", one_line(self.message))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def counted(count: int, noun: str = "row") -> str:
    """`1 row`, `2 rows`: for messages."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def one_line(text: str) -> str:
    """The text with everything that would break its line, as `\\n` in a column's name, written visibly."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def brief(value: object, most: int = 40) -> str:
    """A value from the data, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
