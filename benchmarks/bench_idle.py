"""What watching costs while nothing happens: one silent run, watched for a minute (SECONDS=60)."""

from __future__ import annotations

import os
import sys
import threading
import time

from lab import Terminal, cost, project, shim_of, supervisor_of, table, wait_for

SECONDS = float(os.environ.get("SECONDS", "60"))
SILENT = """
import time
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    time.sleep(3600)
"""


def main() -> int:
    """Print the table."""
    found: dict[str, tuple[float, float]] = {}
    with project(silent=SILENT) as root:
        terminal = Terminal(root, "watch", "silent")
        wait_for(lambda: (root / "output/silent/001-quick/process.json").exists())
        wait_for(lambda: "running" in terminal.screen())
        time.sleep(8)
        pids = {"supervisor": supervisor_of(root).pid, "dashboard": terminal.pid(), "shim": shim_of(root).pid}
        threads = [
            threading.Thread(target=lambda name=name, pid=pid: found.update({name: cost(pid, SECONDS)}))
            for name, pid in pids.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        terminal.close()
    bars = {"supervisor": (1.0, 70.0), "dashboard": (2.0, 120.0), "shim": (0.1, 12.0)}
    rows = []
    for name, (most_cpu, most_memory) in bars.items():
        cpu, memory = found[name]
        rows.append((f"{name}, CPU of one core", f"{cpu:.2f} %", f"< {most_cpu:g} %", cpu < most_cpu))
        rows.append((f"{name}, memory", f"{memory:.1f} MB", f"< {most_memory:g} MB", memory < most_memory))
    return table(f"One silent run, {SECONDS:.0f} s", rows)


if __name__ == "__main__":
    sys.exit(main())
