"""Saving results, models and checkpoints in one step: a reader sees the old file or the new one."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.plain import make_folders
from trainer_tui.runs.script_io import cell, quoted, replacing


def write_results(path: Path, rows: Any) -> None:
    """Write rows (dicts, one dict, or a pandas or polars frame) as CSV; missing numbers stand as `nan`.

    Columns are in the order of their first appearance. Raises ValueError when there is no row (an empty table
    would pass for results), OSError when the file cannot be written.
    """
    if hasattr(rows, "to_csv"):
        if len(rows) == 0:
            raise ValueError("save_results() got no rows")
        named = any(name is not None for name in rows.index.names)
        text = rows.to_csv(index=named, na_rep="nan", lineterminator="\n")
    else:
        text = _table(rows.to_dicts() if hasattr(rows, "to_dicts") else rows)
    replace_atomic(path, text.encode())


def _table(rows: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> str:
    listed = [rows] if isinstance(rows, Mapping) else list(rows)
    columns = list(dict.fromkeys(str(name) for row in listed for name in row))
    if not columns:
        raise ValueError("save_results() got no rows")
    lines = [",".join(map(quoted, columns))]
    for number, row in enumerate(listed, 1):
        values = {str(name): _result_cell(number, name, value) for name, value in row.items()}
        lines.append(",".join(values.get(name, "") for name in columns))
    return "\n".join(lines) + "\n"


def _result_cell(number: int, name: object, value: object) -> str:
    try:
        return cell(value)
    except (TypeError, ValueError, RuntimeError) as problem:
        kind = type(value).__name__
        sentence = f"save_results() takes numbers and text; row {number} has a {kind} as {name}"
        raise ValueError(sentence) from problem


def write_model(stem: Path, model: Any) -> Path:
    """Write a model beside `stem`, as `.pt` when it is PyTorch's and as `.pkl` when not; the path.

    Of a torch module the state dict is kept, without the wrappers of data parallelism and of `torch.compile`.
    Raises OSError when the file cannot be written, and what pickle raises for a model it cannot pickle.
    """
    torch = sys.modules.get("torch")
    if torch is not None and _is_torch(torch, model):
        path = stem.with_name(stem.name + ".pt")
        with replacing(path) as file, _disk_errors():
            torch.save(_state(torch, model), file)
    else:
        path = stem.with_name(stem.name + ".pkl")
        with replacing(path) as file:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)
    other = stem.with_name(stem.name + (".pkl" if path.suffix == ".pt" else ".pt"))
    other.unlink(missing_ok=True)  # an older save in the other form would pass for the model
    return path


def write_checkpoint(folder: Path, content: Any, name: str) -> Path:
    """Write bytes as they are, or a model as `write_model` does, under this name; the path.

    Raises ValueError for a name that would leave the folder, OSError when the file cannot be written.
    """
    if not name or name.startswith(".") or {"/", "\\", "\0"} & set(name):
        raise ValueError(f"{name!r} cannot be the name of a checkpoint; give a plain file name")
    make_folders(folder)
    if isinstance(content, (bytes, bytearray, memoryview)):
        path = folder / name
        with replacing(path) as file:
            file.write(content)
        return path
    return write_model(folder / name.removesuffix(".pt").removesuffix(".pkl"), content)


def _is_torch(torch: Any, model: Any) -> bool:
    if isinstance(model, (torch.nn.Module, torch.Tensor)):
        return True
    if isinstance(model, Mapping):  # a state dict, or several: {"model": …, "optimizer": …, "epoch": 3}
        return any(_is_torch(torch, part) for part in model.values())
    return isinstance(model, (list, tuple)) and any(_is_torch(torch, part) for part in model)


def _state(torch: Any, model: Any) -> Any:
    if not isinstance(model, torch.nn.Module):
        return model
    bare = getattr(model, "_orig_mod", model)
    if isinstance(bare, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
        bare = bare.module
    return bare.state_dict()


@contextmanager
def _disk_errors() -> Iterator[None]:
    """torch.save turns the OSError of a full disk into a RuntimeError about its own buffers; turn it back."""
    try:
        yield
    except RuntimeError as problem:
        if isinstance(problem.__context__, OSError):
            raise problem.__context__ from None
        raise
