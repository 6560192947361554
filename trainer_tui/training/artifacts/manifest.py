"""`manifest.json` beside a model: what it is, what it needs, and the SHA-256 of each file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.plain import plain_reader
from trainer_tui.training.errors import ModelTrainerError

MANIFEST = "manifest.json"
SCHEMA = 1
PARTS = ("preprocessor", "model")


class ArtifactError(ModelTrainerError):
    """A saved model cannot be loaded, or must not be."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in it; `facts` is all of it."""

    folder: Path
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, Any]:
        """`format`, `version` and `files` (name → SHA-256) of the preprocessor or the model."""
        found = self.facts.get("parts", {}).get(name)
        if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
            raise ArtifactError(f"{self.folder / MANIFEST} says nothing of its {name}: save the model again.")
        return found


def sha256(path: Path) -> str:
    """Of a plain file, in hexadecimal."""
    with plain_reader(path) as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def version_of(files: dict[str, str]) -> str:
    """Twelve characters that no other content has, of name → SHA-256."""
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_manifest(folder: Path, expected: str = "") -> Manifest:
    """The manifest of a saved model; `expected`: the SHA-256 that it must have, when it was noted elsewhere.

    Raises ArtifactError when there is none, it is another's, or of a newer version.
    """
    path = folder / MANIFEST
    facts = read_json(path)
    if facts is None:
        raise ArtifactError(f"There is no saved model in {folder}: its {MANIFEST} is missing or no JSON.")
    if expected and sha256(path) != expected:
        raise ArtifactError(f"{path} is not the one that was noted when the model was saved.")
    if facts.get("schema") != SCHEMA:
        raise ArtifactError(f"{path} has the version {facts.get('schema')!r}; this program knows {SCHEMA}.")
    return Manifest(folder, facts)


def verify(manifest: Manifest) -> None:
    """Raises ArtifactError for the first file that is missing, or not as it was saved."""
    for name in PARTS:
        for file, digest in manifest.part(name)["files"].items():
            if Path(file).name != file or file.startswith("."):
                where = manifest.folder / MANIFEST
                raise ArtifactError(f"{where} names {file!r}, which is no file beside it.")
            path = manifest.folder / name / file
            try:
                found = sha256(path)
            except OSError as problem:
                raise ArtifactError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
            if found != digest:
                raise ArtifactError(f"{path} was changed after it was saved (SHA-256), so it is not loaded.")
