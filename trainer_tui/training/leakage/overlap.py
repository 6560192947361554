"""Rows and groups in two parts: all six pairs of parts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.splits.split import PARTS

PAIRS = tuple(combinations(range(len(PARTS)), 2))


def pair_name(one: int, other: int) -> str:
    """How a pair of parts is called."""
    return f"{PARTS[one]}/{PARTS[other]}"


def crossing(
    of_row: npt.NDArray[np.intp], codes: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Which of k things are in more than one part, and how many there are in each pair of parts.

    of_row: (n,) thing of each row, −1 for none; codes: (n,) part of each row.
    """
    there = (of_row >= 0) & (codes >= 0)
    k = int(of_row.max(initial=-1)) + 1
    held = np.zeros((k, len(PARTS)), dtype=bool)
    held[of_row[there], codes[there]] = True
    pairs = {pair_name(a, b): int((held[:, a] & held[:, b]).sum()) for a, b in PAIRS}
    return held.sum(axis=1) > 1, {name: count for name, count in pairs.items() if count}


def groups(context: Context) -> list[Finding]:
    """A group (a patient) whose rows are in two parts. Source: `verify_no_leakage` of the document, which
    leaves out the holdout."""
    series = context.dataset.groups
    if series is None:
        return []
    of_row, labels = pd.factorize(series)
    shared, pairs = crossing(of_row.astype(np.intp), context.codes)
    if not shared.any():
        return []
    rows = np.flatnonzero((of_row >= 0) & shared[of_row] & (context.codes > 0))
    named = [str(label) for label in labels[shared][:5]]
    return [
        Finding(
            check="group-overlap",
            severity="critical",
            message=(
                f'{int(shared.sum()):,} groups of "{series.name}" are in more than one part ('
                f"{', '.join(f'{count:,} in {name}' for name, count in pairs.items())}), for example "
                f"{', '.join(named)}: split by group."
            ),
            columns=(str(series.name),),
            rows=context.ids(rows),
            affected=len(rows),
            details={"pairs": pairs, "groups": named},
        )
    ]
