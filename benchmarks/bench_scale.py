"""Many runs at once under one user: RUNS=200 light scripts, each with a supervisor and a shim of its own.

All are launched as fast as one process can, the Runs screen is opened in a real terminal (tmux, 160x48), and
for SECONDS=60 everything is measured: proportional memory (PSS, from `smaps_rollup`), CPU, descriptors,
inotify instances. Then runs are paused and the time until the Runs screen says so is taken, keys are pressed
and the time until the screen changes. At last all scripts are told to end: each must end `passed`, with
every row, line and event there exactly once, and with its row in the index. PACE=1 is how many seconds lie
between two rows (and lines) of each script.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import Terminal, median, percentile, project, table, wait_for

from trainer_tui.cli.plans import open_site, plan_for_model
from trainer_tui.runs.control import ask
from trainer_tui.runs.layout import RunFolder
from trainer_tui.supervise import start

RUNS = int(os.environ.get("RUNS", "200"))
SECONDS = float(os.environ.get("SECONDS", "60"))
PACE = float(os.environ.get("PACE", "1"))
ASKED = 10
ENDING = ("supervisor", "shim", "index")
TICK = os.sysconf("SC_CLK_TCK")

LIGHT = f"""
import os, time
with open(os.environ["TRAINER_RUN_DIR"] + "/training_history.csv", "w") as history:
    history.write("epoch,train_loss,val_loss,grad_norm\\n")
    epoch = 0
    while not os.path.exists(os.environ["SCALE_STOP"]):
        epoch += 1
        loss = 1 + 1 / epoch
        history.write(f"{{epoch}},{{loss}},{{loss * 1.01}},{{1 / epoch}}\\n")
        history.flush()
        print(f"epoch {{epoch}} train {{loss:.4f}}", flush=True)
        time.sleep({PACE})
with open(os.environ["TRAINER_RUN_DIR"] + "/results.csv", "w") as results:
    results.write(f"name,value\\na,{{loss}}\\nb,{{epoch}}\\n")
open(os.environ["TRAINER_RUN_DIR"] + "/model_final.pkl", "wb").write(b"weights")
open(os.environ["TRAINER_RUN_DIR"] + "/epochs.txt", "w").write(str(epoch))
"""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of ours as `/proc` shows it."""

    pid: int
    role: str


def processes(root: Path) -> list[Process]:
    """Every process of the project: supervisor, shim, training or index."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(str(root) in word for word in words):
            found.append(Process(int(name), role_of(words)))
    return found


def role_of(words: list[str]) -> str:
    """What a process is, by its command line."""
    if "trainer_tui.supervise" in words:
        return "supervisor"
    if any(word.endswith("shim.py") for word in words):
        return "shim"
    return "index" if "trainer_tui.runs.index" in words else "training"


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its ended children so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def pss_mb(pid: int) -> float:
    """Proportional memory: what is shared with other processes counts by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def descriptors(pid: int) -> tuple[int, int]:
    """Open descriptors, and how many of them are inotify instances."""
    links = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return len(links), sum(link == "anon_inode:inotify" for link in links)


def threads(pid: int) -> int:
    """Threads of a process."""
    return len(os.listdir(f"/proc/{pid}/task"))


def launch(root: Path, names: list[str]) -> tuple[list[RunFolder], dict[str, float]]:
    """Start all watches, one after the other without a pause; the runs, and what that took."""
    site = open_site()
    each, load, began, busy_before = [], 0.0, time.perf_counter(), busy_s()
    runs = []
    for name in names:
        before = time.perf_counter()
        run = start.start_watch(site.folder(name), plan_for_model(site, name, "many at once"))
        assert run is not None, name
        runs.append(run)
        each.append(time.perf_counter() - before)
        load = max(load, os.getloadavg()[0])
    asked = time.perf_counter() - began
    wait_for(lambda: all(seen(run, "started") for run in runs), timeout=600, every=0.5)
    running = time.perf_counter() - began
    spent = sum(cpu_s(process.pid) for process in processes(root)) + busy_s() - busy_before
    return runs, {
        "asked": asked,
        "each": median(each) * 1e3,
        "worst": max(each) * 1e3,
        "running": running,
        "load": max(load, os.getloadavg()[0]),
        "spent": spent,
    }


