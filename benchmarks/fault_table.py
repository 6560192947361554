"""What a fault is and what came of it: the words of `faults.py`, which prints the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one injection."""

    survived: bool
    """Whether the training went on as if nothing had happened (or ended as the fault itself ends it)."""
    lost: int = 0
    """Events, log lines or rows of metrics that should be told and are not."""
    doubled: int = 0
    """The same told twice."""
    seconds: float | None = None
    """From the moment somebody looks again to the right state; None where nothing has to come back."""
    wrong: str = ""
    """The promise that was broken, in words; empty: all kept."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to hurt us, and what is promised then."""

    name: str
    what: str
    """What is done, a few words for the table."""
    promise: str
    """What holds all the same, one sentence for `docs/reliability.md`."""
    inject: Callable[[Random], Outcome]
    """One injection in a project of its own, with everything it started ended afterwards."""
    times: int = 1
    """How often the table injects it."""
    needs: Callable[[], str] | None = None
    """Why it cannot be injected here (no right to mount, say); empty: it can."""
