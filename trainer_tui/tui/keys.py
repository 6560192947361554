"""The keys of the Watch screen: one table for the footer, the help and the command palette."""

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
    group: str = ""
    """Under which heading the help lists it; empty: that of the key before, or of the screen."""

    @property
    def identity(self) -> str:
        """The name under which a keymap can move it, behind that of its place."""
        return self.label.lower().replace(" ", "-")


WATCH_KEYS: tuple[Key, ...] = (
    Key("e", "diary", "Diary", "write up what broke, what was tried, what fixed it, why", group="The run"),
    Key("slash", "search", "Search", "look for a text in the log", display="/", group="Log"),
    Key("z", "zoom", "Zoom", "the log alone, or all panes again", show=False, group="Panes"),
    Key("g", "gates", "Gates", "the checklist with its sentences and what to do", group="The run"),
    Key("m", "metric", "Metric", "plot the next group of metrics", group="Panes"),
    Key("s", "stack", "Stack", "what the process does or waits for now, with its stacks", group="The run"),
    Key("p", "pause", "Pause", "hold the process where it is, or let it go on", group="The run"),
    Key("x", "stop", "Stop", "end the run, after a question", group="The run"),
    Key(
        "k",
        "skip",
        "Skip quick",
        "end the quick phase and start the full one; needs a reason",
        group="The run",
    ),
    Key(
        "R", "retry", "Retry", "start the next attempt of a run that has ended", display="R", group="The run"
    ),
    Key("w", "note", "Note", "write a note into the run's record", show=False, group="The run"),
    Key(
        "n", "match(True)", "Next match", "go to the next line that was searched for", show=False, group="Log"
    ),
    Key(
        "N",
        "match(False)",
        "Previous match",
        "go to the line before that was searched for",
        show=False,
        group="Log",
    ),
    Key("f,end,G", "follow", "Follow", "go to the end of the log and stay there", show=False, group="Log"),
    Key(
        "L",
        "log_scale",
        "Logarithmic",
        "switch the plot's axis: linear or logarithmic",
        show=False,
        group="Panes",
    ),
    Key("escape", "restore", "All panes", "show every pane again", show=False, group="Panes"),
)


TABLES: dict[str, tuple[Key, ...]] = {}
"""Every table of keys by the name that its bindings' ids begin with; filled when its screen is imported."""


def bindings(keys: tuple[Key, ...], place: str = "watch") -> list[BindingType]:
    """The table of a place as the library wants it; the help finds it by its name."""
    TABLES[place] = keys
    return [
        Binding(k.key, k.action, k.label, k.show, k.display, tooltip=k.help, id=f"{place}.{k.identity}")
        for k in keys
    ]
