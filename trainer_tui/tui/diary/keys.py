"""The keys of the Diary screen. Letters are text here, so each is a function key or one with ctrl or alt."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

DIARY_KEYS: tuple[Key, ...] = (
    Key("ctrl+s", "save", "Save", "write the entry into the diary", group="The entry"),
    Key("escape", "leave", "Back", "out of the list or its filter; from the text: save and leave"),
    Key("f4", "list", "List", "all entries; / filters them, enter opens one", group="Moving"),
    Key("f5", "evidence", "Evidence", "show or hide what is known: curve, likely causes, log"),
    Key("f2", "turn(-1)", "Entry before", "save, and go to the entry before", show=False),
    Key("f3", "turn(1)", "Entry after", "save, and go to the entry after", show=False),
    Key("alt+up,ctrl+up", "section(-1)", "Section before", "to the section before", show=False),
    Key("alt+down,ctrl+down", "section(1)", "Next section", "to the next section", show=False),
    Key("f8", "advice", "Next advice", "to the next line that lacks something", show=False),
    Key(
        "ctrl+r",
        "resolve",
        "Resolve",
        "accept the proposed fix: the status becomes RESOLVED, after a question",
        group="The entry",
    ),
    Key("ctrl+t", "template", "Template", "put its questions into a section that says nothing yet"),
    Key("ctrl+o", "outside", "$EDITOR", "write in your own editor; leaving it takes the text over"),
    Key("f9", "preview", "Preview", "the entry as a reader sees it"),
    Key("f1", "help", "Help", "these keys", show=False, group="Moving"),
)
