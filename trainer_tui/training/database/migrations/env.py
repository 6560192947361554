"""What Alembic runs: in the transaction, and under the lock, of whoever opens the database."""

from alembic import context

from trainer_tui.training.database.revisions import VERSION_TABLE
from trainer_tui.training.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
