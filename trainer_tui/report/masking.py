"""No secret leaves on a page: what looks like one is hidden, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from trainer_tui.runs.text import clean_lines
from trainer_tui.supervise.surroundings import is_secret

HIDDEN = "•••"

_IN_ADDRESS = re.compile(r"(://[^/\s@:]*:)[^/\s@]+(?=@)")
"""The password of an address."""

_OPTION = re.compile(r"(-{1,2}[A-Za-z][\w.-]*|[A-Za-z_]\w*)=(.*)", re.S)
_SECRET_OPTION = re.compile(
    r"(?:^|[-_.])(?:(?:api|access|private|secret)?[-_]?key|token|secret|passw(?:or)?d|passphrase|credentials?|auth)$",
    re.I,
)
"""Narrower than for variables: `--tokenizer` and `--max-tokens` are everyday options of a training script."""

_SHORTEST = 6
"""Characters of a value that is looked for in other texts; shorter ones are words of everyday."""

_LONGEST_LINE = 20_000

_T = TypeVar("_T")


def masked_values(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables, the values of those that look like secrets hidden."""
    return {name: HIDDEN if is_secret(name, value) else value for name, value in environ.items()}


def masked_command(words: Sequence[str]) -> list[str]:
    """The words of a command line, without the values of `--token X`, `--api-key=X` or `TOKEN=X`."""
    found: list[str] = []
    value_follows = False
    for word in words:
        option = _OPTION.fullmatch(word)
        if value_follows and not word.startswith("-"):
            found.append(HIDDEN)
        elif option is not None and _SECRET_OPTION.search(option[1]):
            found.append(f"{option[1]}={HIDDEN}")
        else:
            found.append(word)
        value_follows = option is None and word.startswith("-") and bool(_SECRET_OPTION.search(word))
    return found


def secrets_of(environ: Mapping[str, str], words: Sequence[str] = ()) -> frozenset[str]:
    """The secret values among variables and the words of a command, to be hidden wherever they stand."""
    values = {value for name, value in environ.items() if is_secret(name, value)}
    for word, shown in zip(words, masked_command(words), strict=True):
        if word != shown:
            option = _OPTION.fullmatch(word)
            values.add(option[2] if option is not None else word)
    return frozenset(v for v in values if len(v) >= _SHORTEST and not v.isdigit() and v[0] not in "./~")


def masked(thing: _T, secrets: Iterable[str]) -> _T:
    """A page, or any part of one, with these values and the passwords of addresses hidden in every text.

    Whatever else a text holds, control sequences are gone from it afterwards.
    """
    longest_first = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
    result: _T = _mapped(thing, pattern)
    return result


def _mapped(thing: Any, pattern: re.Pattern[str] | None) -> Any:
    if isinstance(thing, str):
        text = clean_lines(thing, _LONGEST_LINE)
        text = pattern.sub(HIDDEN, text) if pattern is not None else text
        return _IN_ADDRESS.sub(rf"\1{HIDDEN}", text) if "://" in text else text
    if isinstance(thing, tuple):
        # Most of a page is numbers of curves, which hold nothing to hide.
        return thing if thing and isinstance(thing[0], float) else tuple(_mapped(t, pattern) for t in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        changed = {f.name: _mapped(getattr(thing, f.name), pattern) for f in fields(thing)}
        return replace(thing, **changed)
    return thing
