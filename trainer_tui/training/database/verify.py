"""Whether the database still refuses what it should, and whether anybody went around it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, create_engine, inspect, null, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from trainer_tui.runs.index_tables import ml_training_runs
from trainer_tui.training.database.entries import evaluations
from trainer_tui.training.database.errors import unreachable
from trainer_tui.training.database.ledger import metrics_digest
from trainer_tui.training.database.opening import upgrade
from trainer_tui.training.database.rules import RULES
from trainer_tui.training.database.tables import GUARDED, ml_preprocessing_metadata, ml_split_evaluations
from trainer_tui.training.database.triggers import PREFIX, postgresql_body, postgresql_trigger

_TABLES = (*(table.name for table in GUARDED), ml_preprocessing_metadata.name)


def verify(engine: Engine) -> list[str]:
    """What is not as it was made, one sentence each; empty when all is well.

    Raises DatabaseError when the database cannot be reached.
    """
    try:
        with engine.connect() as connection:
            differ = _sqlite if engine.dialect.name == "sqlite" else _postgresql
            wrong = list(differ(connection))
            ledger = inspect(connection).has_table(ml_split_evaluations.name)
            return [*wrong, *(_around_the_ledger(connection) if ledger else ())]
    except SQLAlchemyError as error:
        raise unreachable(engine, error, "The rules of the ledger cannot be verified") from error


def _sqlite(connection: Connection) -> Iterator[str]:
    """Every table, index and trigger is held against those of a new database."""
    ours, fresh = _schema(connection), _fresh()
    for key, made in fresh.items():
        kind, name = key
        if key not in ours:
            yield f"The {kind} {name} is missing: somebody dropped it."
        elif ours[key] != made:
            yield f"The {kind} {name} was changed."
    for kind, name in ours.keys() - fresh.keys():
        if kind == "trigger":
            yield f"The trigger {name} is not ours: it may do anything with what is written."


_MADE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
_Schema = dict[tuple[str, str], str]


def _schema(connection: Connection) -> _Schema:
    found = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
    )
    return {(kind, name): sql for kind, name, table, sql in found if table in _TABLES}


def _fresh() -> _Schema:
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            upgrade(connection, "head")
            return _schema(connection)
    finally:
        engine.dispose()


_TRIGGERS = """
SELECT t.tgname, c.relname, t.tgenabled = 'A', pg_get_triggerdef(t.oid, true), p.prosrc,
       p.proconfig = ARRAY['search_path=' || quote_ident(current_schema()) || ', pg_temp']
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
"""
_CONSTRAINTS = """
SELECT conname FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace AND convalidated
"""
_INDEXES = """
SELECT c.relname, i.indisunique AND i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace
"""


def _postgresql(connection: Connection) -> Iterator[str]:
    """Each trigger fires always and has its body; each constraint and index is there and valid."""
    triggers = {row[0]: tuple(row[1:]) for row in connection.execute(text(_TRIGGERS)) if row[1] in _TABLES}
    for rule in RULES:
        found = triggers.pop(PREFIX + rule.name, None)
        if found is None:
            yield f"The trigger {PREFIX}{rule.name} is missing: somebody dropped it."
        elif found[2:] != (postgresql_trigger(rule), postgresql_body(rule), True):
            yield f"The trigger {PREFIX}{rule.name} was changed."
        elif not found[1]:
            yield f"The trigger {PREFIX}{rule.name} is switched off."
    for name in triggers:
        yield f"The trigger {name} is not ours: it may do anything with what is written."
    constraints = set(connection.scalars(text(_CONSTRAINTS)))
    indexes = {str(row[0]): bool(row[1]) for row in connection.execute(text(_INDEXES))}
    for table in (*GUARDED, ml_preprocessing_metadata):
        for constraint in table.constraints:
            if constraint.name and str(constraint.name) not in constraints:
                yield f"The constraint {constraint.name} is missing: somebody dropped it."
        for index in table.indexes:
            if str(index.name) not in indexes or (index.unique and not indexes[str(index.name)]):
                yield f"The index {index.name} is missing, or does not hold."


def _around_the_ledger(connection: Connection) -> Iterator[str]:
    """Runs whose test metrics no entry allowed, or are others than the entry says."""
    columns = ml_training_runs.c
    wanted = select(columns.training_run_id, columns.test_metrics).where(columns.test_metrics.is_not(null()))
    entries = evaluations(connection)
    for name, metrics in connection.execute(wanted.order_by(columns.training_run_id)):
        digests = {entry.metrics_digest for entry in entries if entry.training_run_id == name}
        if metrics and not digests:
            yield f"{name} has test metrics, and the ledger has no entry of it."
        elif metrics and not digests & {None, metrics_digest(metrics)}:
            yield f"{name} has other test metrics than those in the ledger."
