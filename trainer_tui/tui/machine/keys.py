"""The keys of the Machine screen."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

MACHINE_KEYS: tuple[Key, ...] = (
    Key("s", "sort", "Sort", "processes as a tree, by CPU, by memory"),
    Key("z", "zoom", "Zoom", "the processes alone, or everything again"),
    Key("y", "copy", "Copy", "copy the command line of this process"),
    Key("up,k", "move(-1)", "Up", "to the process above", show=False),
    Key("down,j", "move(1)", "Down", "to the process below", show=False),
    Key("pageup", "leaf(-1)", "Page up", "a page of processes up", show=False),
    Key("pagedown,space", "leaf(1)", "Page down", "a page of processes down", show=False),
    Key("home,g", "edge(False)", "Top", "to the first process", show=False),
    Key("end,G", "edge(True)", "End", "to the last process", show=False),
    Key("left_square_bracket", "charts(-1)", "Charts up", "scroll the charts up", show=False, display="["),
    Key(
        "right_square_bracket", "charts(1)", "Charts down", "scroll the charts down", show=False, display="]"
    ),
    Key("escape", "restore", "Back", "everything again, then the Watch screen", show=False),
)
