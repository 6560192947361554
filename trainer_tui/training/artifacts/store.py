"""Saves a preprocessor and a model, each with a version of its own, and loads them after checking every
byte."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import replace_json
from trainer_tui.runs.plain import make_folders
from trainer_tui.training.artifacts import formats
from trainer_tui.training.artifacts.manifest import (
    MANIFEST,
    PARTS,
    SCHEMA,
    ArtifactError,
    read_manifest,
    sha256,
    verify,
    version_of,
)
from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation.plain import plain

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "skops",
    "safetensors",
    "torch",
    "lightgbm",
    "xgboost",
    "xgboost-cpu",
)


@dataclass(frozen=True, slots=True)
class Saved:
    """Where it is."""

    folder: Path
    uris: dict[str, str]
    """`preprocessor` and `model` → `file://…` of its folder."""
    formats: dict[str, str]
    versions: dict[str, str]
    """By content: twelve characters."""
    manifest_sha256: str
    notes: tuple[str, ...] = ()
    """One sentence for each part that is only a pickle."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded."""

    preprocessor: Any
    model: Any
    facts: dict[str, Any]
    """The manifest."""
    notes: tuple[str, ...] = ()
    """One sentence for each library of another version than it was saved with."""


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _about(dataset: Dataset) -> dict[str, Any]:
    used = [
        {"name": column.name, "kind": column.kind, "dtype": str(dataset.X[column.name].dtype)}
        for column in dataset.columns
        if column.used and column.name in dataset.X.columns
    ]
    return {
        "task": dataset.task,
        "target": dataset.target,
        "unit": dataset.unit,
        "classes": plain(dataset.classes),
        "columns": used,
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
    }


def save(
    folder: Path,
    preprocessor: Any,
    model: Any,
    *,
    dataset: Dataset | None = None,
    algorithm: str = "",
    threshold: float | None = None,
    seed: int | None = None,
    split_id: str = "",
    git: str = "",
    features: tuple[str, ...] = (),
    more: Mapping[str, Any] | None = None,
) -> Saved:
    """Keeps both, fitted, in `folder`; the manifest last, so that a folder without one is not whole.

    `features`: names of what the preprocessor gives; `git`: the commit; `more`: plain data to keep with them.
    Raises OSError when the folder cannot be written.
    """
    files: dict[str, dict[str, str]] = {}
    ways: dict[str, str] = {}
    notes: list[str] = []
    make_folders(folder)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name, thing in zip(PARTS, (preprocessor, model), strict=True):
        place = folder / name
        make_folders(place)
        for old in place.iterdir():
            old.unlink()
        ways[name], written, why = formats.write(thing, place, name)
        files[name] = {file: sha256(place / file) for file in written}
        if ways[name] == formats.PICKLE:
            notes.append(f"The {name} is kept as a pickle, for {why}; it is loaded only on explicit demand.")
    versions = {name: version_of(files[name]) for name in PARTS}
    document = {
        "schema": SCHEMA,
        "saved": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "algorithm": algorithm,
        **(_about(dataset) if dataset is not None else {}),
        "threshold": threshold,
        "seed": seed,
        "split_id": split_id,
        "git": git,
        "features": list(features),
        "libraries": _libraries(),
        "more": plain(more or {}),
        "parts": {
            name: {"format": ways[name], "version": versions[name], "files": files[name]} for name in PARTS
        },
    }
    replace_json(folder / MANIFEST, document)
    uris = {name: (folder / name).absolute().as_uri() for name in PARTS}
    return Saved(folder, uris, ways, versions, sha256(folder / MANIFEST), tuple(notes))


def load(folder: Path, allow_pickle: bool = False, expected: str = "") -> Loaded:
    """Both parts, after every file was held against its hash. `expected`: the manifest's own SHA-256, if
    noted.

    Raises ArtifactError for what is missing, changed, unknown, or a pickle that nobody allowed.
    """
    manifest = read_manifest(Path(folder), expected)
    verify(manifest)
    facts = manifest.facts
    parts: dict[str, Any] = {}
    for name in PARTS:
        place = manifest.folder / name
        try:
            parts[name] = formats.read(manifest.part(name)["format"], place, name, facts, allow_pickle)
        except ModelTrainerError:
            raise
        except Exception as problem:  # whatever a library says of a file that it cannot read
            line = next(iter(str(problem).strip().splitlines()), "")
            raise ArtifactError(
                f"The {name} in {place} cannot be loaded ({type(problem).__name__}: {line})."
            ) from problem
    now, then = _libraries(), facts.get("libraries", {})
    notes = tuple(
        f"{name} was {then[name]} when the model was saved and is {now.get(name, 'not installed')}."
        for name in ("scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "numpy")
        if name in then and then[name] != now.get(name)
    )
    return Loaded(parts["preprocessor"], parts["model"], facts, notes)
