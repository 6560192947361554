"""How one object becomes files and an object again, the safest way first.

| format | for | what loading can do |
|---|---|---|
| lightgbm-text | a LightGBM estimator | read its own text |
| xgboost-json | an XGBoost estimator | read its own JSON |
| safetensors | the torch MLP | read arrays and a JSON of hyperparameters |
| skops | everything of scikit-learn, ensembles too | make objects of the types on two lists |
| pickle | what none of these takes | run any code: only on explicit demand |
"""

from __future__ import annotations

import importlib
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import replace_atomic, replace_json
from trainer_tui.training.artifacts.manifest import ArtifactError
from trainer_tui.training.artifacts.trusted import TRUSTED
from trainer_tui.training.evaluation.plain import plain

Write = Callable[[Any, Path, str], list[str]]
"""(object, folder, stem) → names of the files written."""
Read = Callable[[Path, str, dict[str, Any]], Any]
"""(folder, stem, facts of the manifest) → the object."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to keep an object."""

    name: str
    takes: Callable[[Any], bool]
    write: Write
    read: Read


def _is(*places: str) -> Callable[[Any], bool]:
    """Whether an object is of exactly one of these classes, `module.Class`."""
    return lambda one: f"{type(one).__module__}.{type(one).__qualname__}" in places


def is_safe(file: Path) -> tuple[str, ...]:
    """Types in a skops file that are on no list; empty: it may be loaded."""
    import skops.io

    return tuple(sorted(set(skops.io.get_untrusted_types(file=file)) - TRUSTED))


# --------------------------------------------------------------------------------------------- boosters


class LightGBMText:
    """A booster read from its text, with the interface of the estimator that it was."""

    def __init__(self, booster: Any, classes: list[int] | None) -> None:
        self.booster = booster
        if classes is not None:
            import numpy as np

            self.classes_ = np.array(classes)

    def predict_proba(self, X: Any) -> Any:
        """(n, p) → (n, k)."""
        import numpy as np

        found = np.asarray(self.booster.predict(X))
        return np.vstack((1.0 - found, found)).T if found.ndim == 1 else found

    def predict(self, X: Any) -> Any:
        """(n, p) → (n,) codes, or numbers."""
        if hasattr(self, "classes_"):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self.booster.predict(X)


def _write_lightgbm(model: Any, folder: Path, stem: str) -> list[str]:
    replace_atomic(folder / f"{stem}.txt", model.booster_.model_to_string(num_iteration=-1).encode())
    classes = [int(one) for one in model.classes_] if hasattr(model, "classes_") else None
    replace_json(folder / f"{stem}.json", {"classes": classes, "params": plain(model.get_params())})
    return [f"{stem}.txt", f"{stem}.json"]


def _read_lightgbm(folder: Path, stem: str, facts: dict[str, Any]) -> Any:
    import lightgbm

    booster = lightgbm.Booster(model_str=(folder / f"{stem}.txt").read_text())
    return LightGBMText(booster, json.loads((folder / f"{stem}.json").read_text())["classes"])


def _write_xgboost(model: Any, folder: Path, stem: str) -> list[str]:
    raw = model.get_booster().save_raw(raw_format="json")
    replace_atomic(folder / f"{stem}.json", bytes(raw))
    return [f"{stem}.json"]


def _read_xgboost(folder: Path, stem: str, facts: dict[str, Any]) -> Any:
    import xgboost

    model = xgboost.XGBRegressor() if facts.get("task") == "regression" else xgboost.XGBClassifier()
    model.load_model(folder / f"{stem}.json")
    return model


# ------------------------------------------------------------------------------------- arrays, skops, pickle

_MLP = "trainer_tui.training.algorithms.torch_mlp"


def _write_safetensors(model: Any, folder: Path, stem: str) -> list[str]:
    import numpy as np
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in model.arrays().items()}
    replace_atomic(folder / f"{stem}.safetensors", save(arrays))
    replace_json(
        folder / f"{stem}.json", {"class": type(model).__name__, "params": plain(model.get_params())}
    )
    return [f"{stem}.safetensors", f"{stem}.json"]


