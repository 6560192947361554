"""The keys of the Log screen: one table for the footer, the help panel and the command palette."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

LOG_KEYS: tuple[Key, ...] = (
    Key("slash", "search(True)", "Search", "look for a text from here on", display="/", group="Search"),
    Key("backslash", "search(False)", "Search back", "look for a text from here back", False, "\\"),
    Key("n", "match(True)", "Next", "go to the next match"),
    Key("N", "match(False)", "Previous match", "go to the match before", False),
    Key("ampersand", "filter", "Filter", "show only the lines that match, or all again", display="&"),
    Key(
        "right_square_bracket",
        "incident(True)",
        "Incident",
        "go to the next incident of the run",
        display="]",
        group="Going",
    ),
    Key("left_square_bracket", "incident(False)", "Incident before", "go to the incident before", False, "["),
    Key("colon", "go_to", "Go to", "a line (1234), a part (50%), a time (14:02, -10m)", display=":"),
    Key("f,end,G", "follow", "Follow", "go to the end and stay there", display="f"),
    Key("g,home", "top", "Top", "go to the first line", False, "g"),
    Key("w", "switch('wrap')", "Wrap", "long lines on several rows, or cut", group="Lines"),
    Key("b", "switch('fold')", "Bars", "progress bars folded into their newest state, or each of them"),
    Key("v", "select", "Select", "begin a selection of lines here, or forget it"),
    Key("y", "copy", "Copy", "copy the selection, or this line (OSC 52)"),
    Key("s", "save", "Save", "write the selection, or the matching lines, into a file"),
    Key("enter", "detail", "Open", "this line in full, JSON readable, in a panel"),
    Key("escape", "back", "Back", "close the panel, drop the selection, then the search, then leave", False),
    Key("up,k", "move(-1)", "Up", "to the line above", False, group="Moving"),
    Key("down,j", "move(1)", "Down", "to the line below", False),
    Key("pageup,ctrl+b", "leaf(-1)", "Page up", "a page up", False),
    Key("pagedown,space,ctrl+f", "leaf(1)", "Page down", "a page down", False),
    Key("left", "sideways(-1)", "Left", "to the beginning of long lines", False),
    Key("right", "sideways(1)", "Right", "to the end of long lines", False),
)
