"""Splits on disk: `output/splits/ID.csv` with the part of each row id, `ID.json` with what it is a split of.

A split is kept and used again, so that the test rows of one training are never the train rows of the next.
The JSON file is written last and makes the split exist; it holds the SHA-256 of the table.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trainer_tui.runs.files import replace_atomic
from trainer_tui.training.errors import DataSourceError, ModelTrainerError
from trainer_tui.training.splits.enforce import validate
from trainer_tui.training.splits.identity import identify, texts
from trainer_tui.training.splits.make import automatic, column_name, make_split
from trainer_tui.training.splits.split import NO_PART, PARTS, Split

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

FOLDER = "splits"
"""Below the output folder."""
NAME_LENGTH = 16
"""Characters of the split id in the names of its files."""
NEEDED = frozenset(
    {
        "split_id",
        "strategy",
        "seed",
        "group",
        "time",
        "gap",
        "fingerprint",
        "target",
        "rows",
        "counts",
        "sha256",
        "created",
    }
)
"""What the JSON file must hold."""


def path_of(folder: Path, split_id: str) -> Path:
    """The JSON file of a split; its table stands beside it with the ending `.csv`."""
    return folder / f"{split_id[:NAME_LENGTH]}.json"


def to_dict(split: Split, dataset: Dataset) -> dict[str, Any]:
    """Everything about a split but its rows, as plain data."""
    return {
        "split_id": split.split_id,
        "strategy": split.strategy,
        "seed": split.seed,
        "group": split.group,
        "time": split.time,
        "gap": split.gap,
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "target": dataset.target,
        "rows": len(split.ids),
        "counts": split.counts(),
    }


def save(folder: Path, split: Split, dataset: Dataset) -> Path:
    """Writes a split atomically; returns the path of its JSON file."""
    path = path_of(folder, split.split_id)
    folder.mkdir(parents=True, exist_ok=True)
    names = np.array([*PARTS, ""], dtype=object)[split.codes]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row_id", "part"])
    writer.writerows(zip(texts(split.ids), names, strict=True))
    table = text.getvalue().encode()
    about = to_dict(split, dataset) | {
        "sha256": hashlib.sha256(table).hexdigest(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    replace_atomic(path.with_suffix(".csv"), table)
    replace_atomic(path, json.dumps(about, indent=2).encode() + b"\n")
    return path


def load(folder: Path, split_id: str, dataset: Dataset) -> Split:
    """The stored split, its rows in the order of the dataset.

    `ModelTrainerError`: there is none, its files were changed; `DataSourceError`: the data changed since.
    """
    path = path_of(folder, split_id)
    about = _about(path)
    table = _table(path, about["sha256"])
    same_data = about["fingerprint"] == dataset.fingerprint and about["target"] == dataset.target
    known = pd.Index([row[0] for row in table])
    place = known.get_indexer(pd.Index(texts(dataset.X.index)))
    if not same_data or (place < 0).any() or len(known) != len(dataset):
        _changed(about, dataset, known, place)
    part_of = {part: code for code, part in enumerate(PARTS)} | {"": NO_PART}
    codes = np.array([part_of[row[1]] for row in table], dtype=np.int8)[place]
    split = Split(
        ids=dataset.X.index,
        codes=codes,
        strategy=about["strategy"],
        seed=about["seed"],
        group=about["group"],
        time=about["time"],
        gap=about["gap"],
    )
    if identify(split, dataset.fingerprint, dataset.target) != about["split_id"]:
        raise ModelTrainerError(f"{path.name} is not the split that its id names: {_damaged(path)}")
    split = replace(split, split_id=about["split_id"])
    validate(split)
    return split


def find(folder: Path, dataset: Dataset, strategy: str = "", gap: str = "") -> str:
    """The id of the oldest split of this data, target and strategy, of any seed; empty: there is none."""
    chosen = strategy or automatic(dataset)
    wanted = {
        "fingerprint": dataset.fingerprint,
        "target": dataset.target,
        "strategy": chosen,
        "gap": gap,
        "group": column_name(dataset.groups, "group", chosen),
        "time": column_name(dataset.times, "time", chosen),
    }
    found = [
        about
        for about in (_about(path) for path in sorted(folder.glob("*.json")))
        if all(about[key] == value for key, value in wanted.items())
    ]
    return min(found, key=lambda about: (about["created"], about["split_id"]))["split_id"] if found else ""


def reuse(folder: Path, dataset: Dataset, strategy: str = "", seed: int = 0, gap: str = "") -> Split:
    """The stored split of this data, target and strategy; made and stored where there is none.

    The seed counts only for a new one: other seeds would turn test rows into train rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "ab") as lock:
        # Of two trainings that begin at once, the second finds the split of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        split_id = find(folder, dataset, strategy, gap)
        if split_id:
            return load(folder, split_id, dataset)
        split = make_split(dataset, strategy, seed, gap)
        save(folder, split, dataset)
        return split


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text())
    except FileNotFoundError:
        raise ModelTrainerError(f"There is no stored split {path.stem} in {path.parent}.") from None
    except (OSError, ValueError) as error:
        raise ModelTrainerError(f"{path.name} cannot be read ({error}): {_damaged(path)}") from error
    lacking = NEEDED - about.keys() if isinstance(about, dict) else NEEDED
    if lacking:
        raise ModelTrainerError(f"{path.name} lacks {', '.join(sorted(lacking))}: {_damaged(path)}")
    return about  # type: ignore[no-any-return]


def _table(path: Path, expected: str) -> list[list[str]]:
    table = path.with_suffix(".csv")
    try:
        data = table.read_bytes()
    except OSError as error:
        raise ModelTrainerError(
            f"{table.name} cannot be read ({error.strerror}): {_damaged(path)}"
        ) from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise ModelTrainerError(f"{table.name} was changed since it was written: {_damaged(path)}")
    return list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]


def _damaged(path: Path) -> str:
    return f"restore it, or delete {path.stem}.* in {path.parent} to have a new split made."


def _changed(about: dict[str, Any], dataset: Dataset, known: pd.Index, place: Any) -> None:
    new = int((place < 0).sum())
    gone = len(known) - (len(dataset) - new)
    if about["target"] != dataset.target:
        what = f'it is a split for the target "{about["target"]}", not "{dataset.target}"'
    elif new or gone:
        what = f"{new:,} row ids are new and {gone:,} are gone"
    else:
        what = "the rows are the same, but not their content"
    raise DataSourceError(
        f"The data changed since the split {about['split_id'][:NAME_LENGTH]} was stored: {what}. "
        "Train on the data as it was, or have a new split made."
    )