def busy_s() -> float:
    """CPU seconds of this process."""
    return time.process_time()


def seen(run: RunFolder, kind: str) -> bool:
    """Whether an event of this kind was written."""
    try:
        return f'"kind":"{kind}"' in run.events.read_text()
    except OSError:
        return False


def measure(root: Path, dashboard: int) -> dict[str, dict[str, float]]:
    """What each role uses over a while; `all`: together."""
    there = [*processes(root), Process(dashboard, "dashboard")]
    before = {p: cpu_s(p.pid) for p in there}
    began = time.perf_counter()
    time.sleep(SECONDS)
    took = time.perf_counter() - began
    found: dict[str, dict[str, float]] = {}
    for role in ("supervisor", "shim", "training", "dashboard"):
        ours = [p for p in there if p.role == role]
        cpu = [100 * max(0.0, cpu_s(p.pid) - before[p]) / took for p in ours]
        held = [descriptors(p.pid) for p in ours]
        found[role] = {
            "count": len(ours),
            "cpu": sum(cpu),
            "cpu each": median(cpu),
            "pss": median([pss_mb(p.pid) for p in ours]),
            "pss all": sum(pss_mb(p.pid) for p in ours),
            "threads": max(threads(p.pid) for p in ours),
            "descriptors": max(count for count, _ in held),
            "inotify": sum(count for _, count in held),
        }
    return found


def until_shown(terminal: Terminal, wanted: Callable[[str], bool]) -> float:
    """Seconds until the screen shows it."""
    return wait_for(lambda: wanted(terminal.screen()), timeout=60, every=0.02)


def event_to_screen(terminal: Terminal, runs: list[RunFolder]) -> list[float]:
    """From the request to pause a run to the word on the Runs screen; both ways, runs in sight."""
    times = []
    for run in runs:
        for request, word in (("pause", "paused"), ("resume", "running")):
            ask(run, request)  # type: ignore[arg-type]
            wait_for(lambda run=run, word=word: seen(run, {"paused": "paused", "running": "continued"}[word]))  # type: ignore[misc]
            times.append(until_shown(terminal, lambda s, run=run, word=word: word in row_of(s, run)))  # type: ignore[misc]
    return times


def row_of(screen: str, run: RunFolder) -> str:
    """The line of a run on the Runs screen."""
    return next((line for line in screen.splitlines() if run.model in line), "")


def keys(terminal: Terminal) -> list[float]:
    """Seconds from a key in the filter to the changed screen."""
    terminal.type("/")
    time.sleep(1)
    times = []
    for key in [*"model:m1", *["BSpace"] * 8]:
        before = terminal.screen()
        terminal.type(key)
        times.append(until_shown(terminal, lambda screen, before=before: screen != before))  # type: ignore[misc]
        time.sleep(0.1)
    terminal.type("Escape")
    return times


def finish(root: Path, runs: list[RunFolder], stop: Path) -> tuple[float, list[str]]:
    """End them all; seconds until the last one was judged, and all that is wrong with any of them."""
    stop.touch()
    took = wait_for(lambda: all(seen(run, "ended") for run in runs), timeout=600, every=0.5)
    wait_for(lambda: not any(p.role in ENDING for p in processes(root)), timeout=120, every=0.5)
    wrong = [f"{run.model}: {fault}" for run in runs for fault in faults(root, run)]
    with sqlite3.connect(root / "output" / "runs.db") as index:
        told = Counter(row[0] for row in index.execute("select status from ml_training_runs"))
    return took, wrong + ([] if told == {"completed": len(runs)} else [f"the index: {dict(told)}"])


def faults(root: Path, run: RunFolder) -> list[str]:
    """What was lost or doubled of one run."""
    events = [json.loads(line) for line in run.events.read_text().splitlines()]
    kinds = Counter(event["kind"] for event in events)
    epochs = int((run.path / "epochs.txt").read_text())
    expected = {
        f"ended {events[-1].get('reason')}: {events[-1].get('sentence')}": events[-1].get("reason")
        == "passed",
        f"events {dict(kinds)}": all(kinds[kind] == 1 for kind in ("started", "exited", "gates", "ended")),
        "incidents": kinds["incident"] == 0,
        "blind": kinds["blind"] == 0,
        "rows": len(run.history.read_text().splitlines()) == epochs + 1,
        "lines": len(run.log().read_text().splitlines()) == epochs,
        "complaints": not (run.path.parent / "supervisor.log").read_text().strip(),
    }
    return [what for what, holds in expected.items() if not holds]


