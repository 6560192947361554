"""The ledger of a split beside its table: `output/splits/ID.ledger`, so that it outlives the database.

The run index may be made anew from the run folders at any time; a ledger that went with it would open every
test part again. Whatever the file knows and the database does not is put in, and the other way round.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trainer_tui.runs.files import locked, read_json, replace_json
from trainer_tui.runs.index_tables import writing
from trainer_tui.training.database.entries import Evaluation, Grant, evaluations, grants
from trainer_tui.training.database.errors import DatabaseError, unreachable
from trainer_tui.training.database.tables import ml_split_evaluations, ml_split_grants

SUFFIX = ".ledger"
"""Not `.json`: those are the splits themselves."""
_NAME_LENGTH = 16

_T = TypeVar("_T", Evaluation, Grant)


def path_of(folder: Path, split_id: str) -> Path:
    """Where the ledger of a split is kept, beside the files of `splits.store`."""
    return folder / f"{split_id[:_NAME_LENGTH]}{SUFFIX}"


def keep(engine: Engine, folder: Path, split_id: str) -> None:
    """Bring file and database to the same state; the split is registered. Call it after whatever changes
    the ledger.

    Raises DatabaseError when either cannot be read or written.
    """
    path = path_of(folder, split_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f"{path.name}.lock")):
            _restore(engine, path, split_id)
            document = _document(engine, split_id)
            if document != read_json(path):
                replace_json(path, document)
    except OSError as error:
        raise DatabaseError(f"The ledger cannot be kept in {path}: {error.strerror or error}.") from error
    except SQLAlchemyError as error:
        raise unreachable(engine, error, f"The ledger of split {split_id[:16]} cannot be kept") from error


def _document(engine: Engine, split_id: str) -> dict[str, Any]:
    with engine.connect() as connection:
        entries = evaluations(connection, ml_split_evaluations.c.split_id == split_id)
        unlocks = grants(connection, ml_split_grants.c.split_id == split_id)
    return {
        "split_id": split_id,
        "evaluations": [entry.to_dict() for entry in entries],
        "grants": [grant.to_dict() for grant in unlocks],
    }


def _restore(engine: Engine, path: Path, split_id: str) -> None:
    kept = read_json(path) or {}
    for grant in _read(Grant, kept.get("grants"), split_id):
        with suppress(IntegrityError), writing(engine) as connection:  # refused: it is there
            connection.execute(insert(ml_split_grants).values(grant.to_dict()))
    for entry in _read(Evaluation, kept.get("evaluations"), split_id):
        _put(engine, entry)


def _put(engine: Engine, entry: Evaluation) -> None:
    """Write an entry as it came about, opened and then recorded, as far as it is not there."""
    table = ml_split_evaluations
    values = entry.to_dict()
    begun = values | {"state": "opened", "openings": 1, "recorded_at": None, "metrics_digest": None}
    with suppress(IntegrityError), writing(engine) as connection:
        connection.execute(insert(table).values(begun))
    if entry.state == "recorded":
        end = {name: values[name] for name in ("state", "recorded_at", "metrics_digest")}
        with suppress(IntegrityError), writing(engine) as connection:
            connection.execute(
                update(table)
                .where(table.c.evaluation_id == entry.evaluation_id, table.c.state == "opened")
                .values(end)
            )


def _read(kind: type[_T], rows: Any, split_id: str) -> list[_T]:
    """What a file holds of a kind; what does not look like it is passed over."""
    names = {f.name for f in fields(kind)}
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("split_id") == split_id:
            with suppress(TypeError):
                found.append(kind(**{name: value for name, value in row.items() if name in names}))
    return found
