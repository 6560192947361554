"""When to call for a person: which diary entries open by themselves, and when the bell rings."""

from __future__ import annotations

from trainer_tui.runs.state import RunState


def has_failed(state: RunState) -> bool:
    """Whether something certainly went wrong. What a user stopped did not fail."""
    failure = state.failure
    if failure is not None and failure.fate == "confirmed":
        return True
    return state.over and state.reason not in ("passed", "stopped-by-user")


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
        certain = state.over and not state.passed
        found = [
            number
            for number, incident in state.diary
            if number not in known and (certain or fates.get(incident) == "confirmed")
        ]
        known.update(found)
        return found
