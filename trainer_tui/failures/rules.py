"""What a rule is, and how a list of rules is checked.

A rule says which text in a log means what. Rules are data (`rule_table.DEFAULT`, and whatever a user adds);
this module only gives them a shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trainer_tui.runs.incident import SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern and what it means.

    `pattern` and `unless` are regular expressions without look-around and back-references, matched against
    one line at a time; `(?i)` at the start ignores case. A rule whose `pattern` matches is silent if
    `unless` matches the same line. Lines logged at level INFO or WARNING only ever give a notice, unless
    `any_level`.
    """

    id: str
    severity: Severity
    kind: str
    pattern: str
    meaning: str
    """One sentence: what happened."""
    hypotheses: tuple[str, ...] = ()
    """Likely causes and first things to try, most likely first."""
    unless: str = ""
    any_level: bool = False
    consequence: bool = False
    """What it reports follows from another failure (launchers, other ranks): it is attached to that one."""
    herald: bool = False
    """It announces a traceback: where one follows on the next line, that says it all."""
    last_words: bool = False
    """A warning that is an error where nothing follows in the log."""
    sieve: str = ""
    """A pattern that finds at least the lines of `pattern`, and faster; empty: the pattern itself."""
    behind_hash: bool = False
    """It is printed behind a `#`: a line that looks like a comment counts."""
    own: bool = False
    """A user's: where it matches, no built-in rule has a say."""


_ANCHORS_OF_A_BLOCK = re.compile(r"\\[AZz]")


def check(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules as a tuple; raises ValueError, naming the rule, if one cannot be used."""
    seen: set[str] = set()
    checked = tuple(rules)
    for rule in checked:
        if rule.id in seen:
            raise ValueError(f"Rule {rule.id!r} is defined twice.")
        seen.add(rule.id)
        if rule.severity not in SEVERITIES:
            raise ValueError(
                f"Rule {rule.id!r} has severity {rule.severity!r}; use one of {', '.join(SEVERITIES)}."
            )
        if not rule.pattern:
            raise ValueError(f"Rule {rule.id!r} has an empty pattern.")
        for pattern in (rule.pattern, rule.unless, rule.sieve):
            if _ANCHORS_OF_A_BLOCK.search(pattern):
                raise ValueError(
                    f"Rule {rule.id!r} uses \\A, \\Z or \\z; use ^ and $, which mean the line's ends."
                )
    return checked
