"""The paragraphs that a machine adds to an entry: each with a comment that names its run, none written twice.

Everything is appended: a person may have the entry open, and what is added at the end of a section merges
with whatever they write. Each function takes the entry's text and returns it as it is to be.
"""

from __future__ import annotations

import re

from trainer_tui.diary.edits import append_to_section, section_text
from trainer_tui.diary.markdown import code, fenced, top
from trainer_tui.diary.marker import quoted
from trainer_tui.supervise.notebook.changes import Changes

_TEST = re.compile(r"\*\*Test (\d+)\b")
_PATCH_LINES = 80
_LISTED = 12


def mark(what: str, run: str) -> str:
    """The comment above a paragraph, e.g. `<!-- test: model_3/008-full -->`."""
    return f"<!-- {what}: {quoted(run)} -->"


def test_of(run: str, started: str, changes: Changes, number: int) -> str:
    """The paragraph about an attempt, without its result."""
    rows = [mark("test", run), f"**Test {number}**: {changes.words()}"]
    rows.append(f"- Run: {code(run)}" + (f", started {started}" if started else ""))
    if len(changes.settings) > 1 or (changes.settings and changes.files):
        rows += [f"- {change.words} [{change.where}]" for change in changes.settings[:_LISTED]]
    elif changes.settings:
        rows.append(f"- Where: {changes.settings[0].where}")
    text = "\n".join(rows)
    return f"{text}\n\n{fenced(top(changes.patch, _PATCH_LINES), 'diff')}" if changes.patch else text


def with_test(text: str, run: str, started: str, changes: Changes) -> str:
    """The entry with the attempt of this run at the end of its investigation, unless it is there.

    An entry without that section stays as it is: its writer wants another form.
    """
    if mark("test", run) in text:
        return text
    try:
        known = section_text(text, "investigation")
    except KeyError:
        return text
    number = 1 + max((int(found) for found in _TEST.findall(known)), default=0)
    return append_to_section(text, "investigation", test_of(run, started, changes, number))


def with_result(text: str, run: str, result: str) -> str:
    """The entry with the result of this run's attempt, unless it is there or the attempt is not any more."""
    number = test_number(text, run)
    if number is None or mark("test-result", run) in text:
        return text
    known = section_text(text, "investigation")
    # Said in full where something else has been written below the attempt meanwhile.
    below = known[known.index(mark("test", run)) :]
    alone = len(_TEST.findall(below)) == 1 and not _written_below(below)
    label = "Result" if alone else f"Result of Test {number}"
    return append_to_section(text, "investigation", f"{mark('test-result', run)}\n- {label}: {result}")


def test_number(text: str, run: str) -> int | None:
    """N of `**Test N**` of this run's attempt; None where it is not in the text."""
    try:
        known = section_text(text, "investigation")
    except KeyError:
        return None
    _, found, below = known.partition(mark("test", run))
    number = _TEST.search(below)
    return int(number[1]) if found and number else None


def _written_below(paragraph: str) -> bool:
    """Whether a paragraph of ours has text below it that is not ours: ours end with a list or a patch."""
    blocks = [block for block in re.split(r"\n\s*\n", paragraph.replace("\r\n", "\n").strip()) if block]
    return len(blocks) > 1 and not blocks[-1].rstrip().endswith("```")
