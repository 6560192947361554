"""How often something was tried: runs of one phase since the last of them that passed, in whatever watch."""

from __future__ import annotations

from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import observe

AT_MOST = 50
"""Earlier runs that are looked at."""


def tried_before(model: ModelFolder, number: int, phase: str) -> list[RunFolder]:
    """The runs of this phase before that number and after the last one that passed, oldest first."""
    found: list[RunFolder] = []
    for earlier in model.newest_first():
        if earlier.number < number and earlier.phase == phase:
            if observe(earlier).passed:
                break
            found.append(earlier)
            if len(found) == AT_MOST:
                break
    return found[::-1]
