"""Parquet, Arrow and Feather: tables that carry their types.

Source: Apache Arrow, "Reading and Writing the Apache Parquet Format" and "Streaming, Serialization, and IPC".
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError


def read_parquet(path: Path) -> Raw:
    """A Parquet file, or a folder of them (in the order of their names). Raises DataSourceError."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    try:
        if path.is_dir():
            files = sorted(str(p) for p in path.rglob("*.parquet"))
            if not files:
                raise DataSourceError(
                    f"The folder {path} has no .parquet file: name a file, or another folder."
                )
            table = ds.dataset(
                files, format="parquet", partitioning="hive", partition_base_dir=str(path)
            ).to_table()
        else:
            table = pq.ParquetFile(path).read()
    except pa.ArrowException as error:
        raise DataSourceError(f"{path} is no readable Parquet file: {first_line(error)}.") from error
    return Raw(table, path.stem, str(path))


def read_arrow(path: Path) -> Raw:
    """An Arrow IPC file or stream, or a Feather file of either version. Raises DataSourceError."""
    import pyarrow.feather as feather

    for attempt in (_ipc_file, _ipc_stream):
        try:
            return Raw(attempt(path), path.stem, str(path))
        except pa.ArrowException:
            continue
    try:
        return Raw(feather.read_table(str(path), memory_map=False), path.stem, str(path))
    except pa.ArrowException as error:
        raise DataSourceError(f"{path} is no readable Arrow or Feather file: {first_line(error)}.") from error


def _ipc_file(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        return reader.read_all()


def _ipc_stream(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return reader.read_all()


def first_line(error: Exception) -> str:
    """What a library says, without its further lines and its last full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
