"""Data of any kind becomes a `Dataset`: files, database queries, bundled sets, a feature store.

What is inferred stands in `Column.why`; what was left out or decided, in `Dataset.noticed`. Imports nothing
heavy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.spec import TrainSpec


def load(spec: TrainSpec, cwd: Path) -> Dataset:
    """The data that a spec asks for; relative paths start at `cwd`. Raises DataSourceError, one sentence."""
    from trainer_tui.training.data.assemble import dataset
    from trainer_tui.training.data.sources import read

    return dataset(read(spec, cwd), spec)


def describe(dataset: Dataset) -> dict[str, Any]:
    """What a person should see before training, as plain data: roles, columns, what was inferred and why."""
    from trainer_tui.training.data.describing import description

    return description(dataset)


def shown(source: str) -> str:
    """A source with its secrets left out: the form that may be stored and printed."""
    from trainer_tui.training.data.secrets import public

    return public(source)


def has_secret(source: str) -> bool:
    """Whether a source carries a password or the like and must therefore not be stored as it is."""
    return shown(source) != source
