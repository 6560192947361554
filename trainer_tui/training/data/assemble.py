"""From a table as read to a `Dataset`: forms, roles, target, features, row ids, fingerprint."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from trainer_tui.training.data import cells as reading
from trainer_tui.training.data.cells import Cells
from trainer_tui.training.data.features import Use, use_of
from trainer_tui.training.data.fingerprint import fingerprint
from trainer_tui.training.data.raw import Raw
from trainer_tui.training.data.roles import Roles, roles
from trainer_tui.training.data.targets import target
from trainer_tui.training.dataset import Column, Dataset, Kind
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import SHOWN_ROWS, Finding, brief, counted

if TYPE_CHECKING:
    from trainer_tui.training.spec import TrainSpec

SHOWN_REASONS = 5

_KINDS: dict[str, Kind] = {
    "number": "numeric",
    "boolean": "boolean",
    "moment": "datetime",
    "text": "categorical",
}


def dataset(raw: Raw, spec: TrainSpec) -> Dataset:
    """Raises DataSourceError: no rows, names twice, no target, row ids twice, no feature left."""
    columns = _columns(raw, spec)
    found = roles(columns, raw, spec)
    ids = _ids(columns, found, raw)
    order = None if ids is None else np.asarray(ids.argsort(), dtype=np.intp)
    mark = fingerprint(columns.values(), order)
    index = pd.RangeIndex(len(next(iter(columns.values())).values)) if ids is None else ids
    uses = {name: _use(column, found, raw, spec) for name, column in columns.items()}
    noticed = [_by_id(finding, index) for column in columns.values() for finding in column.noticed]
    described = {name: _column(column, uses[name]) for name, column in columns.items()}

    y_cells = columns[found.target]
    keep = ~_missing(y_cells)
    if not keep.any():
        raise DataSourceError(
            f"The target {found.target} of {raw.source} has no value at all: name another column."
        )
    if not keep.all():
        noticed.append(_without_target(found.target, index, keep))
        index = index[keep]
        for name in list(columns):
            columns[name] = _taken(columns[name], keep)
            if name != found.target:
                described[name] = _column(columns[name], uses[name])
    y = target(
        columns[found.target],
        spec,
        raw.labels if found.target == raw.target or not raw.target else (),
        found.target_why,
    )
    described[found.target] = replace(
        described[found.target],
        kind="numeric" if y.task == "regression" else "categorical",
        why=_role("the target", y.why),
    )
    groups = _groups(columns[found.group], index) if found.group else None
    times = pd.Series(columns[found.time].values, index=index, name=found.time) if found.time else None
    X = _features(columns, uses, index, raw)
    return Dataset(
        name=spec.name or raw.name,
        X=X,
        y=pd.Series(y.y, index=index, name=found.target),
        task=y.task,
        columns=tuple(described.values()),
        target=found.target,
        classes=y.classes,
        groups=groups,
        times=times,
        unit=spec.unit,
        source=raw.source,
        fingerprint=mark,
        noticed=(*raw.noticed, *noticed),
    )


def _columns(raw: Raw, spec: TrainSpec) -> dict[str, Cells]:
    """Every column in its form; the table gives each away as it is read, so that memory holds the data
    once."""
    table, raw.table = raw.table, pa.table({})
    if twice := [name for name, count in Counter(table.column_names).items() if count > 1]:
        raise DataSourceError(
            f"In {raw.source} several columns have the same name: {', '.join(twice[:5])}; rename them, so "
            "that each is unique."
        )
    if not table.num_rows:
        raise DataSourceError(f"{raw.source} has no row: nothing can be learned from it.")
    columns: dict[str, Cells] = {}
    for name in table.column_names:
        arrow = table[name]
        table = table.drop_columns([name])
        try:
            columns[name] = reading.cells(name, arrow, raw.decimal_comma)
        except DataSourceError:
            if name not in spec.drop:
                raise
            columns[name] = Cells(name, "empty", np.full(len(arrow), np.nan), arrow.null_count, 0)
    return columns


def _ids(columns: dict[str, Cells], found: Roles, raw: Raw) -> pd.Index | None:
    """The declared row ids. Raises DataSourceError where they are missing or not unique."""
    if not found.row_id:
        return None
    column = columns[found.row_id]
    if column.missing:
        raise DataSourceError(
            f"The row id {found.row_id} of {raw.source} is missing in {counted(column.missing)}: fill it "
            "in, or leave it out."
        )
    ids = pd.Index(_names(column), name=found.row_id)
    if not ids.is_unique:
        again = ids[ids.duplicated()].unique()
        examples = ", ".join(brief(value) for value in again[:3])
        raise DataSourceError(
            f"The row id {found.row_id} of {raw.source} is not unique ({examples}): {len(again)} ids stand "
            "for several rows; name another column, or leave it out."
        )
    return ids


def _names(column: Cells) -> Any:
    """Values that name something: whole numbers as int64, text as str, anything else as text."""
    if column.form == "text":
        return column.values.to_pandas()
    if column.whole and not column.missing:
        return column.values.astype(np.int64)
    if column.form == "moment":
        return np.datetime_as_string(column.values).astype(object)
    return column.values


def _groups(column: Cells, index: pd.Index) -> pd.Series:
    groups = pd.Series(np.asarray(_names(column)) if column.form != "text" else _names(column).to_numpy())
    groups.index = index
    return groups.rename(column.name)


def _use(column: Cells, found: Roles, raw: Raw, spec: TrainSpec) -> Use:
    kind = _KINDS.get(column.form, "constant")
    if column.name == found.target:
        return Use(kind, False, "the target")
    if column.name == found.group:
        return Use(kind, False, _role("the groups", found.group_why))
    if column.name == found.time:
        how = "the time" if column.form == "moment" else "the time, as numbers"
        return Use(kind, False, _role(how, found.time_why or column.how))
    if column.name == found.row_id:
        return Use("id", False, "the row ids")
    if column.name in spec.drop:
        return Use(kind, False, "left out on request")
    if column.name in raw.left_out:
        return Use(kind, False, raw.left_out[column.name])
    return use_of(column)


def _role(what: str, why: str) -> str:
    return f"{what}: {why}" if why else what


def _column(column: Cells, use: Use) -> Column:
    return Column(column.name, use.kind, column.missing, column.distinct, use.used, use.why)


def _missing(column: Cells) -> npt.NDArray[np.bool_]:
    if column.form == "text":
        return np.asarray(column.values.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    return np.asarray(np.isnat(column.values) if column.form == "moment" else np.isnan(column.values))


def _taken(column: Cells, keep: npt.NDArray[np.bool_]) -> Cells:
    """The column without the rows that have no target."""
    if column.form == "text":
        values = column.values.filter(pa.array(keep))
        missing, distinct = values.null_count, len(values.drop_null().unique())
    else:
        values = column.values[keep]
        missing = int(np.isnan(values).sum() if column.form != "moment" else np.isnat(values).sum())
        distinct = reading.distinct_of(values)
    return replace(column, values=values, missing=missing, distinct=distinct)


def _without_target(name: str, index: pd.Index, keep: npt.NDArray[np.bool_]) -> Finding:
    rows = index[~keep]
    message = f"The target {name} has no value in {counted(len(rows))}, left out of everything that follows."
    details = {"share": len(rows) / len(index)}
    return Finding(
        "missing-target", "warning", message, (name,), tuple(rows[:SHOWN_ROWS]), len(rows), details
    )


def _by_id(finding: Finding, index: pd.Index) -> Finding:
    return replace(finding, rows=tuple(index[list(finding.rows)]) if finding.rows else ())


def _features(columns: dict[str, Cells], uses: dict[str, Use], index: pd.Index, raw: Raw) -> pd.DataFrame:
    """X: numbers and booleans as one block of float64, categories as text; columns leave `columns` as they
    are copied."""
    used = [name for name, use in uses.items() if use.used]
    if not used:
        reasons = "; ".join(f"{name}: {use.why}" for name, use in list(uses.items())[:SHOWN_REASONS])
        raise DataSourceError(f"{raw.source} has no column that a model could use: {reasons}.")
    numeric = [name for name in used if uses[name].kind in ("numeric", "boolean")]
    block = np.empty((len(numeric), len(index)), dtype=np.float64)
    for k, name in enumerate(numeric):
        block[k] = columns.pop(name).values
    X = pd.DataFrame(block.T, index=index, columns=numeric, copy=False)
    if len(numeric) == len(used):
        return X
    texts = {name: _text(columns.pop(name), index) for name in used if name not in set(numeric)}
    return pd.concat([X, pd.DataFrame(texts, index=index)], axis=1)[used]


def _text(column: Cells, index: pd.Index) -> pd.Series:
    if column.form == "number":  # whole numbers that name things
        names = np.array([None if np.isnan(v) else str(int(v)) for v in column.values], dtype=object)
        texts = pa.array(names, pa.string()).to_pandas()
    else:
        texts = column.values.to_pandas()
    texts.index = index
    return texts
