"""The note on a run that opened no diary entry by itself: its numbers filled in, the why left to a person."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

from trainer_tui.diary import EntryFacts, entries_for_run, open_entry, read
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import PHASE_TITLES, RunRequest
from trainer_tui.runs.secrets import mapped, masked_text, secrets_of
from trainer_tui.runs.state import RunState
from trainer_tui.supervise.writeup import changes_since_last_good, tries
from trainer_tui.tui.desk import PATIENCE_S

_LAST_ROWS = 5
_CHANGES_LIMIT = 12_000


def note_on_newest(diary: Path, model: ModelFolder) -> int | None:
    """The newest entry about the model's newest run, a note opened now if it has none; None without a run.

    Raises OSError when the diary cannot be read or written.
    """
    run = model.newest()
    if run is None:
        return None
    known = entries_for_run(read(diary), run.name)
    if known:
        return known[-1].number
    follower = RunFollower(run, log_lines=0)
    try:
        follower.poll_history()
        follower.poll_state()
        request = follower.request
        if request is None:
            return None
        facts = _facts(model, follower, request)
    finally:
        follower.close()
    return open_entry(diary, facts, PATIENCE_S)


def _facts(model: ModelFolder, follower: RunFollower, request: RunRequest) -> EntryFacts:
    run, state = follower.run, follower.state
    failure = state.failure
    known = secrets_of({**request.plan.env, **request.env}, request.command)
    facts = EntryFacts(
        when=datetime.now().strftime("%Y-%m-%d %H:%M"),
        phase=PHASE_TITLES[request.phase],
        model=request.model,
        run=request.name,
        author=request.user,
        # A certain one is what the supervisor's own entry, which a full disk may have put off, is about.
        incident=failure if failure is not None and failure.fate == "confirmed" else None,
        last_metrics=follower.history.tail(_LAST_ROWS),
        changes=changes_since_last_good(model, run)[:_CHANGES_LIMIT],
        command=shlex.join(request.command),
        log=_relative(run.log(), Path(request.plan.root)),
        attempt=len(tries(model, run)),
        duration_s=state.duration_s,
        outcome=_outcome(state),
    )
    return mapped(facts, lambda text: masked_text(text, known))


def _outcome(state: RunState) -> str:
    if state.over:
        return "passed" if state.passed else f"ended ({state.reason})"
    return f"is {state.status}"


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
