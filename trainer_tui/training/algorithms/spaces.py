"""Search spaces: the document's form (a list of choices, a pair low and high), with log, whole numbers and
conditions.

    {"kernel": ["rbf", "poly"], "C": (0.01, 100, "log"),
     "degree": {"low": 2, "high": 4, "int": True, "when": {"kernel": ["poly"]}}}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer_tui.training.errors import HyperparameterTuningError

FORMS = (
    'a list of choices, (low, high), (low, high, "log" | "int" | "log-int"), '
    'or {"low", "high", "log", "int", "when"}'
)
_FLAGS = {"log": (True, False), "int": (False, True), "log-int": (True, True), "": (False, False)}
_KEYS = {"low", "high", "log", "int", "choices", "when"}
_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True, slots=True)
class Dimension:
    """One hyperparameter: choices, or the numbers from `low` to `high`, both included."""

    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    when: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """It is there only where each of these other hyperparameters has one of these values."""

    @property
    def labels(self) -> list[Any]:
        """The choices as a storage can keep them: plain values as they are, tuples as text."""
        return [choice if isinstance(choice, _PLAIN) else repr(choice) for choice in self.choices]


Space = dict[str, Dimension]


def parse(space: Mapping[str, Any], owner: str = "") -> Space:
    """A space in any of the `FORMS`, each dimension after those that it depends on. Raises
    HyperparameterTuningError."""
    where = f"the search space of {owner}" if owner else "the search space"
    found = {name: _dimension(value, f"{name} in {where}") for name, value in space.items()}
    ordered: Space = {}
    waiting = dict(found)
    while waiting:
        ready = {name: dim for name, dim in waiting.items() if set(dim.when) <= set(ordered)}
        if not ready:
            name, dim = next(iter(waiting.items()))
            others = ", ".join(dim.when)
            raise HyperparameterTuningError(
                f"{name} in {where} depends on {others}, which is not there or depends on it: correct its "
                "`when`."
            )
        ordered |= ready
        waiting = {name: dim for name, dim in waiting.items() if name not in ready}
    return ordered


def _dimension(value: Any, where: str) -> Dimension:
    if isinstance(value, Dimension):
        return value
    if isinstance(value, Mapping):
        return _from_mapping(value, where)
    if isinstance(value, list):
        return Dimension(_choices(value, where))
    if isinstance(value, tuple) and len(value) in (2, 3):
        flag = value[2] if len(value) == 3 else ""
        if not isinstance(flag, str) or flag not in _FLAGS:
            raise HyperparameterTuningError(f"{where} ends in {flag!r}: allowed are log, int and log-int.")
        log, whole = _FLAGS[flag]
        return _range(value[0], value[1], log, whole, {}, where)
    raise HyperparameterTuningError(f"{where} is {value!r}: write it as {FORMS}.")


def _from_mapping(value: Mapping[str, Any], where: str) -> Dimension:
    if unknown := sorted(str(key) for key in value if key not in _KEYS):
        raise HyperparameterTuningError(
            f"{where} has {', '.join(unknown)}: known are {', '.join(sorted(_KEYS))}."
        )
    when_raw = value.get("when", {})
    if not isinstance(when_raw, Mapping):
        raise HyperparameterTuningError(f"`when` of {where} is {when_raw!r}: write it as {{name: [values]}}.")
    when = {
        str(name): tuple(values) if isinstance(values, list | tuple) else (values,)
        for name, values in when_raw.items()
    }
    if "choices" in value:
        # JSON knows no tuples: a list among the choices of a mapping stands for one.
        choices = [tuple(c) if isinstance(c, list) else c for c in value["choices"]]
        return Dimension(_choices(choices, where), when=when)
    if "low" not in value or "high" not in value:
        raise HyperparameterTuningError(f"{where} has neither choices nor low and high: write it as {FORMS}.")
    log, whole = bool(value.get("log", False)), bool(value.get("int", False))
    return _range(value["low"], value["high"], log, whole, when, where)


def _choices(values: list[Any], where: str) -> tuple[Any, ...]:
    if not values:
        raise HyperparameterTuningError(f"{where} has no choice: name at least one.")
    for number, choice in enumerate(values, start=1):
        try:
            hash(choice)
        except TypeError:
            raise HyperparameterTuningError(
                f"Choice {number} of {where} is a {type(choice).__name__}: allowed are numbers, texts, True, "
                "False, None and tuples of them; write a list as a tuple."
            ) from None
    keys = [(type(choice), choice) for choice in values]
    if len(set(keys)) < len(keys):
        raise HyperparameterTuningError(f"{where} has a choice twice: name each once.")
    return tuple(values)


def _range(
    low: Any, high: Any, log: bool, whole: bool, when: dict[str, tuple[Any, ...]], where: str
) -> Dimension:
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end):
            raise HyperparameterTuningError(
                f"{where} ends at {end!r}: a range goes from one finite number to another."
            )
    if low > high:
        raise HyperparameterTuningError(f"{where} goes from {low} to {high}: the low end comes first.")
    if log and low <= 0:
        raise HyperparameterTuningError(f"{where} is logarithmic from {low}: its low end must be above 0.")
    if whole and (low != int(low) or high != int(high)):
        raise HyperparameterTuningError(
            f"{where} counts in whole numbers from {low} to {high}: both ends must be whole."
        )
    return Dimension(low=low, high=high, log=log, whole=whole, when=when)


def to_plain(space: Space) -> dict[str, dict[str, Any]]:
    """The space for JSON; `parse` takes it back."""
    plain: dict[str, dict[str, Any]] = {}
    for name, dim in space.items():
        plain[name] = (
            {"choices": list(dim.choices)}
            if dim.choices
            else {"low": dim.low, "high": dim.high, "log": dim.log, "int": dim.whole}
        )
        if dim.when:
            plain[name]["when"] = {other: list(values) for other, values in dim.when.items()}
    return plain


def suggest(trial: Any, space: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Hyperparameters for an Optuna trial, under their own names; in the trial they are called `prefix` +
    name."""
    chosen: dict[str, Any] = {}
    for name, dim in parse(space).items():
        if not _applies(dim, chosen):
            continue
        key = prefix + name
        if dim.choices:
            label = trial.suggest_categorical(key, dim.labels)
            chosen[name] = dim.choices[_position(dim.labels, label)]
        elif dim.whole:
            chosen[name] = trial.suggest_int(key, int(dim.low), int(dim.high), log=dim.log)
        else:
            chosen[name] = trial.suggest_float(key, dim.low, dim.high, log=dim.log)
    return chosen


def fixed(space: Space, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What of these values lies in the space, as a trial would have it, under `prefix` + name: for trials to
    begin with."""
    chosen: dict[str, Any] = {}
    result: dict[str, Any] = {}
    for name, dim in space.items():
        if name not in values or not _applies(dim, chosen):
            continue
        value = values[name]
        if dim.choices:
            known = [
                k for k, choice in enumerate(dim.choices) if type(choice) is type(value) and choice == value
            ]
            inside = bool(known)
            kept = dim.labels[known[0]] if known else None
        else:
            inside = isinstance(value, int | float) and dim.low <= value <= dim.high
            kept = value
        if inside:
            chosen[name], result[prefix + name] = value, kept
    return result


def _applies(dim: Dimension, chosen: Mapping[str, Any]) -> bool:
    return all(other in chosen and chosen[other] in values for other, values in dim.when.items())


def _position(labels: list[Any], label: Any) -> int:
    return next(k for k, own in enumerate(labels) if type(own) is type(label) and own == label)
