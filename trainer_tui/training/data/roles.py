"""Which column is the target, the groups, the times: as declared, else inferred where there is no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from trainer_tui.training.data import words, written
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import brief

if TYPE_CHECKING:
    from trainer_tui.training.data.cells import Cells
    from trainer_tui.training.data.raw import Raw
    from trainer_tui.training.spec import TrainSpec

SHOWN_NAMES = 12
FEWEST_PEOPLE = 10
"""A column that is only named `patient` must have as many different values to be taken for the groups."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of columns, empty where there is none, and how they were found."""

    target: str
    target_why: str
    group: str = ""
    group_why: str = ""
    time: str = ""
    time_why: str = ""
    row_id: str = ""


def roles(columns: Mapping[str, Cells], raw: Raw, spec: TrainSpec) -> Roles:
    """Raises DataSourceError: a column that is not there, a target or group that could be several, one column
    twice."""
    for name in (spec.target, spec.row_id, *spec.drop):
        _must_exist(name, columns, raw)
    target, target_why = _target(columns, raw, spec)
    taken = {target, spec.row_id, *spec.drop}
    group, group_why = _group(columns, raw, spec, taken)
    time, time_why = _time(columns, raw, spec, taken | {group})
    found = Roles(target, target_why, group, group_why, time, time_why, spec.row_id)
    _only_once(found, spec)
    return found


def _must_exist(name: str, columns: Mapping[str, Cells], raw: Raw) -> None:
    if not name or name in columns:
        return
    near = get_close_matches(name, columns, n=1, cutoff=0.6)
    hint = f" did you mean {near[0]}?" if near else ""
    raise DataSourceError(f"{raw.source} has no column {name}:{hint or ' it has ' + _listed(columns) + '.'}")


def _listed(names: Mapping[str, Cells] | list[str]) -> str:
    listed = list(names)
    rest = len(listed) - SHOWN_NAMES
    return ", ".join(brief(name) for name in listed[:SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _target(columns: Mapping[str, Cells], raw: Raw, spec: TrainSpec) -> tuple[str, str]:
    if spec.target:
        return spec.target, ""
    if raw.target:
        return raw.target, raw.target_why
    matches = [name for name in columns if name.lower() in words.TARGETS and name not in spec.drop]
    if len(matches) == 1:
        return matches[0], f"inferred from its name; --target names another column than {matches[0]}"
    candidates = matches or [name for name in columns if name not in (*spec.drop, spec.row_id)]
    which = "several columns could be it" if matches else "no column is named as one"
    raise DataSourceError(
        f"Which column of {raw.source} is the target? {which}: give --target {_listed(candidates)}."
    )


def _group(columns: Mapping[str, Cells], raw: Raw, spec: TrainSpec, taken: set[str]) -> tuple[str, str]:
    if spec.group == words.NONE and words.NONE not in columns:
        return "", ""
    if spec.group or (raw.group and raw.group not in taken):
        _must_exist(spec.group, columns, raw)
        return spec.group or raw.group, "" if spec.group else raw.role_why
    matches = [name for name, column in columns.items() if name not in taken and _is_group(column)]
    if len(matches) > 1:
        raise DataSourceError(
            f"Rows of one person must stay in one split, and several columns of {raw.source} could name "
            f"people: give --group {', '.join(matches)} or {words.NONE}."
        )
    if not matches:
        return "", ""
    return matches[0], (
        "inferred: its name says people, its values repeat; its rows stay in one split (--group "
        f"{words.NONE}: they need not)"
    )


def _is_group(column: Cells) -> bool:
    present = len(column.values) - column.missing
    if not words.is_group_name(column.name) or not 2 <= column.distinct < present:
        return False
    if not (column.form == "text" or column.whole):
        return False
    return words.is_id_name(column.name) or column.distinct >= FEWEST_PEOPLE


def _time(columns: Mapping[str, Cells], raw: Raw, spec: TrainSpec, taken: set[str]) -> tuple[str, str]:
    if spec.time == words.NONE and words.NONE not in columns:
        return "", ""
    if spec.time or (raw.time and raw.time not in taken):
        name = spec.time or raw.time
        _must_exist(name, columns, raw)
        _must_be_time(columns[name], raw)
        return name, "" if spec.time else raw.role_why
    moments = [name for name, column in columns.items() if column.form == "moment" and name not in taken]
    if len(moments) != 1 or moments[0].lower() not in words.TIMES:
        return "", ""
    return moments[0], (
        "inferred: the only column of dates; the rows are split by it, the newest last (--time "
        f"{words.NONE}: they are not)"
    )


def _must_be_time(column: Cells, raw: Raw) -> None:
    if column.form in ("moment", "number"):
        return
    examples = ""
    if column.form == "text":
        strange = [
            text
            for text in column.values.unique().to_pylist()
            if text and written.dates([text.strip()]) is None
        ]
        examples = ", ".join(repr(brief(text)) for text in strange[:3])
    why = column.how or (f"it has {examples}" if examples else f"it is {column.form}")
    raise DataSourceError(
        f"The column {column.name} of {raw.source} cannot be read as times: {why}; write dates as "
        "2024-12-31 or 2024-12-31T23:59, or numbers that grow with time."
    )


def _only_once(found: Roles, spec: TrainSpec) -> None:
    given = [("target", found.target), ("group", found.group), ("time", found.time), ("row id", found.row_id)]
    given += [("left out", name) for name in spec.drop]
    seen: dict[str, str] = {}
    for role, name in given:
        if name and name in seen and {role, seen[name]} != {"group", "row id"}:
            raise DataSourceError(
                f"The column {name} cannot be both {seen[name]} and {role}: name another one."
            )
        if name:
            seen[name] = role
