"""One column, from whatever a source calls it to one of five forms, the same for every file format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer_tui.training.data import words, written
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import SHOWN_ROWS, Finding, brief

Form = Literal["number", "boolean", "moment", "text", "empty"]

EXACT = 2.0**53
"""Whole numbers beyond it are not exact as floats: they stay text."""

MIXED = 0.5
"""From this share of numbers on, the other values of a text column are reported."""


@dataclass(slots=True)
class Cells:
    """n values of one column."""

    name: str
    form: Form
    values: Any
    """number, boolean: float64 with NaN; moment: datetime64[us] with NaT; text: pa.StringArray with nulls."""
    missing: int
    distinct: int
    whole: bool = False
    """Only whole numbers."""
    labels: tuple[str, str] | None = None
    """How (false, true) are written, where a boolean came as text."""
    how: str = ""
    """What had to be understood to read it; empty where it is plain."""
    noticed: list[Finding] = field(default_factory=list)


def cells(name: str, column: pa.ChunkedArray, decimal_comma: bool = False) -> Cells:
    """The values of an Arrow column in their form. Raises DataSourceError for what is no table cell."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if getattr(kind, "extension_name", "") == "arrow.uuid":
        column = pa.chunked_array([[v and str(v) for v in column.to_pylist()]], pa.string())
        kind = column.type
    if pa.types.is_null(kind):
        return Cells(name, "empty", np.full(len(column), np.nan), len(column), 0)
    if pa.types.is_boolean(kind):
        return _numbers(name, column.cast(pa.uint8()), "boolean")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(name, column, "number")
    if pa.types.is_decimal(kind):
        return _numbers(name, column.cast(pa.float64()) if kind.scale > 0 else column, "number")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _moments(name, column)
    if pa.types.is_duration(kind):
        seconds = column.cast(pa.duration("us")).cast(pa.int64())
        return _numbers(
            name, pc.divide(pc.cast(seconds, pa.float64()), 1e6), "number", "a duration, in seconds"
        )
    if pa.types.is_time(kind):
        return _texts(name, column.cast(pa.string()), decimal_comma)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(name, column, decimal_comma)
    raise DataSourceError(
        f"The column {name} holds values of type {kind}, and a model needs numbers, text or dates: leave it "
        f"out (--drop {name}), or write one column for each number."
    )


def distinct_of(values: npt.NDArray[Any]) -> int:
    """How many different values there are, missing ones left out."""
    ordered = np.sort(values[~np.isnan(values)] if values.dtype.kind == "f" else values[~np.isnat(values)])
    return int(len(ordered) and 1 + np.count_nonzero(ordered[1:] != ordered[:-1]))


def _numbers(name: str, column: pa.ChunkedArray, form: Form, how: str = "") -> Cells:
    if pa.types.is_decimal(column.type) or pa.types.is_integer(column.type):
        ends = pc.min_max(column).as_py()
        if ends["min"] is not None and max(abs(int(ends["min"])), abs(int(ends["max"]))) > EXACT:
            text = column.cast(pa.string()).combine_chunks()
            return _text_cells(name, text, "whole numbers too long to be exact as numbers: taken as names")
    values = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64, copy=False)
    return _number_cells(name, values, form, how)


def _number_cells(name: str, values: npt.NDArray[np.float64], form: Form, how: str) -> Cells:
    present = ~np.isnan(values)
    missing = len(values) - int(np.count_nonzero(present))
    if missing == len(values):
        return Cells(name, "empty", values, missing, 0, how=how)
    with np.errstate(invalid="ignore"):
        whole = bool(np.all((np.floor(values) == values)[present] & np.isfinite(values[present])))
    return Cells(name, form, values, missing, distinct_of(values), whole, how=how)


def _moments(name: str, column: pa.ChunkedArray) -> Cells:
    moments = column.cast(pa.timestamp("us"), safe=False) if pa.types.is_date(column.type) else column
    zone = getattr(moments.type, "tz", None)
    moments = moments.cast(pa.timestamp("us", tz=zone), safe=False)
    values = moments.cast(pa.timestamp("us"), safe=False).to_numpy().astype("datetime64[us]")
    missing = int(np.count_nonzero(np.isnat(values)))
    if missing == len(values):
        return Cells(name, "empty", np.full(len(values), np.nan), missing, 0)
    return Cells(name, "moment", values, missing, distinct_of(values))


