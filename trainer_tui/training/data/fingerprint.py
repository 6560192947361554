"""What makes data the same: names and values, not the file format, not the order of the columns.

With a column of row ids the order of the rows does not matter either; without one the row numbers are the
ids, so another order is other data.

Source: FIPS 180-4 (SHA-256). The digest covers, for each column by name: name, form, values. Numbers as IEEE
754 doubles (−0 as 0, one NaN), moments as microseconds since 1970, text as lengths and UTF-8 bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer_tui.training.data.cells import Cells

_VERSION = b"trainer-tui data 1\0"


def fingerprint(columns: Iterable[Cells], order: npt.NDArray[np.intp] | None = None) -> str:
    """SHA-256 in hex. `order`: positions of the rows by their ids, where they have ids of their own."""
    whole = hashlib.sha256(_VERSION)
    for column in sorted(columns, key=lambda c: c.name):
        digest = hashlib.sha256()
        name = column.name.encode("utf-8", "surrogatepass")
        digest.update(f"{len(name)}:".encode() + name + column.form.encode() + b"\0")
        for part in _parts(column, order):
            digest.update(part)
        whole.update(digest.digest())
    return whole.hexdigest()


def _parts(column: Cells, order: npt.NDArray[np.intp] | None) -> Iterable[Any]:
    if column.form == "text":
        texts = column.values if order is None else column.values.take(pa.array(order))
        lengths = pc.fill_null(pc.binary_length(texts), -1).cast(pa.int64())
        yield np.ascontiguousarray(lengths.to_numpy(zero_copy_only=False))
        yield _bytes(texts)
        return
    values = column.values if order is None else column.values[order]
    if column.form == "moment":
        yield values.astype("datetime64[us]").view(np.int64)
        return
    canonical = values + 0.0  # −0 becomes 0
    canonical[np.isnan(canonical)] = np.nan
    yield canonical


def _bytes(texts: pa.StringArray) -> Any:
    """The bytes of all texts, one after another; a slice keeps its neighbours, so offsets say where they
    are."""
    dense = pc.fill_null(texts, "").cast(pa.large_string())
    offsets = np.frombuffer(dense.buffers()[1], dtype=np.int64)[dense.offset : dense.offset + len(dense) + 1]
    data = dense.buffers()[2]
    return b"" if data is None else memoryview(data)[int(offsets[0]) : int(offsets[-1])]
