"""Advice on the entry in the editor: which line lacks what. It blocks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.diary import parse
from trainer_tui.diary.advice import check, run_of
from trainer_tui.diary.advice_table import RUN_NAME
from trainer_tui.diary.known import known_runs
from trainer_tui.runs.text import clean
from trainer_tui.tui.headlines import Piece


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to look at."""

    line: int
    """0-based line of the text in the editor."""
    sentence: str
    todo: str
    missing: bool
    """The entry is not written up without it; else it could say more."""


def hints_for(text: str, runs: Mapping[str, str] | None) -> tuple[Hint, ...]:
    """What an entry's text lacks, by line. `runs`: as `runs_named` gives them."""
    entries = parse(text).entries
    if not entries:
        return ()
    own = f"entry #{entries[0].number}"
    return tuple(
        Hint(
            advice.line - 1,
            clean(advice.sentence.removeprefix(f"{own} ").removeprefix(f"{own}: "), 200),
            clean(advice.todo, 200),
            advice.severity == "missing",
        )
        for advice in check(entries[0], runs)
    )


def runs_named(output: Path, text: str) -> dict[str, str]:
    """How the runs of the models ended that an entry names. Reads files."""
    entries = parse(text).entries
    names = {run_of(entry) or "" for entry in entries} | set(RUN_NAME.findall(text))
    models = {name.rpartition("/")[0] for name in names}
    return known_runs(output, {model for model in models if model and "/" not in model and model != ".."})


def shown_hint(hints: Sequence[Hint], line: int, section: int = 0) -> int | None:
    """Which one to show: that of the cursor's line, else the first from its section on, or of all."""
    if not hints:
        return None
    here = next((at for at, hint in enumerate(hints) if hint.line == line), None)
    return here if here is not None else next((at for at, h in enumerate(hints) if h.line >= section), 0)


def next_hint(hints: Sequence[Hint], line: int) -> int | None:
    """The line of the next one below the cursor's, from the end on from the top."""
    lines = sorted({hint.line for hint in hints})
    return next((at for at in lines if at > line), lines[0] if lines else None)


def hint_row(hints: Sequence[Hint], line: int, section: int, width: int) -> list[Piece]:
    """The line below the editor; `section`: the line of the heading above the cursor."""
    at = shown_hint(hints, line, section)
    if at is None:
        return [(" ✔ nothing is missing in this entry", "good")]
    hint = hints[at]
    sign: Piece = ("○", "warning") if hint.missing else ("·", "dim")
    tail = f"  {at + 1} of {len(hints)}, f8: next "
    text = f" line {hint.line + 1}: {hint.sentence} → {hint.todo}"
    room = max(10, width - len(tail) - 2)
    text = text if len(text) <= room else f"{text[: room - 1]}…"
    return [(" ", "plain"), sign, (text, "plain"), (tail, "dim")]
