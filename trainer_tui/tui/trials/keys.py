"""The keys of the Trials screen: for the footer, the help panel and the command palette."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

TRIALS_KEYS: tuple[Key, ...] = (
    Key(
        "tab,v",
        "pane(1)",
        "Page",
        "trials, data, evaluation: the next one",
        display="tab",
        group="Pages",
    ),
    Key("shift+tab,V", "pane(-1)", "Page before", "trials, data, evaluation: the one before", show=False),
    Key("enter", "open", "Open", "this trial in full, or the rows of this check", group="Looking"),
    Key("s", "sort", "Sort", "sort the trials by the next column"),
    Key("S", "turn", "Turn", "the other way round", show=False),
    Key("b", "best", "Best", "go to the best trial", show=False),
    Key(
        "p",
        "picture",
        "Picture",
        "another picture: best so far, a parameter, all parameters, importances",
        group="Pictures",
    ),
    Key("a", "algorithm", "Algorithm", "parameters of the next algorithm; curves of the next part"),
    Key("m", "parameter", "Parameter", "the next parameter against the value; curves of the next class"),
    Key("y", "copy", "Copy", "copy the parameters of this trial as JSON", show=False, group="Looking"),
    Key("up,k", "move(-1)", "Up", "to the row above", show=False, group="Moving"),
    Key("down,j", "move(1)", "Down", "to the row below", show=False),
    Key("pageup", "leaf(-1)", "Page up", "a page up", show=False),
    Key("pagedown,space", "leaf(1)", "Page down", "a page down", show=False),
    Key("home,g", "edge(False)", "Top", "to the first row", show=False),
    Key("end,G", "edge(True)", "End", "to the last row", show=False),
    Key("left", "side(-1)", "Checks", "to quality, split and leakage"),
    Key("right", "side(1)", "Columns", "to the columns"),
)

PAGES = (("trials", "Trials"), ("data", "Data"), ("evaluation", "Evaluation"))
"""Name and label of each page of the screen."""

ONLY: dict[str, tuple[str, ...]] = {
    "sort": ("trials",),
    "turn": ("trials",),
    "best": ("trials",),
    "copy": ("trials",),
    "open": ("trials", "data"),
    "picture": ("trials", "evaluation"),
    "algorithm": ("trials", "evaluation"),
    "parameter": ("trials", "evaluation"),
    "side": ("data",),
}
"""Actions that do something on some of the pages only."""
