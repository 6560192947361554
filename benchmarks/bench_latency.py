"""From the write of an error line to its event and to the screen, while 20,000 lines a second are logged.

The script writes tracebacks whose message holds the time of writing, each about something else: repeats of
one message are one incident. The event carries its own time; the screen is a real terminal (tmux), looked at
as often as it answers, so its figure is on the safe side. Only headline and signals count as shown, not the
log pane.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from lab import Terminal, median, percentile, project, table, wait_for

RUNS, ERRORS, EVERY_S = 3, 18, 1.0

NOISY = f"""
import sys, time
from trainer_tui import TrainingRun
line = "step {{}} loss 0.4127 lr 0.001 tokens 18234 ok, a line of about eighty characters in all\\n"
with TrainingRun.current() as run:
    began = time.perf_counter()
    written = errors = 0
    parts = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar "
    parts = (parts + "papa quebec romeo").split()
    while errors < {ERRORS} or time.perf_counter() - began < {ERRORS * EVERY_S + 3}:
        due = int((time.perf_counter() - began) * 20000)
        out = "".join(line.format(n) for n in range(written, due))
        written = due
        if time.perf_counter() - began > 3 + errors * {EVERY_S} and errors < {ERRORS}:
            errors += 1
            out += ("Traceback (most recent call last):\\n  File \\"train.py\\", line 1, in step\\n"
                    "RuntimeError: {{}} is gone at{{:.4f}}\\n".format(parts[errors - 1], time.time()))
        sys.stdout.write(out)
        sys.stdout.flush()
        time.sleep(0.005)
"""

STAMP = re.compile(r"at(\d{10}\.\d{4})")


def one_run() -> tuple[list[float], list[float], float]:
    """Seconds to the event and to the screen for each error, and the lines a second that were written."""
    with project(noisy=NOISY) as root:
        terminal = Terminal(root, "watch", "noisy", "--skip-quick", "benchmark")
        run = root / "output/noisy/001-full"
        shown: dict[str, float] = {}
        wait_for(lambda: (run / "events.jsonl").exists())
        began = time.time()
        while time.time() - began < 3 + ERRORS * EVERY_S + 2:
            for line in terminal.screen().splitlines():
                if "RuntimeError: " in line and ("▲" in line or "✘" in line):
                    for stamp in STAMP.findall(line):
                        shown.setdefault(stamp, time.time() - float(stamp))
        terminal.close()
        size = (root / "logs/noisy/001-full.log").stat().st_size
        lines = size / 81 / (time.time() - began)
        return list(to_events(run / "events.jsonl").values()), list(shown.values()), lines


def to_events(path: Path) -> dict[str, float]:
    """Stamp → seconds until its event."""
    from trainer_tui.runs.clock import parse_utc

    found: dict[str, float] = {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event["kind"] == "incident":
            moment = parse_utc(event["time"])
            for stamp in STAMP.findall(event["incident"]["message"]):
                if moment is not None:
                    found.setdefault(stamp, moment.timestamp() - float(stamp))
    return found


def main() -> int:
    """Print the table."""
    events: list[float] = []
    screens: list[float] = []
    rates = []
    for _ in range(RUNS):
        some_events, some_screens, rate = one_run()
        events += some_events
        screens += some_screens
        rates.append(rate)
    event95, screen95 = percentile(events, 0.95), percentile(screens, 0.95)
    wanted = RUNS * ERRORS
    return table(
        f"From the write of an error line ({wanted} errors, {median(rates):,.0f} lines a second)",
        [
            ("to its event, median", f"{median(events) * 1000:.0f} ms", "", None),
            ("to its event, p95", f"{event95 * 1000:.0f} ms", "< 100 ms", event95 < 0.1),
            ("to the screen, median", f"{median(screens) * 1000:.0f} ms", "", None),
            ("to the screen, p95", f"{screen95 * 1000:.0f} ms", "< 500 ms", screen95 < 0.5),
            ("errors found", f"{len(events)} of {wanted}", "all", len(events) == wanted),
            ("errors seen on the screen", f"{len(screens)} of {wanted}", "all", len(screens) == wanted),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
