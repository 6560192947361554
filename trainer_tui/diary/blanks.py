"""Which parts of an entry still wait for a person: what counts as empty, and where the cursor goes."""

from __future__ import annotations

import re

from trainer_tui.diary.headings import bare, heading, split
from trainer_tui.diary.lines import scan
from trainer_tui.diary.sections import SECTION_TITLES, sections_of

_INLINE_COMMENT = re.compile(r"<!--.*?-->")
_LABEL = re.compile(r"\s*\*\*[^*]+(?::\*\*|\*\*\s*:)\s*$")
_STATUS = re.compile(r"\s*\*\*Status(?::\*\*|\*\*\s*:)", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])(?:\s+\[[ xX]?\])?\s*$")
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
# "TODO" is not an answer.
_PLACEHOLDER = re.compile(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?(?:todo|tbd|to do|\.{3}|…)[.:!]?\s*$", re.IGNORECASE)
_BLANKS = (_LABEL, _STATUS, _BULLET, _RULE, _PLACEHOLDER)


def _says_something(raw: str, kind: str) -> bool:
    line = bare(raw)
    if kind == "fence":
        return False
    if kind == "comment":
        # Only behind the end of a comment of several lines can something stand that a reader sees.
        line = line.partition("-->")[2]
    elif kind == "text":
        line = _INLINE_COMMENT.sub("", line)
    if not line.strip():
        return False
    if kind == "code":
        return True
    return heading(line) is None and not any(blank.match(line) for blank in _BLANKS)


def has_content(body: str) -> bool:
    """Whether a section's body holds more than hints (HTML comments), labels such as `**Root Cause**:`,
    empty bullets, empty fences, placeholders such as `TODO`, and blank lines."""
    return any(_says_something(line.raw, line.kind) for line in scan(body))


def first_empty_section(text: str) -> int:
    """The 0-based line of an entry's text where the cursor goes.

    It is the blank line below the first hint (or the heading) of the first of the five sections that is
    empty; the entry's last line when none is.
    """
    count = len(split(text))
    for section in sections_of(text):
        if section.kind not in SECTION_TITLES or has_content(section.body):
            continue
        lines = [bare(raw) for raw in split(section.text)]
        hint = next((n for n, line in enumerate(lines) if "-->" in line), 0)
        blank = next((n for n in range(hint + 1, len(lines)) if not lines[n].strip()), None)
        return section.line + (min(hint + 1, len(lines) - 1) if blank is None else blank)
    return max(count - 1, 0)
