"""What a reader of an entry would ask its writer: advice with line numbers, which blocks nothing.

`check` is pure, so that an editor can show its rows beside the lines while somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trainer_tui.diary.advice_table import CLAIM, PHRASES, RUN_NAME
from trainer_tui.diary.blanks import has_content
from trainer_tui.diary.checks import complete, is_note, status_of
from trainer_tui.diary.conflicts import git_conflicts
from trainer_tui.diary.document import Diary, Entry
from trainer_tui.diary.edits import STATUS
from trainer_tui.diary.headings import bare, count_lines
from trainer_tui.diary.lines import scan
from trainer_tui.diary.marker import field_line, field_value, marker_of
from trainer_tui.diary.sections import Section

Severity = Literal["missing", "advice"]

_LABEL = re.compile(r" {0,3}\*\*([^*]+?)(?::\*\*|\*\*[ \t]*:)(.*)")
_CAUSE = re.compile(r"\bcause[ds]?\b|\bbecause\b|\bdue to\b|\bmechanism\b|\breason\b", re.I)
_INTERPRETED = re.compile(r"insight|implication|interpretation|meaning|domain|physical", re.I)
_SENTENCE = re.compile(r"[.!?](?=\s|$)|→")
_WRITTEN = ("investigation", "fix", "why", "next")
_RUN = re.compile(r"(.+)/(\d+)-(quick|full)")


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to look at."""

    line: int
    """1-based line in the diary."""
    rule: str
    severity: Severity
    """`missing`: the entry is not written up. `advice`: it could say more."""
    sentence: str
    todo: str
    """What to do about it."""


def check(entry: Entry, known_runs: Mapping[str, str] | None = None) -> list[Advice]:
    """What is missing in an entry and what it could say better, by line.

    `known_runs`: name (`model_3/007-full`) → how it ended (`passed`, `nan-loss`, '' while it runs). Without
    it nothing that needs runs is said.
    """
    found = [
        Advice(problem.line, "incomplete", "missing", problem.text, "write it up: the hints say what belongs")
        for problem in complete(entry)
    ]
    found += _git(entry)
    found += _why(entry)
    found += _phrases(entry)
    found += _status(entry, known_runs)
    if known_runs is not None:
        found += _claims(entry, known_runs)
    return sorted(found, key=lambda advice: (advice.line, advice.rule))


def check_diary(
    diary: Diary, known_runs: Mapping[str, str] | None = None, entries: Sequence[Entry] | None = None
) -> list[tuple[int | None, Advice]]:
    """(entry's number or None, advice) of a diary or of some of its entries; git's marks anywhere in it."""
    wanted = diary.entries if entries is None else entries
    found: list[tuple[int | None, Advice]] = [
        (entry.number, advice)
        for entry in wanted
        for advice in check(entry, known_runs)
        if advice.rule != "git-conflict"
    ]
    for conflict in git_conflicts(diary.text):
        touched = [e for e in diary.entries if e.start < conflict.end and conflict.start < e.end]
        if entries is None or any(entry in touched for entry in entries):
            number = touched[0].number if touched else None
            found.append((number, _unfinished(conflict.line + 1, "the diary")))
    return sorted(found, key=lambda pair: pair[1].line)


def _unfinished(line: int, what: str) -> Advice:
    return Advice(
        line,
        "git-conflict",
        "missing",
        f"{what} holds a merge of git that nobody finished",
        "keep what is needed of both sides and delete the three marks",
    )


def _git(entry: Entry) -> Iterator[Advice]:
    for conflict in git_conflicts(entry.text):
        yield _unfinished(entry.line + conflict.line, f"entry #{entry.number}")


def _why(entry: Entry) -> Iterator[Advice]:
    """The why must name a cause and say what it means; its labels may be missing where the words say so."""
    for section in entry.sections:
        if section.kind != "why" or not has_content(section.body):
            continue
        line = entry.line + section.line
        labels = _labels(section)
        said = " ".join(body for _, body in labels if body)
        cause = [body for name, body in labels if "cause" in name.lower()]
        if not (any(cause) if cause else _CAUSE.search(said)):
            yield Advice(
                line,
                "root-cause",
                "missing",
                f"entry #{entry.number} names no root cause",
                "say what made it happen, the mechanism, below **Root Cause**:",
            )
        meant = [body for name, body in labels if _INTERPRETED.search(name)]
        if not (any(meant) if meant else len(_SENTENCE.findall(said)) > 1 or _INTERPRETED.search(said)):
            yield Advice(
                line,
                "interpretation",
                "missing",
                f"entry #{entry.number} does not say what the cause means",
                "say what it tells about the data or the model, below **Domain Insight**:",
            )
        return


