"""What the leakage checks look at: a dataset, its split, and columns as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import SHOWN_ROWS
from trainer_tui.training.splits.identity import hashes

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.splits.split import Split

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

MOST_CLASSES = 20


@dataclass(slots=True)
class Context:
    """n rows of `dataset`; the order of the rows plays no part in what is sampled."""

    dataset: Dataset
    split: Split
    seed: int
    codes: npt.NDArray[np.int8]
    """(n,): the part of each row of the dataset."""
    y: Floats
    """(n,): the target; class codes as numbers."""
    _order: Positions | None = None
    _columns: dict[str, Floats] = field(default_factory=dict)
    _scaled: npt.NDArray[np.float32] | None = None

    @property
    def train(self) -> npt.NDArray[np.bool_]:
        """(n,): whether a row is in train."""
        return np.asarray(self.codes == 0)

    @property
    def names(self) -> list[Any]:
        """The feature columns."""
        return list(self.dataset.X.columns)

    def is_number(self, name: Any) -> bool:
        """Whether a column holds numbers (or true and false), not labels or dates."""
        return self.dataset.X[name].dtype.kind in "iufb"

    def column(self, name: Any) -> Floats:
        """(n,): numbers as they are, dates as nanoseconds, labels as codes; missing is NaN."""
        series = self.dataset.X[name]
        kind = series.dtype.kind
        if kind in "iufb" and isinstance(series.dtype, np.dtype):
            return np.asarray(series.to_numpy(), dtype=np.float64)
        if name not in self._columns:
            self._columns[name] = _numbers(series)
        return self._columns[name]

    def shuffled(self, rows: npt.NDArray[np.bool_], most: int) -> Positions:
        """Positions of at most `most` of the rows in a mask, in the order of the hashes of their ids."""
        if self._order is None:
            self._order = np.argsort(hashes(self.dataset.X.index, self.seed), kind="stable")
        chosen = self._order[rows[self._order]]
        return chosen[:most]

    def scaled(self) -> npt.NDArray[np.float32]:
        """(n, q): the columns that vary, less the mean of train, over its deviation; missing is 0."""
        if self._scaled is None:
            some = np.sort(self.shuffled(self.train, 100_000))
            kept = []
            for name in self.names:
                known = self._spread(name)[some]
                known = known[np.isfinite(known)]
                if len(known) and known.std() > 1e-12 * max(1.0, float(np.abs(known).max())):
                    # A column that is nearly always the same is no finer than a sixteenth of its range.
                    coarse = min(float(np.ptp(known)) / 16, 5 * float(known.std()))
                    kept.append((name, float(known.mean()), max(float(known.std()), coarse)))
            result = np.empty((len(self.dataset), len(kept)), dtype=np.float32)
            for j, (name, mean, deviation) in enumerate(kept):
                values = (self._spread(name) - mean) / deviation
                result[:, j] = np.where(np.isfinite(values), values, 0)
            self._scaled = result
        return self._scaled

    def _spread(self, name: Any) -> Floats:
        """A column for distances: labels as numbers between 0 and 1 without an order."""
        values = self.column(name)
        if self.is_number(name) or self.dataset.X[name].dtype.kind == "M":
            return values
        whole = np.where(np.isfinite(values), values, -1).astype(np.float64)
        return np.asarray((pd.util.hash_array(whole) >> np.uint64(11)) / 2**53, dtype=np.float64)

    def ids(self, positions: Iterable[Any]) -> tuple[Any, ...]:
        """The first row ids, as plain data."""
        index = self.dataset.X.index
        shown = [index[int(i)] for _, i in zip(range(SHOWN_ROWS), positions, strict=False)]
        return tuple(i.item() if isinstance(i, np.generic) else i for i in shown)

    def indicators(self) -> Floats:
        """(n, k): the target as numbers: itself, or a column for each of the 20 largest classes."""
        if self.dataset.task == "multiclass":
            classes, sizes = np.unique(self.y[np.isfinite(self.y)], return_counts=True)
            largest = classes[np.argsort(-sizes, kind="stable")[:MOST_CLASSES]]
            return np.asarray(self.y[:, None] == largest, dtype=np.float64)
        return self.y[:, None]


def _numbers(series: pd.Series) -> Floats:
    if series.dtype.kind in "iufb":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    if series.dtype.kind in "Mm":
        if getattr(series.dtype, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        values = series.to_numpy().astype("datetime64[ns]" if series.dtype.kind == "M" else "timedelta64[ns]")
        return np.where(np.isnat(values), np.nan, values.view(np.int64).astype(np.float64))
    # By their text: labels of mixed types cannot be sorted otherwise.
    codes, _labels = pd.factorize(series.astype("object").map(str, na_action="ignore"), sort=True)
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
