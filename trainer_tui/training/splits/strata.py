"""What rows are stratified by: the class, or the quantile of a numeric target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer_tui.training.dataset import Dataset

MOST_BINS = 100
ROWS_A_BIN = 20
"""12 + 4 + 3 + 1: the smallest bin whose shares are whole numbers."""


def strata(dataset: Dataset, most_bins: int = MOST_BINS) -> npt.NDArray[np.intp]:
    """(n,): codes 0 … k−1 without holes; rows without a target are one stratum more."""
    y = dataset.y.to_numpy(dtype=np.float64, na_value=np.nan)
    there = np.isfinite(y)
    if dataset.task == "regression":
        bins = max(1, min(most_bins, int(there.sum()) // ROWS_A_BIN))
        edges = np.quantile(y[there], np.arange(1, bins) / bins) if bins > 1 else np.empty(0)
        # Equal targets are in one bin, so the order of the rows plays no part.
        codes = np.searchsorted(edges, y, side="right")
    else:
        codes = np.where(there, y, -1).astype(np.intp)
    codes = np.where(there, codes, -1)
    return np.asarray(pd.factorize(codes, sort=True)[0], dtype=np.intp)