def main() -> int:
    """Launch, measure, end, print."""
    names = [f"m{number:03d}" for number in range(RUNS)]
    with project(**dict.fromkeys(names, LIGHT)) as root:
        os.chdir(root)
        stop = root / "stop"
        os.environ["SCALE_STOP"] = str(stop)
        runs, begun = launch(root, names)
        print({name: round(value, 2) for name, value in begun.items()}, flush=True)
        terminal = Terminal(root, "watch", names[0], "--attach")
        wait_for(lambda: "running" in terminal.screen(), timeout=120)
        terminal.type("r")
        opened = until_shown(terminal, lambda screen: screen.count("running") > 30)
        used = measure(root, terminal.pid())
        print(json.dumps(used, indent=1), flush=True)
        sight = [run for run in runs if row_of(terminal.screen(), run)][2 : ASKED + 2]
        shown = event_to_screen(terminal, sight)
        typed = keys(terminal)
        print("shown", shown, "typed", typed, flush=True)
        ended, wrong = finish(root, runs, stop)
        last = until_shown(terminal, lambda screen: "running" not in screen and "passed" in screen)
        print(terminal.screen())
        terminal.close()
    print(*wrong[:20], sep="\n")
    supervisor, shim = used["supervisor"], used["shim"]
    total = sum(part["cpu"] for part in used.values())
    rows: list[tuple[str, str, str, bool | None]] = [
        ("asked for, all", f"{begun['asked']:.1f} s", "", None),
        ("one launch, median and longest", f"{begun['each']:.0f}, {begun['worst']:.0f} ms", "", None),
        ("until all run", f"{begun['running']:.1f} s", "", None),
        ("CPU of the launches, each", f"{begun['spent'] / RUNS:.2f} s", "", None),
        ("highest load", f"{begun['load']:.1f}", "", None),
        ("Runs screen, from the key", f"{opened:.2f} s", "", None),
        ("supervisor, PSS", f"{supervisor['pss']:.1f} MB", "", None),
        ("supervisor, CPU of one core", f"{supervisor['cpu each']:.2f} %", "", None),
        ("supervisor, threads and descriptors", f"{supervisor['threads']:.0f}, {supervisor['descriptors']:.0f}", "", None),
        ("shim, PSS", f"{shim['pss']:.1f} MB", "", None),
        ("shims, CPU in all", f"{shim['cpu']:.2f} %", "", None),
        ("supervisors and shims, memory in all", f"{supervisor['pss all'] + shim['pss all']:.0f} MB", "", None),
        ("supervisors, CPU in all", f"{supervisor['cpu']:.0f} % of one core", "", None),
        ("dashboard, CPU", f"{used['dashboard']['cpu']:.1f} %", "", None),
        ("dashboard, PSS", f"{used['dashboard']['pss']:.0f} MB", "", None),
        ("everything, CPU", f"{total:.0f} % of one core", "", None),
        ("inotify instances in all", f"{sum(part['inotify'] for part in used.values()):.0f}", "", None),
        ("event to Runs screen, median", f"{median(shown):.2f} s", "< 2 s", median(shown) < 2),
        ("event to Runs screen, longest", f"{max(shown):.2f} s", "", None),
        ("key to screen, median", f"{median(typed) * 1e3:.0f} ms", "", None),
        ("key to screen, 95 of 100", f"{percentile(typed, 0.95) * 1e3:.0f} ms", "", None),
        ("all judged, after the word to end", f"{ended:.1f} s", "", None),
        ("Runs screen right, after the last end", f"{last:.2f} s", "< 3 s", last < 3),
        ("lost, doubled or not passed", str(len(wrong)), "0", not wrong),
    ]  # fmt: skip
    return table(f"{RUNS} runs at once, a row and a line each {PACE:g} s", rows)


if __name__ == "__main__":
    sys.exit(main())
