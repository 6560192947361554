"""Which runs of a long list are wanted, and in which order: filter words and sort columns. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from trainer_tui.runs.catalog.summary import RunSummary

_TERM = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
_ALIASES = {"tags": "tag", "state": "status"}
_ENDS = {"good": "passed", "neutral": "stopped", "bad": "failed"}


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter, lower case; `field` empty: anywhere."""

    text: str
    field: str = ""
    not_so: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """By which column, and whether the largest comes first."""

    column: str = "started"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column that the list can be sorted by."""

    name: str
    of: Callable[[RunSummary], Any]
    """What is compared; None where it is not known, which comes last either way."""
    descending: bool = False
    """Which way is asked for first."""


_RANK = {"running": 0, "paused": 0, "stopping": 0, "starting": 0, "finishing": 1, "incomplete": 4}
"""What lives comes first, then what failed."""

SORT_COLUMNS: tuple[SortColumn, ...] = (
    SortColumn("started", lambda run: (run.started or run.created, run.changed_ns), descending=True),
    SortColumn("run", lambda run: (run.model, run.number)),
    SortColumn(
        "state",
        lambda run: (_RANK.get(run.status, 2 if run.tone == "bad" else 3), run.word) if run.status else None,
    ),
    SortColumn("took", lambda run: run.duration_s, descending=True),
    SortColumn("memory", lambda run: run.peak_bytes, descending=True),
    SortColumn("best", lambda run: run.best),
    SortColumn("steps", lambda run: run.steps, descending=True),
    SortColumn("tags", lambda run: run.tags or None),
)
"""In the order in which a key goes through them."""

_BY_NAME = {column.name: column for column in SORT_COLUMNS}


def parse_filter(text: str) -> tuple[Term, ...]:
    """`model:model_3 -tag:old "out of memory"` as terms; an unknown word before a colon is text."""
    terms = []
    for sign, name, quoted, word in _TERM.findall(text.casefold()):
        name = _ALIASES.get(name, name)
        value = quoted or word
        if name and name not in FIELDS:
            name, value = "", f"{name}:{value}"
        if value and not (value[-1] == ":" and _ALIASES.get(value[:-1], value[:-1]) in FIELDS):
            terms.append(Term(value, name, bool(sign)))
    return tuple(terms)


def haystack(run: RunSummary, field: str = "") -> str:
    """What a run can be found by, in lower case: one field of it, or all."""
    if field:
        return _TEXTS[field](run).casefold()
    return "\n".join([text(run) for text in _TEXTS.values()]).casefold()


_TEXTS: dict[str, Callable[[RunSummary], str]] = {
    "model": lambda run: f"{run.model} #{run.number} {run.folder}",
    "phase": lambda run: run.phase,
    "status": lambda run: " ".join(
        (run.status, run.reason, _kind(run), "blind" if run.blind else "", run.suspected)
    ),
    "reason": lambda run: f"{run.reason} {run.sentence}",
    "tag": lambda run: " ".join(run.tags),
    "note": lambda run: run.note,
    "host": lambda run: run.host,
    "user": lambda run: run.user,
}

FIELDS = tuple(_TEXTS)
"""What may stand before a colon in a filter."""


def sort_runs(runs: Iterable[RunSummary], order: Order) -> list[RunSummary]:
    """The runs in this order; what is not known comes last, and equal ones newest first."""
    found = list(runs)
    if order.column != "started":
        found.sort(key=lambda run: (run.created, run.changed_ns), reverse=True)
    value = _BY_NAME.get(order.column, SORT_COLUMNS[0]).of
    values = [value(run) for run in found]
    known = [pair for pair in zip(values, found, strict=True) if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=order.descending)
    rest = [run for key, run in zip(values, found, strict=True) if key is None]
    return [run for _, run in known] + rest


def next_order(order: Order, column: str | None = None) -> Order:
    """The order after a column was asked for: turned round if it is that already. None: the next column."""
    if column == order.column:
        return Order(column, not order.descending)
    if column is None:
        names = list(_BY_NAME)
        at = names.index(order.column) if order.column in names else -1
        column = names[(at + 1) % len(names)]
    wanted = _BY_NAME.get(column)
    return order if wanted is None else Order(column, wanted.descending)


class Shortlist:
    """Filters and sorts again and again; what each run can be found by is worked out once."""

    def __init__(self) -> None:
        self._hays: dict[str, _Hays] = {}

    def of(self, runs: Iterable[RunSummary], text: str, order: Order) -> list[RunSummary]:
        """The runs that have every word of the filter, in order."""
        for term in parse_filter(text):
            hays = self._hays.setdefault(term.field, _Hays(term.field))
            runs = [run for run in runs if (term.text in hays.of(run)) is not term.not_so]
        return sort_runs(runs, order)


class _Hays:
    """What runs are found by in one field. Plain texts in a dict: Python's collector passes over them."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._runs: dict[str, RunSummary] = {}
        self._texts: dict[str, str] = {}

    def of(self, run: RunSummary) -> str:
        """The text for a run, made anew when the run is another one by now."""
        key = run.key
        if self._runs.get(key) is not run:
            self._runs[key] = run
            self._texts[key] = haystack(run, self._field)
        return self._texts[key]


def _kind(run: RunSummary) -> str:
    if run.living:
        return "living"
    return _ENDS[run.tone] if run.over else ""
