"""Opening the database of the pipeline: made, or brought up to date, before anybody works with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trainer_tui.runs.index_rows import default_url as default_url
from trainer_tui.runs.index_tables import connect, writing
from trainer_tui.runs.secrets import masked_text
from trainer_tui.training.database.errors import (
    DatabaseError,
    DatabaseVersionError,
    cause,
    place,
    unreachable,
)
from trainer_tui.training.database.revisions import REVISIONS, current

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_002_001
"""Of PostgreSQL's advisory locks: held by whoever migrates."""
_TRIES = 3
DIALECTS = ("sqlite", "postgresql")


def open_database(url: str) -> Engine:
    """An engine for the database at a SQLAlchemy URL, its schema the newest.

    An empty database gets all tables, one with the index alone keeps its rows, an older one is brought up
    to date; of two processes that do so at once one waits. A new SQLite file follows the umask. Raises
    DatabaseVersionError for a database of a newer program, which stays as it is; DatabaseError for one that
    cannot be reached or is of another kind than SQLite and PostgreSQL.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            behind = _is_behind(connection)
        if behind:
            _bring_up_to_date(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise unreachable(engine, error, "The splits and evaluations cannot be opened") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(url: str) -> Engine:
    try:
        engine = connect(url)
    except (SQLAlchemyError, ImportError) as error:
        raise DatabaseError(
            f"The database {masked_text(url)} cannot be used ({cause(error)}): give a URL as in "
            '"sqlite:///output/runs.db" or "postgresql+psycopg://user@host/name" (extra `postgres`).'
        ) from error
    if engine.dialect.name not in DIALECTS:
        raise DatabaseError(
            f"{place(engine)} is a database of the kind {engine.dialect.name}: the ledger needs "
            "triggers that are written for SQLite and PostgreSQL, so give a URL of one of these."
        )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _keep_references)
        return engine
    return engine.execution_options(isolation_level="READ COMMITTED")  # whatever the server's default is


def _keep_references(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def _is_behind(connection: Connection) -> bool:
    found = current(connection)
    if found and found not in REVISIONS:
        raise DatabaseVersionError(
            f"The database {place(connection.engine)} was made by a newer trainer-tui (revision {found}; "
            f"this one knows up to {REVISIONS[-1]}): update trainer-tui, or give another database. "
            "Nothing was changed."
        )
    return found != REVISIONS[-1]


def _bring_up_to_date(engine: Engine) -> None:
    for left in reversed(range(_TRIES)):
        try:
            with writing(engine) as connection:
                if engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                if _is_behind(connection):
                    upgrade(connection, "head")
            return
        except DBAPIError:
            if not left:  # the index makes its tables whenever a run begins, without our lock
                raise


def upgrade(connection: Connection, revision: str) -> None:
    """Take the steps to a revision, in the transaction of the caller."""
    try:
        from alembic import command
        from alembic.config import Config
    except ImportError:
        raise DatabaseError(
            "The database cannot be brought up to date, for Alembic is not installed: "
            "`pip install 'trainer-tui[sklearn]'` has it."
        ) from None
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
