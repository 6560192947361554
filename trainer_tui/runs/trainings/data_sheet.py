"""What `data.json` says: the columns with what was inferred of them, and the quality check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer_tui.runs.text import clean
from trainer_tui.runs.trainings.plainly import count, number, rows, table, text, texts

SEVERITIES = ("critical", "warning", "info")

_ROWS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a check; every text is clean."""

    check: str
    severity: str
    """critical, warning or info."""
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    """The first row ids concerned."""
    affected: int = 0


@dataclass(frozen=True, slots=True)
class ColumnSheet:
    """One column of the source."""

    name: str
    kind: str
    missing: int
    distinct: int
    used: bool
    why: str


@dataclass(frozen=True, slots=True)
class RoleSheet:
    """The column that says which rows belong together, or when each was observed."""

    name: str
    distinct: int
    why: str
    span: str = ""
    """From when to when."""


@dataclass(frozen=True, slots=True)
class DataSheet:
    """The data of a training."""

    name: str
    source: str
    fingerprint: str
    rows: int
    features: int
    row_id: str
    target: str
    task: str
    unit: str
    target_why: str
    classes: tuple[tuple[str, int], ...]
    """(label, rows); empty for a regression."""
    target_range: str
    """Of a regression: from the lowest to the highest."""
    group: RoleSheet | None
    time: RoleSheet | None
    columns: tuple[ColumnSheet, ...]
    noticed: tuple[Found, ...]
    quality: str
    """PASSED, WARNING or FAILED; empty where nothing was checked."""
    score: float | None
    findings: tuple[Found, ...]
    checks: Mapping[str, str]
    """Check → passed, info, warning or critical."""


def found_of(value: Any) -> Found | None:
    """A finding from its JSON object."""
    said = table(value)
    message, check = text(said.get("message")), text(said.get("check"), 60)
    if not message and not check:
        return None
    severity = said.get("severity")
    return Found(
        check,
        severity if severity in SEVERITIES else "warning",
        message,
        texts(said.get("columns"), 60)[:50],
        texts(said.get("rows"), 60)[:_ROWS],
        count(said.get("affected")),
    )


def findings_of(value: Any) -> tuple[Found, ...]:
    """Findings, the worst first."""
    found = [one for each in rows(value) if (one := found_of(each)) is not None]
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


def data_of(document: Mapping[str, Any]) -> DataSheet:
    """The sheet in `data.json`."""
    data, quality = table(document.get("data")), table(document.get("quality"))
    target = table(data.get("target"))
    lowest, highest = number(target.get("lowest")), number(target.get("highest"))
    ranged = f"{lowest:.5g} to {highest:.5g}" if lowest is not None and highest is not None else ""
    return DataSheet(
        text(data.get("name"), 100),
        text(data.get("source"), 300),
        text(data.get("fingerprint"), 64),
        count(data.get("rows")),
        count(data.get("features")),
        text(data.get("row_id"), 60),
        text(target.get("name"), 60),
        text(target.get("task"), 20),
        text(target.get("unit"), 20),
        text(target.get("why")),
        tuple((clean(str(k), 60), count(v)) for k, v in table(target.get("classes")).items()),
        ranged,
        _role(data.get("group")),
        _role(data.get("time")),
        tuple(_column(each) for each in rows(data.get("columns")) if isinstance(each, dict)),
        findings_of(data.get("noticed")),
        text(quality.get("status"), 20),
        number(quality.get("overall_score")),
        findings_of(quality.get("findings")),
        {clean(str(k), 60): text(v, 20) for k, v in table(quality.get("checks")).items()},
    )


def _role(value: Any) -> RoleSheet | None:
    said = table(value)
    name = text(said.get("name"), 60)
    if not name:
        return None
    first, last = text(said.get("first"), 40), text(said.get("last"), 40)
    return RoleSheet(
        name,
        count(said.get("distinct")),
        text(said.get("why")),
        f"{first} to {last}" if first and last else "",
    )


def _column(said: Mapping[str, Any]) -> ColumnSheet:
    return ColumnSheet(
        text(said.get("name"), 60),
        text(said.get("kind"), 20),
        count(said.get("missing")),
        count(said.get("distinct")),
        said.get("used") is not False,
        text(said.get("why")),
    )
