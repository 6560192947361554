"""`dev_diary.md`, the lab notebook: what broke, what was tried, what fixed it, why."""

from trainer_tui.diary.blanks import first_empty_section
from trainer_tui.diary.checks import Problem, complete, entries_for_model, entries_for_run
from trainer_tui.diary.document import Diary, Entry, Section, parse
from trainer_tui.diary.entry import EntryFacts, render, render_note
from trainer_tui.diary.lines import restore_line_endings
from trainer_tui.diary.store import SaveResult, entries, open_entry, read, save_entry

__all__ = [
    "Diary",
    "Entry",
    "EntryFacts",
    "Problem",
    "SaveResult",
    "Section",
    "complete",
    "entries",
    "entries_for_model",
    "entries_for_run",
    "first_empty_section",
    "open_entry",
    "parse",
    "read",
    "render",
    "render_note",
    "restore_line_endings",
    "save_entry",
]
