"""The keys of the Curves and the History screen: for the footer, the help panel and the command palette."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

CURVE_KEYS: tuple[Key, ...] = (
    Key("m", "metric", "Metric", "show train and validation of the next metric", group="Curves"),
    Key("slash", "filter", "Find", "look for a column by its name", display="/"),
    Key("a", "runs", "Add runs", "compare with other runs, of this model or another"),
    Key("s", "smooth(1)", "Smooth", "average over more of the past; the raw curve stays behind it"),
    Key("S", "smooth(-1)", "Less smooth", "average over less of the past", show=False),
    Key("L", "log_scale", "Log", "switch the y axis: linear or logarithmic", display="L"),
    Key("t", "axis", "Time", "switch the x axis: steps, wall time, rows", group="Axes"),
    Key("plus,equals_sign", "zoom(1)", "Zoom", "show less of the x axis, larger", display="+"),
    Key("minus,underscore", "zoom(-1)", "Zoom out", "show more of the x axis", show=False, display="-"),
    Key("i", "zoom_y(1)", "Zoom y", "show less of the y axis, larger", show=False),
    Key("o", "zoom_y(-1)", "Zoom y out", "show more of the y axis", show=False),
    Key("0", "all", "All", "show all of both axes again", show=False),
    Key(
        "left",
        "cross(-1)",
        "Crosshair left",
        "read the values one step further left",
        show=False,
        group="Reading",
    ),
    Key("right", "cross(1)", "Crosshair right", "read the values one step further right", show=False),
    Key(
        "shift+left,less_than_sign",
        "pan(-1, 0)",
        "Pan left",
        "move along the x axis",
        show=False,
        display="<",
        group="Axes",
    ),
    Key(
        "shift+right,greater_than_sign",
        "pan(1, 0)",
        "Pan right",
        "move along the x axis",
        show=False,
        display=">",
    ),
    Key("shift+up", "pan(0, 1)", "Pan up", "move up the y axis", show=False),
    Key("shift+down", "pan(0, -1)", "Pan down", "move down the y axis", show=False),
    Key("n", "mark(1)", "Next mark", "go to the next incident or attempt", show=False, group="Reading"),
    Key("N", "mark(-1)", "Previous mark", "go to the incident or attempt before", show=False),
    Key("y", "copy", "Copy values", "copy the values at the crosshair", show=False),
    Key("b", "list", "Column list", "hide the list of columns, or show it", show=False, group="Curves"),
)

HISTORY_KEYS: tuple[Key, ...] = (
    Key("s", "sort", "Sort", "sort by this column: rising, falling, not at all"),
    Key("j", "jump", "Jump", "go to a row or an epoch"),
    Key("n", "flag(1)", "Next flag", "go to the next red-flagged cell"),
    Key("N", "flag(-1)", "Previous flag", "go to the red-flagged cell before", show=False),
    Key("b", "best", "Best", "go to the best value of the main metric"),
    Key("f", "follow", "Follow", "go to the newest row and stay there"),
    Key("g,ctrl+home", "edge(False)", "Top", "go to the first row", show=False),
    Key("G,ctrl+end", "edge(True)", "End", "go to the last row", show=False),
    Key("y", "copy(False)", "Copy cell", "copy this cell", show=False),
    Key("Y", "copy(True)", "Copy row", "copy this row", show=False),
    Key("w", "export", "Write file", "write the history into a file: CSV, JSON or Parquet"),
)