def _labels(section: Section) -> list[tuple[str, str]]:
    """(label, what stands behind and below it) of a section; what stands above the first has the label ''."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in scan(section.body):
        label = _LABEL.match(bare(line.raw)) if line.kind == "text" else None
        if label:
            found.append((label[1], [label[2] + "\n"]))
        else:
            found[-1][1].append(line.raw)
    return [
        (name, " ".join(text.split()) if has_content(text) else "")
        for name, text in ((name, "".join(rows)) for name, rows in found)
    ]


def _paragraphs(entry: Entry) -> Iterator[tuple[int, str]]:
    """(line, text) of what a person wrote in the sections that explain: no code, tables, quotes, comments."""
    for section in entry.sections:
        if section.kind not in _WRITTEN:
            continue
        start, rows = 0, list[str]()
        for index, line in enumerate([*scan(section.text), None]):
            text = bare(line.raw).strip() if line is not None and line.kind == "text" else ""
            if text.startswith(("|", ">", "#", "<!--")):
                text = ""
            if text:
                start = start if rows else index
                rows.append(text)
            elif rows:
                yield entry.line + section.line + start, "\n".join(rows)
                rows = []


def _phrases(entry: Entry) -> Iterator[Advice]:
    for line, text in _paragraphs(entry):
        for phrase in PHRASES:
            found = phrase.pattern.search(text)
            if found and not phrase.unless.search(text):
                words = " ".join(found[0].split())
                at = line + text.count("\n", 0, found.start())
                yield Advice(at, phrase.rule, "advice", phrase.sentence.format(found=words), phrase.todo)


def _status(entry: Entry, known_runs: Mapping[str, str] | None) -> Iterator[Advice]:
    where = field_line(entry.text, STATUS)
    status = status_of(entry)
    if where is None or not status:
        line = entry.line + (count_lines(entry.text, 0, where[0]) if where else 0)
        yield Advice(
            line,
            "status",
            "missing",
            f"entry #{entry.number} has no status",
            "end it with **Status**: OPEN or **Status**: ✅ RESOLVED",
        )
        return
    if "OPEN" not in status.upper().split() or known_runs is None:
        return
    later = _passed_since(entry, known_runs)
    if later:
        yield Advice(
            entry.line + count_lines(entry.text, 0, where[0]),
            "passed-since",
            "missing",
            f"entry #{entry.number} is OPEN, and {later} passed since",
            "say in The Fix what made the difference, and set **Status**: ✅ RESOLVED",
        )


def _passed_since(entry: Entry, known_runs: Mapping[str, str]) -> str | None:
    """The first later run of the same model, of the same phase or the full one, that passed."""
    parsed = _RUN.fullmatch(run_of(entry) or "")
    if not parsed:
        return None
    phases = (parsed[3], "full")
    for name in sorted(known_runs, key=lambda name: (len(name), name)):
        other = _RUN.fullmatch(name)
        later = other and other[1] == parsed[1] and int(other[2]) > int(parsed[2]) and other[3] in phases
        if later and known_runs[name] == "passed":
            return name
    return None


def run_of(entry: Entry) -> str | None:
    """The run that an entry is about, by its marker or its `**Run**:` line."""
    mark = marker_of(entry)
    if mark:
        return mark.run
    return next(iter((field_value(entry, "Run") or "").replace("`", " ").split()), None)


def _claims(entry: Entry, known_runs: Mapping[str, str]) -> Iterator[Advice]:
    """Results need a run that shows them."""
    if is_note(entry) and run_of(entry) in known_runs:
        return
    own = run_of(entry)
    named = [*([own] if own else []), *RUN_NAME.findall(entry.text)]
    if any(name in known_runs for name in named):
        return
    for line, text in _paragraphs(entry):
        found = CLAIM.search(text)
        if found:
            words = " ".join(found[0].split())
            lacks = f"{named[0]} is not there" if named else "the entry names no run"
            yield Advice(
                line + text.count("\n", 0, found.start()),
                "claim-without-run",
                "advice",
                f"“{words}” is a result, but {lacks}",
                "name the run that shows it, as in model_3/007-full",
            )
            return
