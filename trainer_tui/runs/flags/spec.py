"""What a red flag is: its meaning, its source, its parameters; and how a project's settings tune it.

Plain data, so that settings, documents and detectors read one table. The detectors are in `failures.flags`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trainer_tui.runs.incident import Severity

Values = Mapping[str, float]
"""The parameters of one flag by name."""

FlagSettings = Mapping[str, Any]
"""Flag name → False (off), True (on), or a table of parameters, as in `{"plateau": {"rows": 200}}`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a flag can be tuned with."""

    name: str
    default: float
    unit: str
    meaning: str
    low: float = 0.0
    high: float = 1e9

    @property
    def whole(self) -> bool:
        """Whether it counts something: then only whole numbers are allowed."""
        return isinstance(self.default, int)

    @property
    def allowed(self) -> str:
        """`a whole number from 3 to 1000`."""
        kind = "a whole number" if self.whole else "a number"
        low, high = (f"{end:.0f}" if end == int(end) else f"{end:.10g}" for end in (self.low, self.high))
        return f"{kind} from {low} to {high}"

    def takes(self, value: Any) -> bool:
        """Whether a value of the settings is one of this parameter's."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Flag:
    """One red flag."""

    name: str
    watches: Literal["history", "machine"]
    severity: Severity
    """The highest it is raised with; a detector may find a case less severe."""
    meaning: str
    """When it is raised, in one sentence; parameters stand in braces."""
    hypotheses: tuple[str, ...]
    """Likely causes and first things to try, most likely first."""
    source: str
    parameters: tuple[Parameter, ...] = ()
    quiet_while: tuple[str, ...] = ()
    """Flags that say the same better: while one of them is up, this one is not raised."""

    @property
    def defaults(self) -> dict[str, float]:
        """Every parameter with its default."""
        return {parameter.name: parameter.default for parameter in self.parameters}


def tuned(flags: Iterable[Flag], settings: FlagSettings) -> dict[str, dict[str, float]]:
    """The parameters of each flag that is on. What the settings of another version hold is ignored."""
    found = {}
    for flag in flags:
        setting = settings.get(flag.name, True)
        if setting is False:
            continue
        own = setting if isinstance(setting, Mapping) else {}
        known = {p.name: own[p.name] for p in flag.parameters if p.takes(own.get(p.name))}
        found[flag.name] = {**flag.defaults, **known}
    return found


def merged(base: FlagSettings, own: FlagSettings) -> dict[str, Any]:
    """The settings of a project with those of one model over them, parameter by parameter."""
    result: dict[str, Any] = {name: _copy(value) for name, value in base.items()}
    for name, value in own.items():
        before = result.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[name] = {**before, **value} if both else _copy(value)  # type: ignore[dict-item]
    return result


def faults(flags: Iterable[Flag], settings: FlagSettings) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with settings: the path below them, and a sentence that says what is allowed."""
    known = {flag.name: flag for flag in flags}
    found: list[tuple[tuple[str, ...], str]] = []
    for name, value in settings.items():
        flag = known.get(name)
        if flag is None:
            found.append(((name,), _unknown("flag", name, list(known))))
        elif isinstance(value, Mapping):
            found += [((name, *path), wrong) for path, wrong in _table_faults(flag, value)]
        elif not isinstance(value, bool):
            ways = "true, false" + (f" or a table with {_names(flag)}" if flag.parameters else "")
            found.append(((name,), f"{_shown(value)} is not allowed; allowed: {ways}"))
    return found


def _table_faults(flag: Flag, table: Mapping[str, Any]) -> Iterable[tuple[tuple[str, ...], str]]:
    parameters = {parameter.name: parameter for parameter in flag.parameters}
    for key, value in table.items():
        if key not in parameters:
            yield (key,), _unknown("parameter", key, list(parameters))
        elif not parameters[key].takes(value):
            yield (key,), f"{_shown(value)} is not allowed; allowed: {parameters[key].allowed}"


def _unknown(what: str, name: str, known: list[str]) -> str:
    if not known:
        return f"there is no such {what}; allowed: none, only true and false for the whole flag"
    import difflib

    near = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"there is no such {what}; {hint}allowed: {', '.join(known)}"


def _names(flag: Flag) -> str:
    return ", ".join(parameter.name for parameter in flag.parameters)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
