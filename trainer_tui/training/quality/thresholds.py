"""From where on the quality check speaks. A part is one of train, validation, test and holdout (60/20/15/5
%)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares are of the rows, 0 … 1, unless something else is said."""

    fewest_rows: int = 40
    """Critical below: the holdout, 5 %, has fewer than two rows."""
    few_rows: int = 100
    """Warning below: the holdout has fewer than five rows."""
    features_to_rows: float = 1.0
    """Warning above: features for each row."""
    duplicates_warning: float = 0.01
    duplicates_critical: float = 0.5
    """Rows that repeat an earlier row, target included."""
    missing_target_critical: float = 0.5
    missing_column_info: float = 0.0
    missing_column_warning: float = 0.4
    missing_cells_critical: float = 0.6
    """Missing values among all values of all features."""
    tail_widths: float = 5.0
    """A value is an outlier that many times the distance from the median to the 1st or 99th percentile beyond
    it."""
    outlier_distinct: int = 20
    """Columns with fewer different values are scales and counts, not measurements."""
    placeholder_repeats: int = 3
    """A value such as −999 that often, alone at the end of a column, stands for a missing one."""
    class_rows_critical: int = 4
    """A class with fewer rows cannot be in four parts."""
    class_rows_warning: int = 20
    """A class with fewer rows has less than one in the holdout on average."""
    minority_warning: float = 0.05
    classes_warning: int = 100
    groups_critical: int = 4
    """Fewer groups cannot fill four parts."""
    groups_warning: int = 20
    largest_group_critical: float = 0.62
    """A larger group fits into no part, even with the tolerance of 2 %."""
    largest_group_warning: float = 0.20
    times_critical: int = 4
    """Fewer different times cannot be cut into four parts."""


DEFAULT = Thresholds()

PLACEHOLDERS: tuple[float, ...] = (
    -1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, -32768.0,
    99.0, 999.0, 9999.0, 99999.0, 999999.0, 32767.0,
)  # fmt: skip
"""Numbers that stand for a missing value in many instruments and surveys."""
