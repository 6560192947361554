"""What is known of an algorithm, and how an estimator is made of it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from trainer_tui.training.algorithms.spaces import Space, parse

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task

Staged = Literal["", "warm_start", "lightgbm", "xgboost", "torch"]

CALIBRATION_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the table; `training.algorithms.table` has them all."""

    name: str
    family: str
    framework: str
    classifier: str = ""
    """Where its class is, `module:Class`; empty: it cannot classify."""
    regressor: str = ""
    needs: str = "sklearn"
    """The module that must be installed."""
    scale: bool = False
    """It wants features of mean 0 and variance 1."""
    scale_target: bool = False
    """In regression it wants a target of mean 0 and variance 1."""
    calibrate: bool = False
    """It has no probabilities of its own: they are calibrated on folds of train."""
    one_vs_rest: bool = False
    """With more than two classes it is trained for each of them: its own vote ranks badly."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    space_both: Mapping[str, Any] = field(default_factory=dict)
    classify: Mapping[str, Any] = field(default_factory=dict)
    """Defaults in classification beside or instead of `defaults`."""
    regress: Mapping[str, Any] = field(default_factory=dict)
    classify_space: Mapping[str, Any] = field(default_factory=dict)
    regress_space: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that are no hyperparameters."""
    seeded: str = "random_state"
    """The argument that takes the seed; empty: it draws nothing at random."""
    threads: str = ""
    """The argument that takes the number of threads."""
    staged: Staged = ""
    """How it is trained in stages, so that a trial can be given up early."""
    rounds: str = ""
    """The hyperparameter that counts its iterations."""
    cost: int = 1
    """Order in which the search begins: 1 is cheapest."""
    max_rows: int | None = None
    """Train rows above which the search passes it over: its time or memory grows faster than them."""
    max_rows_classes: int | None = None
    """The same in classification, where that is less."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What it can do."""
        return (("binary", "multiclass") if self.classifier else ()) + (
            ("regression",) if self.regressor else ()
        )

    def available(self) -> bool:
        """Whether the package that it needs is installed; nothing is imported."""
        return importlib.util.find_spec(self.needs) is not None

    def suits(self, task: Task, rows: int) -> bool:
        """Whether a search over so many train rows should try it."""
        limits = [self.max_rows, self.max_rows_classes if task != "regression" else None]
        return task in self.tasks and all(limit is None or rows <= limit for limit in limits)

    def defaults_for(self, task: Task) -> dict[str, Any]:
        """Its hyperparameters where nobody says anything else."""
        return {**self.defaults, **(self.regress if task == "regression" else self.classify)}

    def space_for(self, task: Task) -> Space:
        """What the search varies."""
        own = self.regress_space if task == "regression" else self.classify_space
        return parse({**self.space_both, **own}, self.name)

    def make(
        self,
        params: Mapping[str, Any],
        task: Task,
        seed: int = 0,
        classes: Sequence[Any] = (),
        threads: int = 1,
    ) -> Any:
        """An unfitted estimator with scikit-learn's interface. Classifiers have `predict_proba`; the target
        they learn from are the codes 0 … k−1 of the classes, in whatever unit regressors learn, they predict
        in it."""
        location = self.regressor if task == "regression" else self.classifier
        if not location:
            raise ValueError(f"{self.name} is not for {task}")
        module, _, name = location.partition(":")
        given = {**self.fixed, **self.defaults_for(task), **params}
        if self.seeded:
            given[self.seeded] = seed
        if self.threads:
            given[self.threads] = threads
        estimator = getattr(importlib.import_module(module), name)(**_tuples(given))
        if task == "regression":
            return _with_scaled_target(estimator) if self.scale_target else estimator
        if self.one_vs_rest and task == "multiclass":
            estimator = _one_vs_rest(estimator)
        return _calibrated(estimator, task) if self.calibrate else estimator


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples: sizes of layers come back from it as lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _with_scaled_target(estimator: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(estimator, transformer=StandardScaler())


def _one_vs_rest(estimator: Any) -> Any:
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(estimator)


def _calibrated(estimator: Any, task: Task) -> Any:
    """One model on all rows, its scores made probabilities by those of models on folds. Source: Platt 1999;
    for several classes one temperature (Guo et al. 2017)."""
    from sklearn.calibration import CalibratedClassifierCV

    method = "sigmoid" if task == "binary" else "temperature"
    return CalibratedClassifierCV(estimator, method=method, cv=CALIBRATION_FOLDS, ensemble=False)
