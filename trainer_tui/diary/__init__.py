"""`dev_diary.md`, the lab notebook: what broke, what was tried, what fixed it, why."""

from trainer_tui.diary.blanks import first_empty_section
from trainer_tui.diary.checks import Problem, complete, entries_for_model, entries_for_run
from trainer_tui.diary.document import Diary, Entry, parse
from trainer_tui.diary.edits import (
    append_to_section,
    ranges,
    replace_section,
    section_text,
    set_field,
    set_status,
)
from trainer_tui.diary.entry import EntryFacts, render, render_note
from trainer_tui.diary.lines import restore_line_endings
from trainer_tui.diary.saving import SaveResult
from trainer_tui.diary.sections import Section
from trainer_tui.diary.store import add_entry, edit_entry, entries, open_entry, read, save_entry

__all__ = [
    "Diary",
    "Entry",
    "EntryFacts",
    "Problem",
    "SaveResult",
    "Section",
    "add_entry",
    "append_to_section",
    "complete",
    "edit_entry",
    "entries",
    "entries_for_model",
    "entries_for_run",
    "first_empty_section",
    "open_entry",
    "parse",
    "ranges",
    "read",
    "render",
    "render_note",
    "replace_section",
    "restore_line_endings",
    "save_entry",
    "section_text",
    "set_field",
    "set_status",
]
