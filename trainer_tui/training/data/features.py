"""Whether the model sees a column, and as what; what it does not see has its reason.

A name, a date, a free text teaches a model the rows of its table, not the world: such columns are left out
unless somebody makes features of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow.compute as pc

from trainer_tui.training.data import words
from trainer_tui.training.dataset import Kind

if TYPE_CHECKING:
    from trainer_tui.training.data.cells import Cells

FEW = 20
"""So many different values are categories in any table."""

ROWS_A_CATEGORY = 10
"""Above `FEW`, a category must stand for as many rows on average."""

LONG = 100
"""Characters on average from which on a text is free text."""

WORDS = 3
"""Words on average from which on a text with many different values is free text."""


class Use(NamedTuple):
    """What becomes of a column."""

    kind: Kind
    used: bool
    why: str


def use_of(column: Cells) -> Use:
    """Kind, use and reason of a column that has no role."""
    rows = len(column.values)
    if column.distinct == 0:
        return Use("constant", False, "it has no value")
    if column.distinct == 1:
        beside = f" beside {column.missing} missing ones" if column.missing else ""
        return Use("constant", False, f"it has a single value{beside}")
    if column.form == "moment":
        return Use(
            "datetime", False, _and(column.how, "a date: make numbers of it (a month, an age) if it matters")
        )
    if column.form == "boolean":
        return Use("boolean", True, column.how)
    many = column.distinct > max(FEW, rows // ROWS_A_CATEGORY)
    if column.form == "number":
        return _number(column, rows, many)
    return _text(column, rows, many)


def _number(column: Cells, rows: int, many: bool) -> Use:
    if column.whole and words.is_id_name(column.name):
        if many:
            return Use(
                "id", False, _and(column.how, "its name and its many whole numbers say that it names things")
            )
        return Use(
            "categorical", True, _and(column.how, "whole numbers that name things, by the column's name")
        )
    if column.whole and rows >= FEW and not column.missing and bool(np.all(np.diff(column.values) == 1)):
        return Use("id", False, "it counts the rows")
    return Use("numeric", True, column.how)


def _text(column: Cells, rows: int, many: bool) -> Use:
    filled = pc.drop_null(column.values)
    sample = filled.slice(0, 10_000)
    length = pc.mean(pc.utf8_length(sample)).as_py()
    spaces = pc.mean(pc.count_substring(pc.utf8_trim_whitespace(sample), " ")).as_py()
    if length > LONG or (many and spaces >= WORDS - 1):
        return Use(
            "text",
            False,
            _and(column.how, "free text: make features of it (an embedding, counts) if it matters"),
        )
    if many and (column.distinct == len(filled) or words.is_id_name(column.name)):
        return Use(
            "id", False, _and(column.how, f"{column.distinct} different values in {rows} rows: it names them")
        )
    if many:
        return Use(
            "text",
            False,
            _and(column.how, f"{column.distinct} different values in {rows} rows: too many categories"),
        )
    return Use("categorical", True, column.how)


def _and(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
