"""From the words of a user to a table: which reader takes a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_tui.training.data import secrets
from trainer_tui.training.errors import DataSourceError

if TYPE_CHECKING:
    from trainer_tui.training.data.raw import Raw
    from trainer_tui.training.spec import TrainSpec

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")
FILES: dict[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npz": "npz",
}
KNOWN = (
    "CSV (also compressed), Parquet, Arrow or Feather, NPZ, sklearn:NAME, feast:REPOSITORY#SERVICE, a "
    "database URL"
)


def read(spec: TrainSpec, cwd: Path) -> Raw:
    """Reads what `spec.source` names. Raises DataSourceError."""
    source = spec.source.strip()
    if not source:
        raise DataSourceError(f"No data was named: give {KNOWN}.")
    _needs_arrow()
    for prefix, scheme_reader in _SCHEMES.items():
        if source.startswith(prefix):
            return scheme_reader(source.removeprefix(prefix), spec, cwd)
    address = secrets.resolved(source)
    if secrets.is_url(address):
        from trainer_tui.training.data import sql

        return sql.read(address, spec.query, cwd)
    path = Path(address).expanduser()
    return _file(path if path.is_absolute() else cwd / path)


def table_file(path: Path) -> Raw:
    """Reads a file of any known kind (the entity table of Feast, too)."""
    _needs_arrow()
    return _file(path)


def _file(path: Path) -> Raw:
    if not path.exists():
        raise DataSourceError(f"There is no {path}: name {KNOWN}.")
    suffixes = [s.lower() for s in path.suffixes]
    bare = [s for s in suffixes if s not in COMPRESSIONS]
    kind = FILES.get(bare[-1], "") if bare else ""
    if path.is_dir():
        kind = "parquet"
    if not kind:
        raise DataSourceError(f"{path} is of no known kind: name {KNOWN}.")
    try:
        return _READERS[kind](path)
    except OSError as error:
        raise DataSourceError(f"{path} cannot be read: {error.strerror or error}.") from error


def _needs_arrow() -> None:
    try:
        import pandas
        import pyarrow  # noqa: F401

        del pandas
    except ImportError as error:
        raise DataSourceError(
            f"Reading data needs the package {error.name}: pip install 'trainer-tui[sklearn]'."
        ) from error


def _csv(path: Path) -> Raw:
    from trainer_tui.training.data import csv_file

    return csv_file.read(path)


def _parquet(path: Path) -> Raw:
    from trainer_tui.training.data import columnar

    return columnar.read_parquet(path)


def _arrow(path: Path) -> Raw:
    from trainer_tui.training.data import columnar

    return columnar.read_arrow(path)


def _npz(path: Path) -> Raw:
    from trainer_tui.training.data import npz

    return npz.read(path)


def _sklearn(name: str, spec: TrainSpec, cwd: Path) -> Raw:
    from trainer_tui.training.data import bundled

    return bundled.read(name, spec.target)


def _feast(name: str, spec: TrainSpec, cwd: Path) -> Raw:
    from trainer_tui.training.data import feast_store

    return feast_store.read(name, spec.query, cwd)


_READERS: dict[str, Callable[[Path], Raw]] = {"csv": _csv, "parquet": _parquet, "arrow": _arrow, "npz": _npz}
_SCHEMES: dict[str, Callable[[str, TrainSpec, Path], Raw]] = {"sklearn:": _sklearn, "feast:": _feast}
