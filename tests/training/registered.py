"""A small registered split, as the tests of the ledger need it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Engine

from trainer_tui.training.database.registration import Assignment, register

SPLIT = "3f" * 32
OTHER = "a7" * 32

ASSIGNMENTS: list[Assignment] = [
    ("row", "r1", "train"),
    ("row", "r2", "test"),
    ("group", "anna", "train"),
    ("group", "bert", "test"),
]


def about(split_id: str = SPLIT, **changes: Any) -> dict[str, Any]:
    """A row of the registry, without what is counted."""
    return {
        "split_id": split_id,
        "dataset": "cancer",
        "fingerprint": "f" * 64,
        "target": "y",
        "strategy": "group",
        "seed": 0,
        "train_ratio": 0.60,
        "validation_ratio": 0.20,
        "test_ratio": 0.15,
        "holdout_ratio": 0.05,
        "train_rows": 60,
        "validation_rows": 20,
        "test_rows": 15,
        "holdout_rows": 5,
        "registered_at": "2026-01-25T14:00:00.000Z",
        "registered_by": "ada@gpu01",
        **changes,
    }


def registered(engine: Engine, split_id: str = SPLIT, **changes: Any) -> Engine:
    """The same engine, with a split in it."""
    assert register(engine, about(split_id, **changes), ASSIGNMENTS)
    return engine
