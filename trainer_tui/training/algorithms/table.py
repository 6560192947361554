"""All algorithms by name. Costs and limits of rows are orders of magnitude on one core."""

from __future__ import annotations

from trainer_tui.training.algorithms.algorithm import Algorithm
from trainer_tui.training.algorithms.table_deep import TREES
from trainer_tui.training.algorithms.table_smooth import SMOOTH

TABLE: dict[str, Algorithm] = {row.name: row for row in (*SMOOTH, *TREES)}
