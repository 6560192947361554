"""A user's own rules: `[[rules]]` tables of the settings become rules of the scanner."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trainer_tui.failures.rule_table import DEFAULT
from trainer_tui.failures.rules import Rule, check
from trainer_tui.runs.incident import SEVERITIES

_REQUIRED = ("id", "pattern")
_TEXTS = ("id", "pattern", "severity", "kind", "meaning", "unless")
_ALLOWED = (*_TEXTS, "hypotheses", "any_level")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LONGEST = 2000
"""Characters of a pattern; a longer one is a table of words, and belongs into several rules."""


def rules_from(tables: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The rules in `[[rules]]` tables, in their order, to be used as `[*rules_from(tables), *DEFAULT_RULES]`.

    Keys: `id` and `pattern`; if wanted `severity` (error), `kind` (the id), `meaning`, `hypotheses` (a text
    or a list of texts), `unless`, `any_level` (true: also lines logged as INFO or WARNING count). Raises
    ValueError, one sentence with the rule's name and what is allowed; also for a pattern that the automaton
    cannot match in linear time.
    """
    tables = list(tables)
    for _, wrong in faults(tables):
        raise ValueError(wrong)
    return [_rule(number, table) for number, table in enumerate(tables, 1)]


def rule_set(tables: Iterable[Mapping[str, Any]] = (), disabled: Iterable[str] = ()) -> tuple[Rule, ...]:
    """All rules for a log: the user's own first, then the built-in ones without those that were switched off.

    Raises ValueError, one sentence, for what cannot be used.
    """
    disabled = list(disabled)
    for _, wrong in faults((), disabled):
        raise ValueError(wrong)
    return (*rules_from(tables), *(rule for rule in DEFAULT if rule.id not in disabled))


def faults(
    tables: Iterable[Mapping[str, Any]], disabled: Sequence[str] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a user's rules: where (`("rules", 2)`, `("disable_rules", 0)`), and one sentence."""
    known = {rule.id for rule in DEFAULT}
    seen: set[str] = set()
    for number, table in enumerate(tables, 1):
        try:
            rule = _rule(number, table)
            if rule.id in known:
                raise ValueError(f"Rule {rule.id!r} has the id of a built-in rule; choose another one.")
            if rule.id in seen:
                raise ValueError(f"Rule {rule.id!r} is defined twice.")
            seen.add(rule.id)
            from trainer_tui.failures.automaton import compiles

            compiles(check([rule]))
        except ValueError as error:
            yield ("rules", number - 1), str(error)
    for index, name in enumerate(disabled):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield ("disable_rules", index), f"There is no built-in rule {name!r}{hint or '.'}"


def _rule(number: int, table: Mapping[str, Any]) -> Rule:
    if not isinstance(table, Mapping):
        raise ValueError(f"Rule {number} is not a table; write [[rules]] above its keys.")
    name = repr(table["id"]) if isinstance(table.get("id"), str) and table["id"] else str(number)
    for key in table:
        if key not in _ALLOWED:
            raise ValueError(f"Rule {name} has the unknown key {key!r}; allowed are {', '.join(_ALLOWED)}.")
    for key in _REQUIRED:
        if key not in table:
            raise ValueError(f"Rule {name} has no {key!r}; a rule needs {' and '.join(_REQUIRED)}.")
    for key in _TEXTS:
        if key in table and not (isinstance(table[key], str) and table[key].strip()):
            raise ValueError(f"Rule {name} has {key} = {table[key]!r}; it must be a text that is not empty.")
    if not _ID.fullmatch(table["id"]):
        raise ValueError(f"Rule {name} has an id that is not made of small letters, digits and hyphens.")
    severity = table.get("severity", "error")
    if severity not in SEVERITIES:
        allowed = ", ".join(SEVERITIES)
        raise ValueError(f"Rule {name} has severity {severity!r}; allowed are {allowed}.")
    for key in ("pattern", "unless"):
        if len(table.get(key, "")) > _LONGEST:
            raise ValueError(f"Rule {name} has a {key} of more than {_LONGEST} characters; split the rule.")
    any_level = table.get("any_level", False)
    if not isinstance(any_level, bool):
        raise ValueError(f"Rule {name} has any_level = {any_level!r}; allowed are true and false.")
    return Rule(
        table["id"],
        severity,
        table.get("kind", table["id"]),
        table["pattern"],
        table.get("meaning", ""),
        _hypotheses(name, table.get("hypotheses", ())),
        table.get("unless", ""),
        any_level,
        own=True,
    )


def _hypotheses(name: str, value: object) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"Rule {name} has hypotheses = {value!r}; allowed are a text or a list of texts.")
    return tuple(text for text in texts if text.strip())
