"""The splits and the ledger of their evaluations, beside the table of runs that is there or is made.

The index owns `ml_training_runs` and widens it by itself, so this revision calls on it; rows stay as they
are.
"""

from __future__ import annotations

from alembic import op

from trainer_tui.runs import index_tables
from trainer_tui.training.database import tables
from trainer_tui.training.database.triggers import make_triggers

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Make what is missing."""
    bind = op.get_bind()
    index_tables.metadata.create_all(bind)
    index_tables.widen(bind)
    if bind.dialect.name == "postgresql":
        _documents_as_jsonb()
    op.execute("CREATE INDEX IF NOT EXISTS idx_training_experiment ON ml_training_runs (experiment_id)")
    op.execute("CREATE INDEX IF NOT EXISTS idx_training_status ON ml_training_runs (status)")
    tables.metadata.create_all(bind, checkfirst=False)  # a table of these names is not ours
    make_triggers(bind)


def _documents_as_jsonb() -> None:
    """The index used to keep documents as JSON, which PostgreSQL cannot search."""
    kept_as_text = op.get_bind().exec_driver_sql(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name = 'ml_training_runs' AND data_type = 'json'"
    )
    for name in [row[0] for row in kept_as_text]:
        op.execute(f"ALTER TABLE ml_training_runs ALTER COLUMN {name} TYPE JSONB USING {name}::jsonb")
