"""Which revisions of the schema there are, known without loading Alembic."""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

VERSION_TABLE = "ml_schema_version"
"""Not Alembic's own name: MLflow and Optuna keep theirs in the same database."""

REVISIONS = ("r0001",)
"""Oldest first; the last one is what this program works with."""


def current(connection: Connection) -> str:
    """The revision of a database; empty for one that no migration has seen."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    return connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) or ""
