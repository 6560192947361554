"""Why a part is closed, in one sentence that says who evaluated it, when, and how it is unlocked."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.training.database.entries import Evaluation, Grant
from trainer_tui.training.database.moments import day

SHORT = 16
"""Characters of a split id that are shown, as in the names of its files."""


def told(entry: Evaluation) -> str:
    """`on 2026-01-25 14:00 UTC by cancer/002-full (ada@gpu01, final evaluation)`."""
    end = "" if entry.state == "recorded" else ", which ended before it had written its metrics"
    return f"on {day(entry.opened_at)} by {entry.training_run_id} ({entry.opened_by}, {entry.purpose}){end}"


def how(split_id: str, part: str) -> str:
    """The command that unlocks a part."""
    count = "one more" if part == "test" else "one"
    return f'`trainer-tui train unlock {split_id[:SHORT]} --{part} --why "…"` allows {count}, and records it'


def refusal(split_id: str, part: str, known: bool, entries: Sequence[Evaluation]) -> str:
    """Why nobody is let at a part; entries: those of the same data, oldest first."""
    short = split_id[:SHORT]
    if not known:
        return f"Split {short} is not registered, so its {part} part cannot be opened: register it first."
    if part == "holdout":
        since = f"; it was evaluated {told(entries[-1])}" if entries else ""
        return f"The holdout of split {short} is locked{since}: {how(split_id, part)}."
    if not entries:
        return f"The test part of split {short} cannot be opened: the database refused the entry."
    own = [entry for entry in entries if entry.split_id == split_id]
    last = (own or entries)[-1]
    which = "" if own else f" as split {last.split_id[:SHORT]}"
    return f"The test part of split {short} was evaluated{which} {told(last)}: {how(split_id, part)}."


def unlocked_already(grant: Grant) -> str:
    """Why there is no second unlock."""
    return (
        f"The {grant.part} part of split {grant.split_id[:SHORT]} was unlocked on {day(grant.granted_at)} by "
        f'{grant.granted_by} ("{grant.reason}"), and not evaluated since: it is open for one evaluation.'
    )
