"""The keys of the Runs screen: for the footer, the help panel and the command palette."""

from __future__ import annotations

from trainer_tui.tui.keys import Key

RUNS_KEYS: tuple[Key, ...] = (
    Key("enter", "open", "Open", "show this run: its log where it failed, its curves else", group="Finding"),
    Key(
        "slash",
        "filter",
        "Filter",
        "only runs with these words: model: status: tag: look in one place",
        display="/",
    ),
    Key("s", "sort", "Sort", "sort by the next column"),
    Key("S", "turn", "Turn", "the other way round", show=False),
    Key(
        "space",
        "mark",
        "Mark",
        "mark this run, for comparing, tags or deleting",
        display="space",
        group="Runs",
    ),
    Key(
        "equals_sign",
        "compare",
        "Compare",
        "what differs between two marked runs, or this and a marked one",
        display="=",
    ),
    Key("t", "tags", "Tags", "tag this run, or the marked ones"),
    Key("n", "note", "Note", "write a note on this run"),
    Key(
        "D,delete",
        "delete",
        "Delete",
        "move this run, or the marked ones, to the trash, after a question",
        display="D",
    ),
    Key("u", "restore", "Undo delete", "bring the run that was deleted last back from the trash", show=False),
    Key("escape", "back", "Back", "no filter, no marks, then the run that is watched", show=False),
)
