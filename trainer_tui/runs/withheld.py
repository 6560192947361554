"""What `run.json` does not say: secret values of a run, in a file that its owner alone can read.

`run.json` is for everybody who may read the folder; the shim and the supervisor put both together again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.plain import PRIVATE_MODE
from trainer_tui.runs.secrets import masked_document

FILE = "secrets.json"
MARK = "withheld"
"""Key of `run.json`: how many values stand in the other file."""

_PLACES: tuple[tuple[str, ...], ...] = (
    ("command",),
    ("env",),
    ("plan", "command"),
    ("plan", "env"),
    ("plan", "index_url"),
    ("plan", "notify_command"),
)
"""Where a request may have secrets; everything else of it are numbers, names and what a person wrote."""


def write_request(path: Path, document: Mapping[str, Any]) -> None:
    """Write a `run.json`, and its secrets beside it first. Raises OSError when the disk refuses."""
    shown: dict[str, Any] = copy.deepcopy(dict(document))
    values: list[list[Any]] = []
    for place in _PLACES:
        table = _at(shown, place[:-1])
        if isinstance(table, dict) and place[-1] in table:
            whole = table[place[-1]]
            table[place[-1]] = masked_document(whole, key=place[-1])
            values += [[[*place, *where], text] for where, text in _changed(whole, table[place[-1]])]
    if values:
        replace_json(path.with_name(FILE), {"values": values}, mode=PRIVATE_MODE)
        shown[MARK] = len(values)
    replace_json(path, shown)


def read_request(path: Path) -> dict[str, Any] | None:
    """The document in a `run.json`, whole where we may read its secrets; None when there is none."""
    document = read_json(path)
    if document is None or not document.get(MARK):
        return document
    found = (read_json(path.with_name(FILE)) or {}).get("values")
    for pair in found if isinstance(found, list) else ():
        _put(document, pair)
    return document


def _changed(whole: Any, shown: Any) -> Iterator[tuple[list[Any], str]]:
    """Where two documents of one form differ, and what stands in the first."""
    if isinstance(whole, str):
        if whole != shown:
            yield [], whole
        return
    pairs: Any = ()
    if isinstance(whole, Mapping):
        pairs = whole.items()
    elif isinstance(whole, list | tuple):
        pairs = enumerate(whole)
    for key, value in pairs:
        for where, text in _changed(value, shown[key]):
            yield [key, *where], text


def _at(document: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _put(document: Any, pair: Any) -> None:
    """Put one value where it belongs; what fits nowhere is passed over."""
    try:
        (*place, last), text = pair
        table = _at(document, tuple(place))
        if isinstance(text, str) and isinstance(table[last], str):
            table[last] = text
    except (TypeError, ValueError, KeyError, IndexError):
        return
