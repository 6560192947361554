"""The line above an entry: which one, whether it is saved, the section the cursor is in, the last word."""

from __future__ import annotations

from textual.content import Content

from trainer_tui.tui.desk import Sheet
from trainer_tui.tui.diary.parts import Part, part_at


def title_of(sheet: Sheet, found: tuple[Part, ...], line: int, sentence: str) -> Content:
    """The line for a cursor on this line."""
    pieces: list[str | tuple[str, str]] = [
        f" entry #{sheet.number}  ",
        ("● unsaved changes", "$text-warning bold") if sheet.changed else ("✔ saved", "$text-success"),
    ]
    if found:
        at = part_at(found, line)
        pieces.append(f"  {found[at].title}")
        if at:
            pieces.append((f" ({at} of {len(found) - 1})", "$text-muted"))
    if sentence:
        pieces.append((f"  {sentence}", "$text-warning"))
    return Content.assemble(*pieces)
