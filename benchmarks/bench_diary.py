"""A diary of ten thousand entries: opening it, saving one edit, listing, checking (ENTRIES=10000).

Opening is reading and parsing in a process that has just begun; saving is what an editor does whose process
has the diary open: one section changed, the file replaced and synced. The first save of a process parses too.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab import table

from trainer_tui.diary import append_to_section, edit_entry, parse, read, render, save_entry, store
from trainer_tui.diary.advice import check_diary
from trainer_tui.diary.entry import EntryFacts
from trainer_tui.diary.listing import summary_of
from trainer_tui.runs.incident import Incident

ENTRIES = int(os.environ.get("ENTRIES", "10000"))
SAVES = 15


def entry(number: int) -> str:
    """An entry as a failing run opens it, its sections written up."""
    incident = Incident(
        id=f"log:{number}",
        severity="error",
        kind="nan-loss",
        message="FloatingPointError: loss is NaN",
        line=812,
        excerpt='Traceback (most recent call last):\n  File "fit.py", line 9, in step\n' * 6,
        hypotheses=("the learning rate is too high", "a row of the data is not finite"),
    )
    rows = [{"epoch": n, "train_loss": 0.5, "val_loss": 0.6, "grad_norm": 910.0} for n in range(12)]
    facts = EntryFacts(
        "2026-01-25 14:30", "Phase 5B", "model_3", f"model_3/{number:03d}-full", "ada", incident, rows
    )
    text = render(facts, number)
    for name in ("investigation", "fix", "why", "next"):
        text = append_to_section(text, name, "Because hubs have ten times more neighbours → clipped. ✅")
    return text


def timed(what: object, times: int = 3) -> float:
    """Median seconds of a call."""
    taken = []
    for _ in range(times):
        store._last = store._Known(b"", parse(""))
        began = time.perf_counter()
        what()  # type: ignore[operator]
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> int:
    """Print the table; 1 when a bar was missed."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        path = Path(folder) / "dev_diary.md"
        path.write_text("# Dev Diary\n\n" + "\n".join(entry(n) for n in range(1, ENTRIES + 1)))
        size = path.stat().st_size / 1e6
        opening = timed(lambda: read(path))
        first = timed(lambda: edit_entry(path, 7, lambda text: append_to_section(text, "why", "more")))
        diary = read(path)
        saves = []
        for turn in range(SAVES):
            number = 1 + turn * ENTRIES // SAVES
            base = next(each for each in diary.entries if each.number == number).text
            new = append_to_section(base, "why", f"turn {turn}")
            began = time.perf_counter()
            assert save_entry(path, number, base, new).outcome == "saved"
            saves.append(time.perf_counter() - began)
        listing = timed(lambda: [summary_of(each) for each in diary.entries], 1)
        checking = timed(lambda: check_diary(diary, {}), 1)
    save = statistics.median(saves)
    rows: list[tuple[str, str, str, bool | None]] = [
        ("open", f"{opening:.2f} s", "< 1 s", opening < 1),
        ("save one edit", f"{1000 * save:.0f} ms", "< 100 ms", save < 0.1),
        ("the slowest of them", f"{1000 * max(saves):.0f} ms", "", None),
        ("the first save of a process", f"{1000 * first:.0f} ms", "", None),
        ("list all", f"{listing:.2f} s", "", None),
        ("check all", f"{checking:.2f} s", "", None),
    ]
    return table(f"A diary of {ENTRIES} entries, {size:.0f} MB", rows)


if __name__ == "__main__":
    sys.exit(main())
