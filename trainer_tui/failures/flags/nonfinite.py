"""A loss that is no number: suspected at once, confirmed when it stays, recovered when it is one again."""

from __future__ import annotations

import math
from typing import Any

from trainer_tui.failures.flags.curve import Curve
from trainer_tui.runs.flags import Flag
from trainer_tui.runs.incident import Fate, Incident


class NonFinite:
    """The streaks of non-finite cells, one a column at a time."""

    def __init__(self, flag: Flag, confirm_after: float) -> None:
        self._flag = flag
        self._confirm_after = confirm_after
        self._episodes: dict[str, int] = {}
        self._streaks: dict[str, tuple[str, str]] = {}
        """Column → id and message of its open streak."""

    def bad(self, curve: Curve, value: float, at: dict[str, Any]) -> Incident | None:
        """Another cell of this column is not finite; `curve.bad` counts it already."""
        name = curve.name
        if curve.bad == 1:
            nth = self._episodes[name] = self._episodes.get(name, 0) + 1
            last = f", after {curve.last:.4g}" if curve.last is not None else ""
            identity = f"history:nan:{name}" + (f":{at['row']}" if nth > 1 else "")
            message = f"{name} is {value} {place(at)}{last}"
            self._streaks[name] = identity, message
            if self._confirm_after > 1:
                return self._incident(name, "suspected", message, {**at, "value": str(value)})
        if curve.bad != self._confirm_after:
            return None
        message = f"{self._streaks[name][1]}, and stays non-finite"
        return self._incident(name, "confirmed", message, {**at, "value": str(value), "rows": curve.bad})

    def well(self, curve: Curve, value: float, at: dict[str, Any]) -> Incident:
        """The column is finite again; `curve.bad` still counts the streak."""
        message = f"{curve.name} is finite again {place(at)}: {value:.4g}"
        return self._incident(curve.name, "recovered", message, {**at, "value": value, "rows": curve.bad})

    def _incident(self, name: str, fate: Fate, message: str, facts: dict[str, Any]) -> Incident:
        return Incident(
            id=self._streaks[name][0],
            severity=self._flag.severity,
            kind="nan-loss",
            message=message,
            fate=fate,
            source="history",
            rule="non-finite",
            hypotheses=self._flag.hypotheses,
            facts={"column": name, **facts},
        )


def where(index: int, row: Any) -> dict[str, Any]:
    """The place of a row: its index from 0, its epoch and step where it has them."""
    at: dict[str, Any] = {"row": index}
    for name in ("epoch", "step"):
        if name in row and math.isfinite(row[name]):
            at[name] = row[name]
    return at


def place(at: dict[str, Any]) -> str:
    """`at epoch 3`, `at step 12`, `in row 7`."""
    if "epoch" in at:
        return f"at epoch {at['epoch']:g}"
    return f"at step {at['step']:g}" if "step" in at else f"in row {at['row'] + 1}"
