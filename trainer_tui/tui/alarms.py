"""Which diary entries open by themselves; `runs.occasions` says what somebody who does not look is told."""

from __future__ import annotations

from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import REASONS, Tone


def tone_of(reason: str) -> Tone:
    """What an end means; one of a newer version, whose meaning is not known, is bad."""
    known = REASONS.get(str(reason))
    return known.tone if known is not None else "bad"


class EntryWatch:
    """Tells diary entries that come while somebody looks from those that were there before."""

    def __init__(self) -> None:
        self._known: dict[str, set[int]] = {}

    def news(self, state: RunState) -> list[int]:
        """Entries to open now: new ones, as soon as the failure they are about is certain."""
        if not self._known:
            # What stands in the diary when the screen opens is old; of a run that begins later nothing is.
            self._known[state.name] = {number for number, _ in state.diary}
        known = self._known.setdefault(state.name, set())
        fates = {incident.id: incident.fate for incident in state.incidents}
        certain = state.over and tone_of(state.reason) == "bad"
        found = [
            number
            for number, incident in state.diary
            if number not in known and (certain or fates.get(incident) == "confirmed")
        ]
        known.update(found)
        return found
