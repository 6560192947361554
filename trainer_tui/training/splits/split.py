"""A split: each row id in exactly one of four parts, or in none (the gap of a split by time)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Part = Literal["train", "validation", "test", "holdout"]
Strategy = Literal["random", "stratified", "group", "time", "group-time"]

PARTS: tuple[Part, ...] = ("train", "validation", "test", "holdout")
RATIOS: dict[Part, float] = {"train": 0.60, "validation": 0.20, "test": 0.15, "holdout": 0.05}
TOLERANCE = 0.02
"""How far the share of a part may be from its ratio: that of the document."""
NO_PART = -1
"""The code of a row that is in no part."""


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of n rows."""

    ids: pd.Index
    """(n,): the row ids, as in the dataset."""
    codes: npt.NDArray[np.int8]
    """(n,): index into `PARTS`, or `NO_PART`."""
    strategy: Strategy
    seed: int
    group: str = ""
    time: str = ""
    gap: str = ""
    """What lies between two parts of a split by time, e.g. `7d`."""
    split_id: str = ""
    """SHA-256 over everything above, the fingerprint of the data and its target; in any order of the rows."""

    def positions(self, part: Part) -> npt.NDArray[np.intp]:
        """Positions of its rows, ascending."""
        import numpy as np

        return np.flatnonzero(self.codes == PARTS.index(part))

    def counts(self) -> dict[Part, int]:
        """Rows of each part."""
        return {part: int((self.codes == code).sum()) for code, part in enumerate(PARTS)}