def _texts(name: str, column: pa.ChunkedArray, decimal_comma: bool) -> Cells:
    """Text that may be numbers, dates or booleans: decided on the different values, then spread over the
    rows."""
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    different: list[str] = coded.dictionary.to_pylist()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    stripped = [text.strip() for text in different]
    empty = np.array([text in words.MISSING for text in stripped] + [True])
    vague = empty | np.array([text in words.MISSING_AMONG_NUMBERS for text in stripped] + [True])
    if vague.all():
        return Cells(name, "empty", np.full(len(codes), np.nan), len(codes), 0)
    clear = [text for text, out in zip(stripped, vague, strict=False) if not out]
    places = np.flatnonzero(~vague)
    lower = {text.lower() for text in clear}
    for false, true in words.BOOLEANS:
        if lower == {false, true}:
            spread = np.full(len(different) + 1, np.nan)
            spread[places] = [float(text.lower() == true) for text in clear]
            read = _number_cells(
                name, spread[codes], "boolean", "" if false == "false" else f"{false} and {true}"
            )
            read.labels = (_spelling(clear, false), _spelling(clear, true))
            return read
    if (found := written.numbers(clear, decimal_comma)) is not None:
        spread = np.full(len(different) + 1, np.nan)
        spread[places] = found[0]
        if np.all(np.abs(found[0]) <= EXACT) or any(not text.lstrip("+-").isdigit() for text in clear):
            return _number_cells(name, spread[codes], "number", found[1] and f"numbers with {found[1]}")
    moments = written.dates(clear)
    if moments is not None and moments[0] is not None:
        when = np.full(len(different) + 1, np.datetime64("NaT"), dtype="datetime64[us]")
        when[places] = moments[0]
        values = when[codes]
        how = moments[1] and f"dates with {moments[1]}"
        return Cells(name, "moment", values, int(np.isnat(values).sum()), distinct_of(values), how=how)
    cleared = pa.array(
        [None if out else text for text, out in zip(different, empty, strict=False)], pa.string()
    )
    text_array = pa.DictionaryArray.from_arrays(coded.indices, cleared).cast(pa.string())
    read = _text_cells(name, text_array, moments[1] if moments else "")
    read.noticed += _mixed(name, clear, codes, places)
    return read


def _text_cells(name: str, texts: pa.StringArray, how: str) -> Cells:
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return Cells(
        name, "text", texts, texts.null_count, pc.count_distinct(texts, mode="only_valid").as_py(), how=how
    )


def _spelling(texts: list[str], word: str) -> str:
    return next(text for text in texts if text.lower() == word)


def _mixed(
    name: str, clear: list[str], codes: npt.NDArray[np.int64], places: npt.NDArray[np.intp]
) -> list[Finding]:
    """Numbers among which a few values are none: reading them as numbers would lose those, so they stay
    text."""
    if sum(map(written.is_number, clear[: written.LOOK])) < MIXED * len(clear[: written.LOOK]) / 2:
        return []
    counts = np.bincount(codes[codes >= 0], minlength=int(places.max()) + 1)[places]
    is_number = np.array([written.is_number(text) for text in clear])
    share = counts[is_number].sum() / counts.sum()
    if share < MIXED or is_number.all():
        return []
    others = [text for text, number in zip(clear, is_number, strict=True) if not number]
    rows = np.flatnonzero(np.isin(codes, places[~is_number]))
    message = (
        f"The column {name} is {share:.0%} numbers but also has "
        f"{', '.join(repr(brief(text)) for text in others[:3])}, so it is read as text: correct these "
        "values, or leave them empty."
    )
    found = tuple(int(row) for row in rows[:SHOWN_ROWS])
    return [Finding("mixed-types", "warning", message, (name,), found, len(rows), {"numbers": float(share)})]
