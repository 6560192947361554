"""CSV files: any delimiter and encoding, compressed or not, read by Arrow in blocks.

Source: Apache Arrow, "Reading and Writing CSV files"; RFC 4180.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pc

from trainer_tui.training.data import words
from trainer_tui.training.data.columnar import first_line
from trainer_tui.training.data.dialect import HEAD, Dialect, sniff
from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import Finding

BLOCK = 4 << 20
"""Bytes of one block; with the types of the first one a file is streamed, so that memory holds it once."""

FALLBACK = "cp1252"
"""What a file that is not UTF-8 most likely is: written on Windows. It contains Latin-1's printable part."""

_NULLS = sorted(words.MISSING | words.MISSING_AMONG_NUMBERS)
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
)
_ALL_DIGITS = re.compile(r"[+-]?\d+")


def read(path: Path) -> Raw:
    """A CSV file as a table. Raises DataSourceError; OSError when the file cannot be opened."""
    with _open(path) as file:
        head = _head(path, file)
    dialect = sniff(head, path)
    table, dialect = _decoded(path, dialect)
    table = _digits_kept(path, dialect, table)
    raw = Raw(table, path.name.partition(".")[0], str(path), decimal_comma=dialect.delimiter == ";")
    if dialect.encoding == FALLBACK:
        message = (
            f"{path.name} is not UTF-8 and was read as Windows-1252: save it as UTF-8 if names look wrong."
        )
        raw.noticed.append(Finding("encoding", "info", message))
    return raw


def _head(path: Path, file: IO[bytes]) -> bytes:
    try:
        return file.read(HEAD)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataSourceError(f"{path} is compressed, and damaged: {first_line(error)}.") from error


def _open(path: Path) -> IO[bytes]:
    """The uncompressed bytes; what a file is, its first bytes say, not its name."""
    with path.open("rb") as file:
        start = file.read(6)
    kind = next((name for magic, name in _MAGIC if start.startswith(magic)), "")
    return _OPENERS[kind](path)  # type: ignore[no-any-return]


def _zip_member(path: Path) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(path)
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise DataSourceError(
                f"{path} holds {len(names)} files, and must hold one table: unpack it, name one."
            )
        return archive.open(names[0])
    except zipfile.BadZipFile as error:
        raise DataSourceError(f"{path} is compressed, and damaged: {first_line(error)}.") from error


_OPENERS: dict[str, Callable[[Path], Any]] = {
    "": lambda path: path.open("rb"),
    "gzip": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
    "zstd": lambda path: pa.input_stream(str(path), compression="zstd"),
    "zip": _zip_member,
}


def _decoded(path: Path, dialect: Dialect) -> tuple[pa.Table, Dialect]:
    """As UTF-8 (or what its first bytes say); a file with other bytes in it again as Windows-1252."""
    try:
        table = _table(path, dialect)
        if not any(pa.types.is_binary(field.type) for field in table.schema):
            return table, dialect
    except UnicodeError:
        if dialect.encoding != "utf-8":
            raise DataSourceError(f"{path} is not {dialect.encoding}: save it as UTF-8.") from None
    dialect = replace(dialect, encoding=FALLBACK)
    try:
        return _table(path, dialect), dialect
    except UnicodeError as error:
        raise DataSourceError(f"{path} is neither UTF-8 nor Windows-1252: save it as UTF-8.") from error


def _table(path: Path, dialect: Dialect, text: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> pa.Table:
    parse = pc.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
    convert = pc.ConvertOptions(
        null_values=_NULLS,
        column_types=dict.fromkeys((*dialect.codes, *text), pa.string()),
        include_columns=list(only) or None,
    )
    options = pc.ReadOptions(
        block_size=BLOCK,
        encoding=dialect.encoding,
        column_names=list(dialect.names),
        skip_rows=dialect.header_lines,
    )
    try:
        # Streaming takes the types from the first block; where they do not hold, all blocks are looked at
        # first.
        with contextlib.suppress(pa.ArrowInvalid), _open(path) as file:
            return pc.open_csv(file, options, parse, convert).read_all()
        with _open(path) as file:
            return pc.read_csv(file, options, parse, convert)
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise UnicodeError(str(error)) from error
        raise _not_rectangular(path, dialect, error) from error
    except (EOFError, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise DataSourceError(f"{path} is compressed, and damaged: {first_line(error)}.") from error


def _not_rectangular(path: Path, dialect: Dialect, error: Exception) -> DataSourceError:
    """Which line has too many or too few fields: read again without threads, for then lines are counted."""
    bad: list[pc.InvalidRow] = []

    def remember(row: pc.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    names = list(dialect.names)
    parse = pc.ParseOptions(
        delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=remember
    )
    # Only the fields are counted here, and Latin-1 has a character for every byte.
    encoding = dialect.encoding if dialect.encoding.startswith(("utf-16", "utf-32")) else "latin-1"
    options = pc.ReadOptions(
        use_threads=False, encoding=encoding, column_names=names, skip_rows=dialect.header_lines
    )
    text = pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    with contextlib.suppress(pa.ArrowInvalid, UnicodeError), _open(path) as file:
        pc.read_csv(file, options, parse, text)
    if not bad:
        return DataSourceError(f"{path} cannot be read as CSV: {first_line(error)}.")
    first = bad[0]
    line = f"line {first.number}" if first.number else "one line"
    fields = "1 field" if first.actual_columns == 1 else f"{first.actual_columns} fields"
    more = f", and {len(bad) - 1} more lines are like it" if len(bad) > 1 else ""
    return DataSourceError(
        f"In {path} {line} has {fields} where the header has {first.expected_columns}{more}: correct it, or "
        "quote fields that contain the separator."
    )


def _digits_kept(path: Path, dialect: Dialect, table: pa.Table) -> pa.Table:
    """Whole numbers beyond 64 bits come as floats and lose digits; such columns are read again, as text."""
    import pyarrow.compute as compute

    large = []
    for column in table.schema:
        if not pa.types.is_floating(column.type):
            continue
        most = compute.max(compute.abs(table[column.name])).as_py()
        if most is not None and most >= 2.0**63:
            large.append(column.name)
    if not large:
        return table
    texts = _table(path, dialect, text=tuple(large), only=tuple(large))
    for name in large:
        seen = [v for v in texts[name].unique().to_pylist() if v.strip() not in _NULLS]
        if all(_ALL_DIGITS.fullmatch(v.strip()) for v in seen):
            table = table.set_column(table.schema.get_field_index(name), name, texts[name])
    return table
