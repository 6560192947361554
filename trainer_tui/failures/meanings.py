"""One sentence for every incident: what happened, whoever found it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from trainer_tui.failures.rule_table import DEFAULT
from trainer_tui.failures.rules import Rule
from trainer_tui.runs.incident import Incident

# What the readers find without a rule of the table.
_READERS: dict[str, str] = {
    "traceback": "The script raised an exception.",
    "exception": "An exception was printed without its traceback.",
    "side-thread": "An exception ended a thread or a task; the script goes on without it.",
    "data-thread": "The thread that hands batches to the training ended; training waits for it, or ends too.",
    "exception-ignored": "An exception was raised while something was cleaned up, and ignored.",
    "teardown": "An exception was raised while something was cleaned up, and ignored.",
}
_LOGGED = "The program logged an error"
_UNKNOWN = "no rule knows what it means; read the line"


def meaning_of(incident: Incident, rules: Iterable[Rule] = DEFAULT) -> str:
    """What happened, in one sentence; "" for incidents that no log made."""
    if incident.rule == "logged-error":
        return f"{_LOGGED}; {_UNKNOWN}." if incident.kind == "unclassified" else f"{_LOGGED}."
    known = _by_id(tuple(rules)).get(incident.rule)
    return known if known is not None else _READERS.get(incident.rule, "")


@lru_cache(maxsize=4)
def _by_id(rules: tuple[Rule, ...]) -> dict[str, str]:
    return {rule.id: rule.meaning for rule in rules}
