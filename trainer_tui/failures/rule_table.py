"""The table of rules, by precedence: of several that match a line, the most severe and then the first wins.

The families stand in `rule_tables`. Patterns quote what the tools themselves print; they never quote advice
("try setting ..."), because advice is also printed by runs that are well.
"""

from __future__ import annotations

from trainer_tui.failures.rule_tables import (
    data,
    gpu,
    launchers,
    locales,
    memory,
    native,
    numbers,
    outside,
    platforms,
    programs,
    studies,
    tools,
)
from trainer_tui.failures.rules import Rule

DEFAULT: tuple[Rule, ...] = (
    *memory.RULES,
    *gpu.RULES,
    *native.RULES,
    *data.RULES,
    *outside.RULES,
    *launchers.RULES,
    *studies.RULES,
    *platforms.RULES,
    *numbers.RULES,
    *programs.RULES,
    *tools.RULES,
    *locales.RULES,
)
