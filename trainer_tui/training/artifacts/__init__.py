"""A trained model and its preprocessor as files: saved apart, versioned, checked before they are used again.

Imports nothing heavy; each function brings what it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainer_tui.training.artifacts.manifest import ArtifactError, Manifest, read_manifest

if TYPE_CHECKING:
    from trainer_tui.training.artifacts.predicting import predict
    from trainer_tui.training.artifacts.store import Loaded, Saved, load, save

__all__ = ["ArtifactError", "Loaded", "Manifest", "Saved", "load", "predict", "read_manifest", "save"]

_HOMES = {"Loaded": "store", "Saved": "store", "load": "store", "predict": "predicting", "save": "store"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
