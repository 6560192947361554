"""Twelve hours of one run in ten minutes: HOURS=12 at FACTOR=72, under a real supervisor and dashboard.

The supervisor's clock runs FACTOR times as fast (`faster_clock.py`), so it takes 43,200 samples, reads 21,600
rows of history and 432,000 log lines with progress bars, warnings and errors that recover, and obeys notes
and pauses; the script writes as fast. The dashboard (tmux, 160x48) keeps its own clock and reads what comes.
Memory (PSS), descriptors and threads of supervisor, shim and dashboard are taken all along; the slope is the
median of the slopes between all pairs (Theil-Sen) in the last three quarters. Files are measured as well.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import psutil
from bench_scale import cpu_s, descriptors, pss_mb, threads
from lab import Terminal, median, project, shim_of, supervisor_of, table, wait_for

from trainer_tui.cli.plans import open_site, plan_for_model
from trainer_tui.runs.control import ask
from trainer_tui.runs.layout import RunFolder
from trainer_tui.supervise import start

HOURS = float(os.environ.get("HOURS", "12"))
FACTOR = float(os.environ.get("FACTOR", "72"))
NOTE_EVERY_H, PAUSE_EVERY_H = 0.25, 1.0

SCRIPT = f"""
import os, time
FACTOR, END = {FACTOR}, {HOURS} * 3600
began, second = time.monotonic(), 0
history = open(os.environ["TRAINER_RUN_DIR"] + "/training_history.csv", "w")
history.write("epoch,train_loss,val_loss,rmse,grad_norm,time_s\\n")
TRACEBACK = '''Traceback (most recent call last):
  File "/data/loader.py", line 88, in fetch
    return self.read(shard)
OSError: [Errno 5] Input/output error: '/data/shard-{{n:05d}}.tar'
'''
def line(n):
    if n % 6000 == 5999:
        return TRACEBACK.format(n=n // 6000) + "retrying in 2 s\\n"
    if n % 600 == 599:
        return f"/x/lib.py:{{n % 97}}: UserWarning: the batch {{n}} is smaller than asked for\\n"
    if n % 20 == 19:
        return "".join(f"\\rbatch {{n}}: {{p:3d}}%|####      | {{p}}/100" for p in (0, 50, 100)) + "\\n"
    return f"2026-01-25 14:{{n // 600 % 60:02d}}:{{n // 10 % 60:02d}} INFO step {{n}} loss {{1 + 1 / (1 + n):.5f}} lr 0.001\\n"
n = row = 0
while n < END * 10:
    time.sleep(0.05)
    due = min((time.monotonic() - began) * FACTOR, END)
    lines = []
    while n < due * 10:
        lines.append(line(n))
        n += 1
    print("".join(lines), end="", flush=True)
    while row < due / 2:
        row += 1
        loss = 1 + 1 / row + 0.01 * (row * 7919 % 101) / 101
        history.write(f"{{row}},{{loss:.6f}},{{loss * 1.01:.6f}},{{4 + loss:.6f}},{{0.5 + loss / 10:.6f}},{{row * 2}}\\n")
    history.flush()
open(os.environ["TRAINER_RUN_DIR"] + "/results.csv", "w").write(f"name,value\\na,1.5\\nb,{{row}}\\n")
open(os.environ["TRAINER_RUN_DIR"] + "/model_final.pkl", "wb").write(b"weights")
"""

SLOPES = {"supervisor": 400, "shim": 5, "dashboard": 1500}
"""kB that each may grow in an hour: rows and samples are kept as numbers, eight bytes each."""

PER_HOUR = {
    "telemetry.csv": 600,
    "events.jsonl": 300,
    "control.jsonl": 20,
    "training_history.csv": 300,
    "supervisor.log": 1,
    "dev_diary.md": 20,
}
"""kB an hour that each file may gain; the history is the script's own."""


@dataclass
class Taken:
    """What was measured of one process: simulated hours, MB, descriptors, threads."""

    pid: int
    hours: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def take(self, hour: float) -> None:
        """Measure now."""
        memory, held, working = pss_mb(self.pid), descriptors(self.pid)[0], threads(self.pid)
        self.hours.append(hour)
        self.memory.append(memory)
        self.descriptors.append(held)
        self.threads.append(working)

    def slope(self) -> float:
        """kB an hour over the last three quarters."""
        late = [(h, m) for h, m in zip(self.hours, self.memory, strict=True) if h >= self.hours[-1] / 4]
        return theil_sen(late) * 1024


def theil_sen(points: list[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs: a few outliers do not move it."""
    return median([(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1])


def sizes(root: Path, run: RunFolder) -> dict[str, int]:
    """Bytes of every file that grows with a run."""
    paths = {
        **{p.name: p for p in (run.telemetry, run.events, run.control, run.history)},
        "log": run.log(),
        "translation.json": run.path / "translation.json",
        "supervisor.log": run.path.parent / "supervisor.log",
        "dev_diary.md": root / "output" / "dev_diary.md",
        ".runs.jsonl": root / "output" / ".runs.jsonl",
    }
    return {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}


def lived(base: float) -> float:
    """Simulated hours since the start."""
    return (time.monotonic() - base) * FACTOR / 3600


def main() -> int:
    """Run, measure, print."""
    with project(long=SCRIPT) as root:
        os.chdir(root)
        (root / "faster").mkdir()
        shutil.copy(Path(__file__).with_name("faster_clock.py"), root / "faster" / "sitecustomize.py")
        base = time.monotonic()
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root / "faster"), before]))
        os.environ |= {"BENCH_FACTOR": str(FACTOR), "BENCH_BASE": str(base), "BENCH_WALL": str(time.time())}
        site = open_site()
        run = start.start_watch(site.folder("long"), plan_for_model(site, "long", "endurance"))
        assert run is not None
        del os.environ["BENCH_FACTOR"]
        wait_for(run.process_json.exists)
        terminal = Terminal(root, "watch", "long", "--attach")
        wait_for(lambda: "running" in terminal.screen())
        taken = {
            "supervisor": Taken(supervisor_of(root).pid),
            "shim": Taken(shim_of(root).pid),
            "dashboard": Taken(terminal.pid()),
        }
        grown = follow(root, run, taken, base)
        spent = {name: cpu_s(one.pid) for name, one in taken.items()}
        wait_for(lambda: '"kind":"ended"' in run.events.read_text(), timeout=300, every=0.5)
        hours = lived(base)
        events = [json.loads(line) for line in run.events.read_text().splitlines()]
        samples = len(run.telemetry.read_text().splitlines()) - 1
        screen = terminal.screen()
        final = sizes(root, run)
        terminal.close()
    print(screen)
    return report(taken, grown, spent, events, samples, hours, final)


def follow(
    root: Path, run: RunFolder, taken: dict[str, Taken], base: float
) -> list[tuple[float, dict[str, int]]]:
    """Measure until the script has ended; note and pause meanwhile."""
    grown, noted, paused = [], 0.0, 0.0
    while not run.exit_json.exists():
        time.sleep(5)
        hour = lived(base)
        try:
            for one in taken.values():
                one.take(hour)
        except (OSError, psutil.Error):
            break
        grown.append((hour, sizes(root, run)))
        if hour - noted >= NOTE_EVERY_H:
            noted = hour
            ask(run, "note", text=f"still here after {hour:.1f} h")
        if hour - paused >= PAUSE_EVERY_H:
            paused = hour
            ask(run, "pause", why="a look")
            time.sleep(0.2)
            ask(run, "resume")
            print(
                f"  {hour:.1f} h: " + ", ".join(f"{n} {t.memory[-1]:.1f} MB" for n, t in taken.items()),
                flush=True,
            )
    return grown


def report(
    taken: dict[str, Taken],
    grown: list[tuple[float, dict[str, int]]],
    spent: dict[str, float],
    events: list[dict[str, object]],
    samples: int,
    hours: float,
    final: dict[str, int],
) -> int:
    """Print the tables."""
    rows: list[tuple[str, str, str, bool | None]] = []
    for name, one in taken.items():
        slope, most = one.slope(), SLOPES[name]
        quarter = len(one.memory) // 4
        first, last = median(one.memory[quarter : 2 * quarter]), median(one.memory[-quarter:])
        rows.append(
            (f"{name}, memory", f"{one.memory[0]:.1f} at first, {first:.1f} … {last:.1f} MB", "", None)
        )
        rows.append((f"{name}, slope", f"{slope:+.0f} kB/h", f"< {most} kB/h", slope < most))
        files = max(one.descriptors[quarter:]) - min(one.descriptors[quarter:])
        flat = median(one.descriptors[-quarter:]) <= median(one.descriptors[quarter : 2 * quarter])
        rows.append((f"{name}, descriptors", f"{one.descriptors[-1]} (±{files})", "flat", flat))
        flat = median(one.threads[-quarter:]) <= median(one.threads[quarter : 2 * quarter])
        rows.append((f"{name}, threads", f"{one.threads[-1]}", "flat", flat))
        rows.append((f"{name}, CPU", f"{spent[name]:.0f} s", "", None))
    late = [(h, s) for h, s in grown if h > grown[-1][0] / 4]
    for name in late[-1][1]:
        rate = (late[-1][1][name] - late[0][1][name]) / (late[-1][0] - late[0][0]) / 1000
        most = PER_HOUR.get(name)
        met = None if most is None else rate < most
        rows.append(
            (name, f"{rate:.1f} kB/h, {final[name] / 1e6:.2f} MB", f"< {most} kB/h" if most else "", met)
        )
    kinds: dict[str, int] = {}
    for event in events:
        kinds[str(event["kind"])] = kinds.get(str(event["kind"]), 0) + 1
    rows.append(("samples", f"{samples:,}", f"about {hours * 3600:,.0f}", None))
    rows.append(("events", f"{kinds}", "", None))
    rows.append(("end", f"{events[-1].get('reason')}", "passed", events[-1].get("reason") == "passed"))
    return table(f"{hours:.1f} hours of one run, {FACTOR:g} times as fast", rows)


if __name__ == "__main__":
    sys.exit(main())
