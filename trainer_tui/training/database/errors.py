"""What can go wrong with the database itself; each text is one sentence for a user."""

from __future__ import annotations

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from trainer_tui.runs.secrets import masked_text
from trainer_tui.training.errors import ModelTrainerError, SplitLockedError


class DatabaseError(ModelTrainerError):
    """The database cannot be reached, read or brought up to date."""


class DatabaseVersionError(DatabaseError):
    """A newer version of the program made it."""


class LedgerUnreachableError(SplitLockedError):
    """Nobody can say whether the part was evaluated before, so it stays closed."""


def cause(error: BaseException) -> str:
    """Why, in the words of the database: one line, without secrets."""
    origin = getattr(error, "orig", None) or error
    lines = str(origin).strip().splitlines()
    return masked_text(lines[0] if lines else type(origin).__name__)


def place(engine: Engine) -> str:
    """Where a database is, without its password."""
    return engine.url.render_as_string(hide_password=True)


def unreachable(engine: Engine, error: SQLAlchemyError, what: str) -> DatabaseError:
    """The sentence for a database that refused something for no reason of ours."""
    return DatabaseError(f"{what}: the database {place(engine)} says: {cause(error)}.")
