"""A SELECT on a database by SQLAlchemy URL. Only reads: the database itself is told to refuse anything else.

Source: SQLAlchemy, "Engine Configuration"; SQLite, "URI filenames" (mode=ro) and "PRAGMA query_only".
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from trainer_tui.training.data import secrets
from trainer_tui.training.data.columnar import first_line
from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

ROWS_AT_ONCE = 20_000

READ_ONLY: dict[str, str] = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
}
"""What tells a database that this connection only reads; elsewhere the words of the query and a rollback must
do."""

_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_READS = re.compile(r"^\s*\(*\s*(select|with|values|table)\b", re.IGNORECASE)
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|drop|alter|create|truncate|grant|attach|copy|into)\b", re.IGNORECASE
)


def read(url: str, query: str, cwd: Path) -> Raw:
    """The rows of one SELECT. Raises DataSourceError, never with the URL's secrets."""
    from sqlalchemy.exc import SQLAlchemyError

    place = secrets.public(url)
    # An error of a driver can quote the address: its chain ends here (`from None`).
    try:
        engine = _engine(url, cwd)
        statement = _checked(query, place, engine.dialect.name in READ_ONLY)
        with _reading(engine) as connection:
            table = _table(connection, statement)
    except SQLAlchemyError as error:
        text = first_line(getattr(error, "orig", None) or error)
        raise DataSourceError(f"The query on {place} failed: {secrets.scrubbed(text, url)}.") from None
    except ImportError as error:
        raise DataSourceError(
            f"{place} needs the database driver {error.name}: pip install {error.name}."
        ) from None
    if not table.num_columns:
        raise DataSourceError(f"The query on {place} returns no columns: give a SELECT.")
    return Raw(table, (engine.url.database and Path(engine.url.database).stem) or "query", place)


def _checked(query: str, place: str, refused_there: bool) -> str:
    statement = query.strip().rstrip(";").strip()
    if not statement:
        raise DataSourceError(f"{place} needs a SELECT: give it as the query.")
    bare = _QUOTED.sub("''", _COMMENTS.sub(" ", statement))
    if ";" in bare:
        raise DataSourceError(f"The query on {place} has more than one statement: give a single SELECT.")
    if not _READS.match(bare) or (not refused_there and _WRITES.search(bare)):
        raise DataSourceError(f"The query on {place} may only read: give a SELECT (or WITH … SELECT).")
    return statement


def _engine(url: str, cwd: Path) -> Engine:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    parsed = make_url(url)
    file = parsed.database
    if parsed.get_backend_name() == "sqlite" and file and file != ":memory:" and not file.startswith("file:"):
        path = Path(file) if Path(file).is_absolute() else cwd / file
        if not path.is_file():  # SQLite would make an empty database
            raise DataSourceError(f"There is no database file {path}: correct the URL.")
        # mode=ro cannot be used on a write-ahead database without its side files; query_only always can
        parsed = parsed.set(database=str(path))
    return create_engine(parsed, poolclass=NullPool, hide_parameters=True)


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        command = READ_ONLY.get(engine.dialect.name)
        if command:
            connection.exec_driver_sql(command)
        try:
            yield connection
        finally:
            connection.rollback()


def _table(connection: Connection, statement: str) -> pa.Table:
    # Neither a colon nor a percent sign in the user's SQL is a parameter of ours.
    streamed = connection.execution_options(
        stream_results=True, max_row_buffer=ROWS_AT_ONCE, no_parameters=True
    )
    result = streamed.exec_driver_sql(statement)
    names = list(result.keys())
    parts: list[list[pa.Array]] = [[] for _ in names]
    for rows in result.partitions(ROWS_AT_ONCE):
        for part, values in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(_array(values))
    return pa.Table.from_arrays([_together(part) for part in parts], names=names)


def _array(values: Sequence[Any]) -> pa.Array:
    plain = [float(v) if isinstance(v, decimal.Decimal) and v % 1 else v for v in values]
    plain = [int(v) if isinstance(v, decimal.Decimal) else v for v in plain]
    try:
        return pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if v is None else str(v) for v in plain], pa.string())


def _together(parts: list[pa.Array]) -> pa.ChunkedArray:
    types = {part.type for part in parts if not pa.types.is_null(part.type)}
    if len(types) <= 1:
        kind = next(iter(types), pa.null())
    elif all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in types):
        kind = pa.float64()
    else:
        kind = pa.string()
    return pa.chunked_array([part.cast(kind) for part in parts], type=kind)
