"""The target: which task it is, the classes behind the codes, which class is the positive one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.data import words
from trainer_tui.training.dataset import TASKS, Task
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import brief

if TYPE_CHECKING:
    from trainer_tui.training.data.cells import Cells
    from trainer_tui.training.spec import TrainSpec

MOST_NUMBERED_CLASSES = 20
"""So many different whole numbers are taken for classes; with more, the target is a quantity."""

ROWS_A_CLASS = 3
"""Whole numbers that repeat less than that are a quantity, in a small table."""

CLASSIFICATION = "classification"
"""Accepted as a task: binary or multiclass, by the number of classes."""


@dataclass(frozen=True, slots=True)
class Target:
    """y of the rows that have one."""

    y: npt.NDArray[Any]
    """int64 codes, or float64 in regression."""
    task: Task
    classes: tuple[Any, ...]
    why: str


def target(column: Cells, spec: TrainSpec, labels: tuple[Any, ...] = (), why: str = "") -> Target:
    """The target of n rows, none of which lacks it. Raises DataSourceError, what was asked does not suit the
    values."""
    if spec.task not in ("", CLASSIFICATION, *TASKS):
        raise DataSourceError(
            f"There is no task {spec.task!r}: take one of {', '.join(TASKS)}, or leave it out."
        )
    if column.form == "moment":
        raise DataSourceError(f"The target {column.name} holds dates: name a column of numbers or classes.")
    regression, guess = (spec.task == "regression", "") if spec.task else _is_regression(column)
    reasons = [part for part in (why, column.how, guess) if part]
    if regression:
        if column.form not in ("number", "boolean"):
            raise DataSourceError(
                f"The target {column.name} holds text, and regression needs numbers: take the task "
                f"{CLASSIFICATION}."
            )
        if spec.positive:
            raise DataSourceError(f"Regression has no positive class: leave out --positive {spec.positive}.")
        return Target(column.values.astype(np.float64), "regression", (), "; ".join(reasons))
    codes, classes = _coded(column, labels)
    task: Task = "binary" if len(classes) <= 2 else "multiclass"
    if spec.task not in ("", CLASSIFICATION, task):
        raise DataSourceError(
            f"The target {column.name} has {len(classes)} classes, which is not {spec.task}: leave the task "
            f"out or say {task}."
        )
    codes, classes, chosen = _positive_last(codes, classes, spec.positive, column, bool(labels))
    reasons += [chosen] if chosen else []
    return Target(codes, task, classes, "; ".join(reasons))


def _is_regression(column: Cells) -> tuple[bool, str]:
    if column.form != "number" or column.distinct <= 2:
        return False, ""
    present = len(column.values) - column.missing
    if (
        column.whole
        and column.distinct <= MOST_NUMBERED_CLASSES
        and column.distinct * ROWS_A_CLASS <= present
    ):
        return (
            False,
            f"{column.distinct} different whole numbers, taken for classes (--task regression: a quantity)",
        )
    return True, "numbers, taken for a quantity: regression"


def _coded(column: Cells, labels: tuple[Any, ...]) -> tuple[npt.NDArray[np.int64], tuple[Any, ...]]:
    """Codes 0 … k−1 in the order of the sorted values, and the values; a format's own labels in their
    place."""
    classes: tuple[Any, ...]
    if column.form == "text":
        coded = column.values.dictionary_encode()
        values = np.array(coded.dictionary.to_pylist(), dtype=object)
        order = np.argsort(values, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return rank[coded.indices.to_numpy(zero_copy_only=False)], tuple(values[order])
    values, codes = np.unique(column.values, return_inverse=True)
    if column.form == "boolean":
        pair = column.labels or (False, True)
        classes = tuple(pair[int(v)] for v in values)
    elif column.whole:
        classes = tuple(int(v) for v in values)
        if len(labels) == len(classes) and classes == tuple(range(len(classes))):
            classes = labels
    else:
        classes = tuple(float(v) for v in values)
    return codes.astype(np.int64), classes


def _positive_last(
    codes: npt.NDArray[np.int64], classes: tuple[Any, ...], wanted: str, column: Cells, coded_there: bool
) -> tuple[npt.NDArray[np.int64], tuple[Any, ...], str]:
    """For two classes the positive one gets the code 1."""
    texts = [str(label) for label in classes]
    if wanted and wanted not in texts:
        listed = ", ".join(brief(text) for text in texts[:10]) + (" …" if len(texts) > 10 else "")
        raise DataSourceError(f"The target {column.name} has no class {wanted!r}: its classes are {listed}.")
    if len(classes) != 2:
        if wanted and len(classes) > 2:
            raise DataSourceError(
                f"The target {column.name} has {len(classes)} classes: only two have a positive one."
            )
        return codes, classes, ""
    if wanted:
        first = texts.index(wanted) == 0
        return (1 - codes, classes[::-1], "") if first else (codes, classes, "")
    if coded_there:
        return codes, classes, f"positive class: {texts[1]}, as the set codes it"
    known = [k for k, text in enumerate(texts) if text.strip().lower() in words.POSITIVE]
    if len(known) == 1:
        chosen = f"positive class: {texts[known[0]]}, by its name"
        return (1 - codes, classes[::-1], chosen) if known[0] == 0 else (codes, classes, chosen)
    return codes, classes, f"positive class: {texts[1]}, the last in order (--positive names another)"
