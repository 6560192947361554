"""NPZ files of NumPy: `X` and `y`, or one array a column. Pickled objects are never loaded.

Source: NumPy, "numpy.load": allow_pickle can run any code that a file holds.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError

MOST_COLUMNS = 20_000
"""A picture a row has more pixels than a table can have columns."""

TARGETS = ("y", "target", "labels")
ROLES: dict[str, str] = {"groups": "group", "times": "time"}
NAMES = ("feature_names", "columns")
LABELS = ("target_names", "class_names")


def read(path: Path) -> Raw:
    """Arrays of n rows become columns: 1-D as they are, 2-D and 3-D one column a place. Raises
    DataSourceError."""
    arrays = _arrays(path)
    names = _words(arrays, NAMES)
    labels = _words(arrays, LABELS)
    if not arrays:
        raise DataSourceError(f"{path} holds no array of rows: save X and y with numpy.savez.")
    rows = {name: array.shape[0] for name, array in arrays.items() if array.ndim}
    n = rows.get("X", next(iter(rows.values()), 0))
    if wrong := {name: k for name, k in rows.items() if k != n}:
        listed = ", ".join(f"{name} {k}" for name, k in wrong.items())
        raise DataSourceError(
            f"In {path} the arrays have different numbers of rows: {n}, but {listed}; make them equal."
        )
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for name, array in arrays.items():
        own_names = names if name == "X" or len(arrays) == 1 else ()
        columns.update(_columns(path, name, array, own_names))
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    raw = Raw(table, path.stem, str(path), labels=labels)
    targets = [name for name in TARGETS if name in columns]
    if len(targets) == 1:
        raw.target, raw.target_why = targets[0], f"the array {targets[0]} of the NPZ file"
    for name, role in ROLES.items():
        if name in columns:
            setattr(raw, role, name)
            raw.role_why = "named so in the NPZ file"
    return raw


def _arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            names = list(file.files)
            out = {}
            for name in names:
                try:
                    out[name] = file[name]
                except ValueError as error:
                    raise DataSourceError(
                        f"The array {name} of {path} holds Python objects, which can run code and are never "
                        "loaded: save it as numbers or as strings of fixed length."
                    ) from error
            return out
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, TypeError) as error:
        raise DataSourceError(f"{path} is no readable NPZ file: write it with numpy.savez.") from error


def _words(arrays: dict[str, npt.NDArray[np.generic]], keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        if key in arrays:
            return tuple(str(word) for word in arrays.pop(key).ravel())
    return ()


def _columns(
    path: Path, name: str, array: npt.NDArray[np.generic], names: tuple[str, ...]
) -> dict[str, npt.NDArray[np.generic]]:
    if array.dtype.kind not in "biufUSM":
        raise DataSourceError(
            f"The array {name} of {path} is of type {array.dtype}: numbers, booleans, strings and dates can "
            "be used."
        )
    if not array.ndim:
        raise DataSourceError(
            f"In {path} the array {name} is a single value: every array must have one entry a row."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array.astype(np.bytes_), "utf-8", "replace")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if array.ndim == 1:
        return {name: array}
    width = int(np.prod(array.shape[1:]))
    if width > MOST_COLUMNS:
        raise DataSourceError(
            f"The array {name} of {path} has {width} values a row, and {MOST_COLUMNS} is the most: reduce "
            "it first."
        )
    flat = array.reshape(len(array), width)
    if name in TARGETS and width == 1:
        return {name: flat[:, 0]}
    if len(names) == width:
        labels = list(names)
    else:
        places = np.stack(np.unravel_index(np.arange(width), array.shape[1:]), axis=1)
        labels = [name + "_" + "_".join(str(int(k)) for k in place) for place in places]
    return {label: flat[:, k] for k, label in enumerate(labels)}
