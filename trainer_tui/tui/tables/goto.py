"""From what a person types to a row of the history."""

from __future__ import annotations

import math

import numpy as np

from trainer_tui.runs.history import History


def row_for(history: History, text: str) -> int | str:
    """The 0-based row for `120` (that epoch, or the one nearest), `#12` (row 12) or `50%`; else why not."""
    sign = text[:1] if text[:1] == "#" else text[-1:] if text[-1:] == "%" else ""
    number = _number(text.strip("#% ").replace(",", ""))
    if number is None or not history.rows:
        return "a number, #row or a percentage is needed"
    last = history.rows - 1
    if sign == "%":
        return min(last, max(0, round(number / 100 * last)))
    step = history.step_column
    if sign == "#" or step is None:
        return round(number) - 1 if 1 <= number <= last + 1 else f"rows go from 1 to {last + 1:,}"
    away = np.abs(np.array(history.columns[step][: history.rows]) - number)
    if not np.isfinite(away).any():
        return f"{step} holds no number"
    # Of equal ones the newest: after a resumed training that is the one that counts.
    away = np.where(np.isfinite(away), away, math.inf)
    return last - int(away[::-1].argmin())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
