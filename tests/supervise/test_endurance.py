"""Hours of one run in seconds: what is kept in memory and written down stays within its bounds.

`benchmarks/bench_endurance.py` does the same for twelve hours with real processes and measures memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainer_tui.failures import Scanner
from trainer_tui.failures.flags.watch import RedFlags
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.supervise import finish
from trainer_tui.supervise.book import FLOOD_LIMIT, FLOOD_PERIOD_S, IncidentBook
from trainer_tui.supervise.finish import LOOKED_BACK, passed_pairs

HOUR = 3600

TRACEBACK = """Traceback (most recent call last):
  File "/data/loader.py", line 88, in fetch
    return self.read(shard)
OSError: [Errno 5] Input/output error: '/data/shard-{n:05d}.tar'
"""


def word(n: int) -> str:
    """A word that no other number has."""
    return "".join("ABCDEFGHIJ"[int(digit)] for digit in str(n)) + "x"


def told(line: Any, hours: int, every_s: int) -> list[Incident]:
    """All that a supervisor writes of a log with such an error every few seconds, while training goes on."""
    written: list[Incident] = []
    book = IncidentBook([], written.append, lambda: {"machine": {"CPU": "90 %"}})
    scanner = Scanner()
    for second in range(0, hours * HOUR, every_s):
        for incident in scanner.feed((line(second) + f"epoch {second} loss 0.4\n" * 3).encode()):
            book.see(incident, rows=second, offset=second * 100, now=float(second))
        book.training_went_on(second + 5, second * 100, float(second), has_history=True)
    assert len(book._suspects) <= FLOOD_LIMIT, "what training went on after is settled"
    assert len(book._withheld) <= 10
    return written


def test_an_error_every_ten_seconds_for_two_hours_is_told_in_bounds() -> None:
    """Each differs in a number or a name; none of them ends the run."""
    lines = (
        lambda n: TRACEBACK.format(n=n),
        lambda n: f"ERROR: connection to 10.0.0.{n % 250} was lost ({n})\n",
        lambda n: TRACEBACK.format(n=n).replace("OSError", f"{word(n)}Error").replace("Input", word(n)),
        lambda n: f"RuntimeError: CUDA error: unspecified launch failure {n}\n",
    )
    hours = 2
    for line in lines:
        written = told(line, hours, 10)
        size = sum(len(json.dumps(incident.to_dict())) for incident in written)
        rules = len({incident.rule for incident in written}) or 1
        # Two events each: it came, and training went on.
        most = rules * 2 * (FLOOD_LIMIT + hours * HOUR / FLOOD_PERIOD_S)
        assert len(written) <= most, f"{len(written)} events"
        assert size < hours * 500_000, f"{size} bytes"


def test_flags_keep_no_more_after_four_hours_than_after_one() -> None:
    flags = RedFlags()

    def live(first: int, last: int) -> int:
        for row in range(first, last):
            loss = 1 + 1 / (row + 1) + 0.01 * (row * 7919 % 101) / 101
            flags.feed(row, [{"epoch": float(row), "train_loss": loss, "val_loss": loss * 1.01}])
        return held(flags)

    after_one = live(0, 1800)
    # A pyramid gains one level of 64 groups with each doubling of the rows.
    assert live(1800, 7200) < after_one * 1.6


def held(thing: object) -> int:
    """How many numbers and containers hang on an object."""
    seen: set[int] = set()
    waiting: list[object] = [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        elif not isinstance(one, str | bytes | int | float | bool | None):
            waiting.append(getattr(one, "__dict__", {}))
            waiting += [getattr(one, name) for name in slots(one) if hasattr(one, name)]
    return len(seen)


def slots(thing: object) -> list[str]:
    return [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]


def test_a_forecast_looks_back_over_so_many_runs_and_no_more(tmp_path: Path, monkeypatch: Any) -> None:
    """Of ten thousand earlier runs the end of this one reads the last few hundred."""
    model = ModelFolder(tmp_path / "output" / "m", tmp_path / "logs" / "m")
    for number in range(1, LOOKED_BACK + 100):
        (model.path / f"{number:03d}-full").mkdir(parents=True)
    looked: list[int] = []
    observe = finish.observe
    monkeypatch.setattr(finish, "observe", lambda run: (looked.append(run.number), observe(run))[1])
    assert passed_pairs(model, LOOKED_BACK + 100) == []
    assert looked == list(range(100, LOOKED_BACK + 100)), "the newest, oldest first"
