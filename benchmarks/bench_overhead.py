"""What watching costs the training: a CPU-bound loop of 100 rows a second, alone and under our eyes.

Alternating pairs on the same machine, supervisor and dashboard running in one half of each. The script times
its own fixed work by wall clock; the median of the pairs' ratios is quoted. Short pairs, because a shared
machine drifts by more within a minute than what is to be measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab import Terminal, median, project, table, wait_for

PAIRS = int(os.environ.get("PAIRS", "21"))
ROWS = 300

LOOP = f"""
import json, os, time
from trainer_tui import TrainingRun

def work():
    total = 0.0
    for i in range(290_000):
        total += (i % 7) * 1.0000001
    return total

with TrainingRun.current() as run:
    for _ in range(50):
        work()
    began = time.perf_counter()
    for epoch in range({ROWS}):
        total = work()
        run.log(epoch=epoch, train_loss=total, val_loss=total, grad_norm=1.0)
    took = time.perf_counter() - began
    print(json.dumps({{"took": took}}))
    open(os.environ["BENCH_OUT"], "w").write(str(took))
"""


def alone(root: Path) -> float:
    """Seconds of the loop without us."""
    out = root / "alone.txt"
    environment = {**os.environ, "BENCH_OUT": str(out)}
    subprocess.run(
        [sys.executable, "models/loop.py"], cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return float(out.read_text())


def watched(root: Path, number: int) -> float:
    """Seconds of the loop under supervisor and dashboard."""
    out = root / "watched.txt"
    out.unlink(missing_ok=True)
    os.environ["BENCH_OUT"] = str(out)
    terminal = Terminal(root, "watch", "loop", "--skip-quick", "benchmark")
    wait_for(lambda: ended(root), timeout=300, every=0.5)
    terminal.close()
    return float(out.read_text())


def ended(root: Path) -> bool:
    """Whether the newest run has ended."""
    runs = sorted((root / "output/loop").glob("*-full"))
    events = (
        (runs[-1] / "events.jsonl").read_text().splitlines()
        if runs and (runs[-1] / "events.jsonl").exists()
        else []
    )
    done = bool(events) and json.loads(events[-1])["kind"] == "ended"
    if done:
        (root / "output" / "loop").rename(root / "output" / f"loop-{runs[-1].stat().st_ino}")
        for log in (root / "logs/loop").glob("*.log"):
            log.unlink()
    return done


def main() -> int:
    """Print the table."""
    ratios, rates = [], []
    with project(loop=LOOP) as root:
        alone(root)
        for number in range(PAIRS):
            a, w = (alone(root), watched(root, number)) if number % 2 == 0 else (None, watched(root, number))
            a = alone(root) if a is None else a
            ratios.append(w / a)
            rates.append(ROWS / a)
            print(f"  pair {number + 1}: alone {a:.3f} s, watched {w:.3f} s, ratio {w / a:.4f}", flush=True)
    overhead = (median(ratios) - 1) * 100
    spread = f"{(min(ratios) - 1) * 100:+.2f} … {(max(ratios) - 1) * 100:+.2f} %"
    return table(
        f"Overhead ({PAIRS} pairs, {median(rates):.0f} rows a second)",
        [
            ("median of the pairs' ratios", f"{overhead:+.2f} %", "< 1 %", overhead < 1.0),
            ("smallest and largest", spread, "", None),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
