"""What the cockpit is built from, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.state import RunState


@dataclass(frozen=True, slots=True)
class Cockpit:
    """Everything the screens need to know of the world outside."""

    model: ModelFolder
    diary: Path
    """The lab notebook, `output/dev_diary.md`."""
    project_name: str
    retry: Callable[[], object]
    """Starts the next attempt; called in a thread. What it raises is shown as one sentence."""
    revive: Callable[[], object]
    """Starts a supervisor for the living run; called in a thread."""
    theme: str = "auto"
    """What `[screen] theme` says."""


@dataclass(frozen=True, slots=True)
class Departure:
    """How the screens were left: what the command line tells the user."""

    state: RunState | None
    """The run as it was seen last; None when there was none."""
    signal: int | None = None
    """The signal that closed the screens, e.g. SIGTERM."""
    unsaved: tuple[Path, ...] = ()
    """Files that hold diary text which could not be written into the diary."""

    crashed: bool = False
    """Whether an error of ours closed them; it was printed already."""

    @property
    def goes_on(self) -> bool:
        """Whether the run, or the judgement of it, goes on without the screens."""
        return self.state is not None and not self.state.over
