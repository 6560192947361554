"""The pipeline's tables beside `ml_training_runs`: splits, ledger of evaluations, what was recorded.

The columns follow the document (seed 002) and the schema of the registry that it imports
(`ml_split_registry`). These are the tables as revision r0001 makes them: whoever changes one adds a
revision, and gives r0001 a copy of its own.

**Assignments.** `split_id` is a SHA-256 over the part of every row, so a registered split is fixed by its
id alone. The parts themselves stand in `ml_split_assignments` as long as there are at most `ROWS_KEPT` of
them, rows and groups apart; of a larger split only `output/splits/` has them: a million rows would be most
of the database, and its file says with the id whether it is the one that was registered. Either way a
member is in one part: (split, kind, member) is the key.

**No reference to `ml_training_runs`.** The row of a run is written by other processes, now and then later
than what is recorded here, and goes with its folder; the ledger outlives both.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from trainer_tui.runs.index_tables import document

metadata = MetaData()

ROWS_KEPT = 50_000
"""Members of one kind, rows or groups, whose parts are kept in the database."""

_TOTAL = "(train_rows + validation_rows + test_rows + holdout_rows)"
RATIOS_ADD_UP = "ABS(train_ratio + validation_ratio + test_ratio + holdout_ratio - 1) < 0.000001"
SHARES_FIT = " AND ".join(
    [f"{_TOTAL} > 0"]
    + [
        f"ABS({part}_rows - {part}_ratio * {_TOTAL}) <= 0.02000001 * {_TOTAL}"
        for part in ("train", "validation", "test", "holdout")
    ]
)
"""Within 2 % of all rows, as in the document."""

ml_split_registry = Table(
    "ml_split_registry",
    metadata,
    Column("split_id", String(64), primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("target", Text, nullable=False),
    Column("strategy", String(32), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("group_column", Text, nullable=False, server_default=""),
    Column("time_column", Text, nullable=False, server_default=""),
    Column("gap", Text, nullable=False, server_default=""),
    *(Column(f"{p}_ratio", Float, nullable=False) for p in ("train", "validation", "test", "holdout")),
    *(Column(f"{p}_rows", Integer, nullable=False) for p in ("train", "validation", "test", "holdout")),
    Column("rows_kept", Integer, nullable=False),
    Column("groups_kept", Integer, nullable=False),
    Column("assignments_uri", Text),
    Column("registered_at", String(32), nullable=False),
    Column("registered_by", String(255), nullable=False),
    CheckConstraint(RATIOS_ADD_UP, name="ck_split_registry_ratios"),
    CheckConstraint(SHARES_FIT, name="ck_split_registry_shares"),
    CheckConstraint(
        "strategy IN ('random', 'stratified', 'group', 'time', 'group-time')",
        name="ck_split_registry_strategy",
    ),
    Index("idx_split_registry_data", "fingerprint", "target", "strategy"),
    sqlite_with_rowid=False,
)

ml_split_assignments = Table(
    "ml_split_assignments",
    metadata,
    Column(
        "split_id",
        String(64),
        ForeignKey("ml_split_registry.split_id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Column("kind", String(8), primary_key=True),
    Column("member", String(255), primary_key=True),
    Column("part", String(16), nullable=False),
    CheckConstraint("kind IN ('row', 'group')", name="ck_split_assignments_kind"),
    CheckConstraint("part IN ('train', 'validation', 'test', 'holdout')", name="ck_split_assignments_part"),
    sqlite_with_rowid=False,
)
"""`member`: a row id or a group, as text; a long one by its SHA-256. Rows in no part are absent."""

ml_split_grants = Table(
    "ml_split_grants",
    metadata,
    Column("grant_id", String(64), primary_key=True),
    Column("split_id", String(64), ForeignKey("ml_split_registry.split_id"), nullable=False),
    Column("part", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted_by", String(255), nullable=False),
    Column("granted_at", String(32), nullable=False),
    UniqueConstraint("grant_id", "split_id", "part", name="uq_split_grants_part"),
    CheckConstraint("part IN ('test', 'holdout')", name="ck_split_grants_part"),
    CheckConstraint("LENGTH(TRIM(reason)) > 0", name="ck_split_grants_reason"),
    sqlite_with_rowid=False,
)
"""Explicit unlocks: each allows exactly one evaluation more."""

ml_split_evaluations = Table(
    "ml_split_evaluations",
    metadata,
    Column("evaluation_id", String(64), primary_key=True),
    Column("split_id", String(64), ForeignKey("ml_split_registry.split_id"), nullable=False),
    Column("part", String(16), nullable=False),
    Column("grant_id", String(64)),
    Column("training_run_id", String(255), nullable=False),
    Column("model_digest", String(64), nullable=False, server_default=""),
    Column("purpose", Text, nullable=False),
    Column("state", String(16), nullable=False, server_default="opened"),
    Column("openings", Integer, nullable=False, server_default="1"),
    Column("opened_at", String(32), nullable=False),
    Column("opened_by", String(255), nullable=False),
    Column("recorded_at", String(32)),
    Column("metrics_digest", String(64)),
    ForeignKeyConstraint(
        ["grant_id", "split_id", "part"],
        ["ml_split_grants.grant_id", "ml_split_grants.split_id", "ml_split_grants.part"],
        name="fk_split_evaluations_grant",
    ),
    UniqueConstraint("grant_id", name="uq_split_evaluations_grant"),
    CheckConstraint("part IN ('test', 'holdout')", name="ck_split_evaluations_part"),
    CheckConstraint("part = 'test' OR grant_id IS NOT NULL", name="ck_split_evaluations_locked"),
    CheckConstraint(
        "(state = 'opened' AND metrics_digest IS NULL AND recorded_at IS NULL) OR "
        "(state = 'recorded' AND metrics_digest IS NOT NULL AND recorded_at IS NOT NULL)",
        name="ck_split_evaluations_state",
    ),
    CheckConstraint("openings >= 1", name="ck_split_evaluations_openings"),
    Index(
        "uq_split_evaluations_free",
        "split_id",
        "part",
        unique=True,
        sqlite_where=text("grant_id IS NULL"),
        postgresql_where=text("grant_id IS NULL"),
    ),
    Index("idx_split_evaluations_run", "training_run_id"),
    sqlite_with_rowid=False,
)
"""The ledger: who was let at the rows of a test or holdout part, written before they were read."""

GUARDED = (ml_split_registry, ml_split_assignments, ml_split_grants, ml_split_evaluations)
"""What nobody may change once it is written."""

ml_preprocessing_metadata = Table(
    "ml_preprocessing_metadata",
    metadata,
    Column("training_run_id", String(255), primary_key=True),
    Column("split_id", String(64), ForeignKey("ml_split_registry.split_id")),
    Column("computed_on_split", String(16), nullable=False, server_default="train"),
    Column("rows_used", Integer, nullable=False),
    Column("statistics", document(), nullable=False),
    Column("statistics_digest", String(64), nullable=False),
    Column("recorded_at", String(32), nullable=False),
    CheckConstraint("computed_on_split = 'train'", name="train_only"),
)
"""What the preprocessing learned, and that it learned it from train."""

ml_leakage_audit = Table(
    "ml_leakage_audit",
    metadata,
    Column("training_run_id", String(255), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("split_id", String(64), ForeignKey("ml_split_registry.split_id")),
    Column("check_type", String(64), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("details", document(), nullable=False),
    Column("affected_records", Integer, nullable=False),
    Column("accepted_because", Text),
    Column("audited_at", String(32), nullable=False),
    CheckConstraint("severity IN ('critical', 'warning', 'info')", name="ck_leakage_audit_severity"),
)
"""What each leakage check of a training found; a finding that a person accepted has their reason."""
