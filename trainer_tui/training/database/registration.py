"""Registering a split: from then on the database keeps its parts as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trainer_tui.runs.index_tables import writing
from trainer_tui.training.database.errors import DatabaseError, cause, unreachable
from trainer_tui.training.database.moments import now, whoever
from trainer_tui.training.database.tables import ROWS_KEPT, ml_split_assignments, ml_split_registry
from trainer_tui.training.errors import DataLeakageError
from trainer_tui.training.splits.split import NO_PART, PARTS, RATIOS

if TYPE_CHECKING:
    import pandas as pd

    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.splits.split import Split

Assignment = tuple[str, str, str]
"""Kind (`row` or `group`), member, part."""
_LONGEST = 200
_PIECE = 5_000
"""Assignments written at once."""


def register_split(engine: Engine, split: Split, dataset: Dataset, uri: str = "", by: str = "") -> bool:
    """Register a split of these data; True when it was not registered before, and all is well either way.

    uri: where its table of rows is kept. Raises DataLeakageError when a group lies in two parts;
    DatabaseError when the database cannot be reached or refuses the split, as one whose parts have not
    their ratios.
    """
    counts = split.counts()
    about = {
        "split_id": split.split_id,
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "target": dataset.target,
        "strategy": split.strategy,
        "seed": split.seed,
        "group_column": split.group,
        "time_column": split.time,
        "gap": split.gap,
        "assignments_uri": uri or None,
        "registered_at": now(),
        "registered_by": by or whoever(),
    }
    about |= {f"{part}_ratio": RATIOS[part] for part in PARTS}
    about |= {f"{part}_rows": counts[part] for part in PARTS}
    return register(engine, about, [*_rows(split), *_groups(split, dataset)])


def register(engine: Engine, about: dict[str, Any], assignments: list[Assignment]) -> bool:
    """Write a row of the registry (column → value) with its assignments; see `register_split`."""
    split_id = about["split_id"]
    kept = {f"{kind}s_kept": sum(a[0] == kind for a in assignments) for kind in ("row", "group")}
    table = ml_split_assignments
    try:
        with writing(engine) as connection:
            if _is_registered(connection, split_id):
                return False
            # What somebody left under this id without registering it belongs to nothing.
            connection.execute(delete(table).where(table.c.split_id == split_id))
            for piece in _pieces(split_id, assignments):
                connection.execute(insert(table), piece)
            connection.execute(insert(ml_split_registry).values(about | kept))
    except IntegrityError as error:
        with engine.connect() as connection:
            if _is_registered(connection, split_id):
                return False  # by somebody else, in the same moment
        raise DatabaseError(f"Split {split_id[:16]} was not registered: {cause(error)}.") from error
    except SQLAlchemyError as error:
        raise unreachable(engine, error, f"Split {split_id[:16]} was not registered") from error
    return True


def _is_registered(connection: Connection, split_id: str) -> bool:
    key = ml_split_registry.c.split_id
    return connection.scalar(select(key).where(key == split_id)) is not None


def _pieces(split_id: str, assignments: list[Assignment]) -> Iterator[list[dict[str, str]]]:
    for start in range(0, len(assignments), _PIECE):
        yield [
            {"split_id": split_id, "kind": kind, "member": member, "part": part}
            for kind, member, part in assignments[start : start + _PIECE]
        ]


def _rows(split: Split) -> list[Assignment]:
    """The part of each row; none for a split too large to be kept here."""
    taken = (split.codes != NO_PART).nonzero()[0]
    if len(taken) > ROWS_KEPT:
        return []
    return [("row", _member(split.ids[i]), PARTS[split.codes[i]]) for i in taken]


def _groups(split: Split, dataset: Dataset) -> list[Assignment]:
    """The part of each group, where the split is one by groups."""
    if dataset.groups is None or not split.group:
        return []
    pairs = _pairs(split, dataset.groups)
    twice = pairs["group"][pairs["group"].duplicated()]
    if len(twice):
        named = ", ".join(str(group) for group in twice[:5])
        raise DataLeakageError(
            f"{len(twice)} groups of {split.group} are in two parts of the split, as {named}: "
            "make the split anew."
        )
    if len(pairs) > ROWS_KEPT:
        return []
    found = zip(pairs["group"].tolist(), pairs["code"].tolist(), strict=True)
    return [("group", _member(group), PARTS[code]) for group, code in found]


def _pairs(split: Split, groups: pd.Series) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame({"group": groups.to_numpy(), "code": split.codes})
    return table[table["code"] != NO_PART].dropna().drop_duplicates()


def _member(value: Any) -> str:
    """An id as text that every database takes: one that is long, or holds a NUL, by its SHA-256."""
    text = str(value)
    if len(text) <= _LONGEST and "\0" not in text:
        return text.encode(errors="replace").decode()
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
