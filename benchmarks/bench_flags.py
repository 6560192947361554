"""Red flags on simulated runs: false alarms, delays, cost (RUNS=5000 healthy, SEEDS=20 a fault)."""

from __future__ import annotations

import math
import os
import random
import statistics
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from healthy_runs import HEALTHY, Rows, healthy
from lab import machine
from sick_runs import sick

from trainer_tui.failures import RedFlags

RUNS = int(os.environ.get("RUNS", "5000"))
SEEDS = int(os.environ.get("SEEDS", "20"))


def _print(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *lines]) for i in range(len(head))]
    for line in [list(head), *lines]:
        first, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([first, *others]).rstrip())
    print()


def false_alarms() -> None:
    """Warnings and notices among healthy runs, by shape."""
    runs, rows, warned, noticed = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    flags: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in range(RUNS):
        name, history = healthy(seed)
        raised = [i for i in RedFlags().feed(0, history) if i.fate == "suspected"]
        runs[name] += 1
        rows[name] += len(history)
        warned[name] += any(i.severity != "notice" for i in raised)
        noticed[name] += any(i.severity == "notice" for i in raised)
        flags[name].update(i.kind for i in raised)
    lines = [
        (name, runs[name], rows[name], warned[name], noticed[name], ", ".join(flags[name]))
        for name in HEALTHY
    ]
    total = ("all", sum(runs.values()), sum(rows.values()), sum(warned.values()), sum(noticed.values()), "")
    _print(("healthy runs", "runs", "rows", "with a warning", "with a notice", "flags"), [*lines, total])
    print(f"false alarms: {sum(warned.values()) / RUNS:.2%} of the healthy runs\n")


def delays() -> None:
    """Rows from the beginning of a fault to its flag."""
    waited: dict[str, list[int]] = defaultdict(list)
    missed, late, cases = Counter[str](), Counter[str](), Counter[str]()
    for seed in range(SEEDS):
        for case in sick(seed):
            cases[case.flag] += 1
            found = RedFlags(main_metric=case.main_metric).feed(0, case.rows)
            rows = [
                i.facts["row"]
                for i in found
                if (i.kind, i.severity) == (case.flag, case.severity) and i.facts["row"] >= case.begins
            ]
            if not rows:
                missed[case.flag] += 1
                continue
            waited[case.flag].append(rows[0] - case.begins + 1)
            late[case.flag] += rows[0] >= case.begins + case.within
    lines = [
        (flag, count, missed[flag], late[flag], f"{statistics.median(waited[flag]):.0f}", max(waited[flag]))
        for flag, count in cases.items()
    ]
    _print(("sick runs", "runs", "missed", "late", "rows, median", "rows, most"), lines)


def cost() -> None:
    """CPU time of a row of ten columns, as a share of a core at 100 rows a second; memory of the flags."""
    rng = random.Random(1)

    def row(i: int) -> dict[str, float]:
        fall = 2 * (1 + i / 50) ** -0.3
        return {
            "epoch": i / 500, "step": float(i), "train_loss": fall * math.exp(0.05 * rng.gauss(0, 1)),
            "val_loss": 1.1 * fall * math.exp(0.05 * rng.gauss(0, 1)), "kl_loss": rng.random(),
            "grad_norm": math.exp(0.3 * rng.gauss(0, 1)), "lr": 1e-3, "accuracy": 0.5 + 0.3 * rng.random(),
            "time_s": 0.01 * (1 + rng.random()), "elapsed_s": i * 0.01,
        }  # fmt: skip

    lines = []
    for count in (1_000, 10_000, 100_000):
        rows: Rows = [row(i) for i in range(count)]
        flags, began = RedFlags(), time.process_time()
        flags.feed(0, rows)
        spent = (time.process_time() - began) / count
        tracemalloc.start()
        kept = RedFlags()
        kept.feed(0, rows[: min(count, 10_000)])
        memory = tracemalloc.get_traced_memory()[0] / 1024
        tracemalloc.stop()
        lines.append((f"{count:,}", f"{spent * 1e6:.1f} µs", f"{spent * 100:.2%}", f"{memory:.0f} KiB"))
    _print(("rows of ten columns", "a row", "of a core at 100 rows/s", "memory (10,000 rows)"), lines)


if __name__ == "__main__":
    print(f"({machine()})")
    false_alarms()
    delays()
    cost()
