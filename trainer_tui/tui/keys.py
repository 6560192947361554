"""The keys of the Watch screen: one table for the footer, the help panel and the command palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One key and what it does."""

    key: str
    action: str
    label: str
    help: str
    show: bool = True
    display: str | None = None

    @property
    def identity(self) -> str:
        """The name under which a keymap can move it."""
        return "watch." + self.label.lower().replace(" ", "-")


WATCH_KEYS: tuple[Key, ...] = (
    Key("e", "diary", "Diary", "write up what broke, what was tried, what fixed it, why"),
    Key("slash", "search", "Search", "look for a text in the log", display="/"),
    Key("l", "log", "Log", "the log alone, or all panes again"),
    Key("g", "gates", "Gates", "the checklist with its sentences and what to do"),
    Key("m", "metric", "Metric", "plot the next group of metrics"),
    Key("s", "stack", "Stack", "where the process was when it fell silent"),
    Key("p", "pause", "Pause", "hold the process where it is, or let it go on"),
    Key("x", "stop", "Stop", "end the run, after a question"),
    Key("k", "skip", "Skip quick", "end the quick phase and start the full one; needs a reason"),
    Key("R", "retry", "Retry", "start the next attempt of a run that has ended", display="R"),
    Key("w", "note", "Note", "write a note into the run's record", show=False),
    Key("n", "match(True)", "Next match", "go to the next line that was searched for", show=False),
    Key("N", "match(False)", "Previous match", "go to the line before that was searched for", show=False),
    Key("f,end,G", "follow", "Follow", "go to the end of the log and stay there", show=False),
    Key("L", "log_scale", "Logarithmic", "switch the plot's axis: linear or logarithmic", show=False),
    Key("escape", "restore", "All panes", "show every pane again", show=False),
)


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The table as the library wants it."""
    return [Binding(k.key, k.action, k.label, k.show, k.display, tooltip=k.help, id=k.identity) for k in keys]
