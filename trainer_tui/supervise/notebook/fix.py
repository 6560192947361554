"""The fix: proposed when an attempt passes, before and after as code; accepted by a person."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer_tui import diary
from trainer_tui.diary.blanks import has_content
from trainer_tui.diary.checks import status_of
from trainer_tui.diary.edits import append_to_section, replace_section, section_text, set_status
from trainer_tui.diary.files import LOCK_WAIT_S
from trainer_tui.diary.markdown import code, fenced
from trainer_tui.supervise.notebook.changes import Changes, texts_of
from trainer_tui.supervise.notebook.failed import is_open
from trainer_tui.supervise.notebook.paragraphs import mark
from trainer_tui.supervise.notebook.patches import MOST_LINES, shared

_MOST_LINES = 40
"""Lines of code before, and after, that are shown of one file."""

_MOST_FILES = 3
_PROPOSED = re.compile(r"^<!-- fix-proposed: (\S+) -->[ \t]*\r?\n\*\*Proposed Fix\*\*[^\r\n]*", re.MULTILINE)
_ACCEPTED = re.compile(r"^<!-- fix-accepted: (\S+) -->", re.MULTILINE)
RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of accepting an entry's proposed fix."""

    number: int
    run: str
    """The run that showed it."""
    text: str
    """The entry as it is on disk now."""
    sentence: str
    """For the user."""


def proposal_of(
    run: str,
    failed: tuple[str, str],
    fate: str,
    changes: Changes,
    code_of: str,
    numbers: Mapping[str, float],
    took: str,
) -> str:
    """The proposed fix. `failed`: name and fate of the run before; `code_of`: from `before_and_after`."""
    rows = [
        mark("fix-proposed", run),
        f"**Proposed Fix** (from {code(failed[0])}, which {failed[1]}, to {code(run)}, which {fate}; "
        "no person has accepted it yet):",
        f"- Changed: {changes.words(most=6)}",
    ]
    result = [f"- {fate}{f' in {took}' if took else ''} ({code(run)})"]
    result += [f"- {name}: {value:.4g}" for name, value in numbers.items()]
    parts = ["\n".join(rows), code_of, "**Result**:\n" + "\n".join(result)]
    return "\n\n".join(part for part in parts if part)


def with_proposal(text: str, run: str, proposal: str) -> str:
    """The entry with the proposed fix, unless one of this run is there; without that section as it is."""
    if mark("fix-proposed", run) in text or mark("fix-accepted", run) in text:
        return text
    try:
        return append_to_section(text, "fix", proposal)
    except KeyError:
        return text


def before_and_after(before: Path, after: Path, labels: tuple[str, str]) -> str:
    """The changed lines of the kept sources, old ones and new ones, as fenced code; empty where none differ.

    `labels`: what each side is called in its comment.
    """
    old, new = texts_of(before), texts_of(after)
    blocks: list[str] = []
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    for name in changed[:_MOST_FILES]:
        lines = _changed_lines(old.get(name, "").splitlines(), new.get(name, "").splitlines())
        if lines is None:
            blocks.append(f"{code(name)} was rewritten.")
            continue
        sides = [
            f"# {title} ({label}, {name}):\n{_block(side)}"
            for title, label, side in zip(("Before", "After"), labels, lines, strict=True)
        ]
        blocks.append(fenced("\n\n".join(sides), "python" if name.endswith(".py") else "text"))
    if len(changed) > _MOST_FILES:
        blocks.append(f"{len(changed) - _MOST_FILES} more files changed.")
    return "\n\n".join(blocks)


def accept(path: Path, number: int, wait_s: float = LOCK_WAIT_S) -> Accepted:
    """Make the newest proposed fix of an entry its fix, and the entry RESOLVED; twice is once.

    What a person wrote in the section stays as it is; hints that nobody answered give way.

    Raises:
        KeyError: there is no entry of this number.
        ValueError: it has no proposed fix; the message is for the user.
        OSError: the diary cannot be written.
    """
    seen: list[tuple[str, bool]] = []

    def change(text: str) -> str:
        new, run, done = _accepted(text, number)
        seen[:] = [(run, done)]
        return new

    saved = diary.edit_entry(path, number, change, wait_s)
    run, done = seen[0]
    sentence = f"entry #{number} is resolved by {run}"
    return Accepted(number, run, saved.text, sentence + (" already" if done else ""))


def _accepted(text: str, number: int) -> tuple[str, str, bool]:
    """The entry with its proposal accepted, the proposal's run, and whether it was accepted before."""
    found = list(_PROPOSED.finditer(text))
    if not found:
        known = _ACCEPTED.findall(text)
        if known:
            return text, known[-1], True
        raise ValueError(
            f"entry #{number} has no proposed fix: write what you did and its status into the entry"
        )
    last = found[-1]
    newline = "\r\n" if "\r\n" in last[0] else "\n"
    heading = f"<!-- fix-accepted: {last[1]} -->{newline}**What I Did**:"
    text = text[: last.start()] + heading + text[last.end() :]
    fix = section_text(text, "fix")
    own, mark_found, rest = fix.partition(f"<!-- fix-accepted: {last[1]} -->")
    if mark_found and not has_content(own):
        text = replace_section(text, "fix", mark_found + rest)
    entry = diary.parse(text).find(number)
    if entry is None or is_open(entry):
        rest_of_status = status_of(entry) if entry is not None else ""
        keep = rest_of_status if rest_of_status and rest_of_status.strip("* ").upper() != "OPEN" else ""
        text = set_status(text, f"{RESOLVED} ({keep})" if keep else RESOLVED)
    return text, last[1], False


def _changed_lines(old: list[str], new: list[str]) -> tuple[list[str], list[str]] | None:
    """The lines that differ, with one line around them; None where there are too many to compare."""
    head, tail = shared(old, new)
    if max(len(old), len(new)) - head - tail > MOST_LINES:
        return None
    sides: tuple[list[str], list[str]] = ([], [])
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(1):
        for side, lines, (start, end) in (
            (sides[0], old, (group[0][1], group[-1][2])),
            (sides[1], new, (group[0][3], group[-1][4])),
        ):
            if side:
                side.append("...")
            side += lines[start:end]
    return sides


def _block(lines: Sequence[str]) -> str:
    shown = [line.rstrip() for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"… {len(lines) - _MOST_LINES} lines more …")
    return textwrap.dedent("\n".join(shown)).strip("\n") or "(nothing)"
