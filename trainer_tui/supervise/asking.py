"""Asking something of a watch and waiting for the answer: for the command line and for the screens."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from trainer_tui.runs.control import Request, ask
from trainer_tui.runs.events import read_events
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.supervise import start

ANSWER_WITHIN_S = 15.0
ASK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request."""

    run: RunFolder | None
    """The run that was asked last; None when there was none to ask."""
    identity: str = ""
    """The request's id."""
    outcome: str = ""
    """The supervisor's sentence; empty when it did not answer."""
    over: bool = False
    """Whether the watch is over and nobody will answer any more."""

    @property
    def accepted(self) -> bool:
        """Whether it was answered, and not refused."""
        return bool(self.outcome) and not self.outcome.startswith("refused")

    @property
    def text(self) -> str:
        """The outcome, or that there was none."""
        if self.outcome:
            return self.outcome
        if self.run is None:
            return "there is no run to ask"
        if self.over:
            return "no answer: it has ended, and nothing follows it"
        return f"no answer within {ANSWER_WITHIN_S:.0f} s; the request stays in {self.run.control.name}"


def ask_and_wait(
    model: ModelFolder,
    request: Request,
    fields: dict[str, Any],
    *,
    watch: int | None = None,
    leave: threading.Event | None = None,
) -> Answer:
    """Ask the model's newest run and return the answer, after `ANSWER_WITHIN_S` at the latest.

    A run that ends before it answers passes the question on to the run after it. With `watch` only runs of
    that watch are asked: whoever confirms a question late means what was running when it was put. `leave`
    ends the waiting, not the request. Raises OSError when the request cannot be written.
    """
    leave = leave or threading.Event()
    until = time.monotonic() + ANSWER_WITHIN_S
    asked: RunFolder | None = None
    identity = ""
    while time.monotonic() < until:
        latest = model.newest()
        if latest is not None and latest != asked:
            if watch is not None and _watch_of(latest) != watch:
                return Answer(latest, identity, f"refused: {latest.name} is of another watch; ask again")
            asked, identity = latest, ask(latest, request, **fields)
        if asked is not None:
            over = not start.is_unfinished(model)
            outcome = _answer(asked, identity)
            if outcome or over:
                return Answer(asked, identity, outcome, over)
        if leave.wait(ASK_EVERY_S):
            break
    return Answer(asked, identity)


def _watch_of(run: RunFolder) -> int | None:
    request = run.request()
    return request.watch if request is not None else None


def _answer(run: RunFolder, identity: str) -> str:
    events = (e for e in read_events(run.events) if e["kind"] == "control" and e.get("id") == identity)
    return next((str(event.get("outcome", "")) for event in events), "")