def _read_safetensors(folder: Path, stem: str, facts: dict[str, Any]) -> Any:
    from safetensors.numpy import load

    said = json.loads((folder / f"{stem}.json").read_text())
    if said.get("class") not in ("TorchMLPClassifier", "TorchMLPRegressor"):
        raise ArtifactError(f"{folder / stem}.json names no class that we know, so the model is not loaded.")
    made = getattr(importlib.import_module(_MLP), said["class"])(**said["params"])
    return made.with_arrays(load((folder / f"{stem}.safetensors").read_bytes()))


def _write_skops(thing: Any, folder: Path, stem: str) -> list[str]:
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = skops.io.dumps(thing)
    except (UnsupportedTypeException, TypeError, NotImplementedError) as problem:
        raise NotTakenError(str(problem)) from problem
    path = folder / f"{stem}.skops"
    replace_atomic(path, data)
    unknown = is_safe(path)
    if unknown:
        path.unlink()
        raise NotTakenError(f"{', '.join(unknown)} is on no list of trusted types")
    return [path.name]


def _read_skops(folder: Path, stem: str, facts: dict[str, Any]) -> Any:
    import skops.io

    path = folder / f"{stem}.skops"
    unknown = is_safe(path)
    if unknown:
        raise ArtifactError(
            f"{path} holds {', '.join(unknown)}, which no file of ours holds, so it is not loaded."
        )
    return skops.io.load(path, trusted=sorted(TRUSTED & set(skops.io.get_untrusted_types(file=path))))


def _write_pickle(thing: Any, folder: Path, stem: str) -> list[str]:
    replace_atomic(folder / f"{stem}.pkl", pickle.dumps(thing, protocol=5))
    return [f"{stem}.pkl"]


def _read_pickle(folder: Path, stem: str, facts: dict[str, Any]) -> Any:
    return pickle.loads((folder / f"{stem}.pkl").read_bytes())


class NotTakenError(Exception):
    """This format cannot keep that object; the next one is tried."""


PICKLE = "pickle"

FORMATS: tuple[Format, ...] = (
    Format(
        "lightgbm-text",
        _is("lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor"),
        _write_lightgbm,
        _read_lightgbm,
    ),
    Format(
        "xgboost-json",
        _is("xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor"),
        _write_xgboost,
        _read_xgboost,
    ),
    Format(
        "safetensors",
        _is(f"{_MLP}.TorchMLPClassifier", f"{_MLP}.TorchMLPRegressor"),
        _write_safetensors,
        _read_safetensors,
    ),
    Format("skops", lambda one: True, _write_skops, _read_skops),
    Format(PICKLE, lambda one: True, _write_pickle, _read_pickle),
)


def write(thing: Any, folder: Path, stem: str) -> tuple[str, list[str], str]:
    """Keeps it in the first format that takes it: (format, file names, why it is only a pickle or empty)."""
    why = ""
    for way in FORMATS:
        if not way.takes(thing):
            continue
        try:
            return way.name, way.write(thing, folder, stem), why if way.name == PICKLE else ""
        except NotTakenError as problem:
            why = str(problem)
    raise ArtifactError(f"A {type(thing).__name__} cannot be saved in any format.")


def read(name: str, folder: Path, stem: str, facts: dict[str, Any], allow_pickle: bool) -> Any:
    """The object of that format. Raises ArtifactError for an unknown one, and for a pickle that is not
    allowed."""
    ways = {way.name: way for way in FORMATS}
    if name not in ways:
        raise ArtifactError(f"{folder} says its {stem} is in the format {name!r}, which is not known here.")
    if name == PICKLE and not allow_pickle:
        raise ArtifactError(
            f"The {stem} in {folder} is a pickle, which can run any code when it is loaded: load it with "
            "allow_pickle=True only if you know where it comes from."
        )
    return ways[name].read(folder, stem, facts)
