"""The train and validation rows as arrays, preprocessed once; workers map the files of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matrices:
    """Features by whether they are scaled; targets."""

    train: dict[bool, Floats]
    validation: dict[bool, Floats]
    y_train: npt.NDArray[Any]
    y_validation: npt.NDArray[Any]
    alike: bool = True
    """Scaled or not, the columns mean the same: members of an ensemble may share the scaled ones."""

    @property
    def cells(self) -> int:
        """Train rows times columns."""
        return int(max(X.size for X in self.train.values()))


def prepare(
    dataset: Dataset,
    rows_train: npt.NDArray[np.intp],
    rows_validation: npt.NDArray[np.intp],
    scales: Iterable[bool],
) -> Matrices:
    """Preprocessors are fitted on the train rows alone, one for each of `scales`."""
    from trainer_tui.training.preprocess import make_preprocessor, statistics  # a worker needs no pandas

    X, y = dataset.X, dataset.y.to_numpy()
    train: dict[bool, Floats] = {}
    validation: dict[bool, Floats] = {}
    coded = False
    for scale in sorted(set(scales)):
        preprocessor = make_preprocessor(dataset, scale)
        train[scale] = np.ascontiguousarray(preprocessor.fit_transform(X.iloc[rows_train], y[rows_train]))
        validation[scale] = np.ascontiguousarray(preprocessor.transform(X.iloc[rows_validation]))
        coded |= any(c["encoding"] == "codes" for c in statistics(preprocessor)["categorical"].values())
    return Matrices(train, validation, y[rows_train], y[rows_validation], alike=not coded)


def save(matrices: Matrices, folder: Path) -> None:
    """Writes one .npy file an array."""
    for scale in matrices.train:
        np.save(folder / f"train-{int(scale)}.npy", matrices.train[scale])
        np.save(folder / f"validation-{int(scale)}.npy", matrices.validation[scale])
    np.save(folder / "y-train.npy", matrices.y_train)
    np.save(folder / "y-validation.npy", matrices.y_validation)


def load(folder: Path) -> Matrices:
    """What `save` wrote; features are mapped, not read."""
    scales = [scale for scale in (False, True) if (folder / f"train-{int(scale)}.npy").exists()]
    return Matrices(
        {scale: np.load(folder / f"train-{int(scale)}.npy", mmap_mode="r") for scale in scales},
        {scale: np.load(folder / f"validation-{int(scale)}.npy", mmap_mode="r") for scale in scales},
        np.load(folder / "y-train.npy"),
        np.load(folder / "y-validation.npy"),
    )
