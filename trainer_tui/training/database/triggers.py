"""The rules as SQL: one trigger each, in the dialect of the database."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from trainer_tui.training.database.rules import RULES, Rule

PREFIX = "tt_"
"""Of the names of triggers and functions."""


def sqlite_trigger(rule: Rule) -> str:
    """`CREATE TRIGGER …`, as `sqlite_master` keeps it."""
    when = f" WHEN {rule.when}" if rule.when else ""
    return (
        f"CREATE TRIGGER {PREFIX}{rule.name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW{when} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.message}'); END"
    )


def postgresql_body(rule: Rule) -> str:
    """The body of the function behind a trigger, as `pg_proc.prosrc` keeps it."""
    back = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(rule.event, "NEW")
    lock = f"{rule.lock}; " if rule.lock else ""
    return (
        f"BEGIN {lock}IF {rule.when or 'TRUE'} THEN "
        f"RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = '{rule.message}'; "
        f"END IF; RETURN {back}; END"
    )


def postgresql_trigger(rule: Rule) -> str:
    """`CREATE TRIGGER …`, as `pg_get_triggerdef` tells it."""
    name = f"{PREFIX}{rule.name}"
    each = "STATEMENT" if rule.event == "TRUNCATE" else "ROW"
    return (
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH {each} EXECUTE FUNCTION {name}()"
    )


def postgresql_statements(rule: Rule, schema: str) -> list[str]:
    """Function and trigger; no temporary table deceives it, no replication mode skips it."""
    name = f"{PREFIX}{rule.name}"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = {schema}, pg_temp AS $rule${postgresql_body(rule)}$rule$",
        postgresql_trigger(rule),
        f"ALTER TABLE {rule.table} ENABLE ALWAYS TRIGGER {name}",
    ]


def applies(rule: Rule, dialect: str) -> bool:
    """Whether a database knows such an event: SQLite has no TRUNCATE."""
    return dialect == "postgresql" or rule.event != "TRUNCATE"


def make_triggers(connection: Connection) -> None:
    """Make every trigger, in the transaction of the caller."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        for rule in RULES:
            if applies(rule, dialect):
                connection.exec_driver_sql(sqlite_trigger(rule))
        return
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for rule in RULES:
        for statement in postgresql_statements(rule, schema):
            connection.exec_driver_sql(statement.replace("%", "%%"))  # psycopg looks for placeholders
