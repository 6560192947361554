"""How long until the program answers: `--help`, the import of TrainingRun, the first frame of `watch`.

Medians of whole processes, after one warm-up. The first frame is timed from exec to the first drawn text that
names the model, read from a real pseudo-terminal.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from lab import PROGRAM, median, project, table

SILENT = """
import time
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    time.sleep(600)
"""


def timed(*command: str, runs: int = 11) -> float:
    """Median seconds of a command."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return median(times[1:])


def first_frame(root: Path, *arguments: str) -> float:
    """Seconds from exec to the first frame that names the model."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        [PROGRAM, *arguments], cwd=root, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while b"silent" not in seen:
        if not select.select([master], [], [], 20)[0]:
            raise TimeoutError(seen[-2000:])
        seen += os.read(master, 65536)
    took = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    while True:
        try:
            if not os.read(master, 65536):
                break
        except OSError:
            break
    process.wait(10)
    os.close(master)
    return took


ROWS = """
import os, tempfile, time
os.environ["TRAINER_RUN_DIR"] = tempfile.mkdtemp()
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    began = time.perf_counter()
    for epoch in range(20000):
        run.log(epoch=epoch, train_loss=0.1, val_loss=0.2, rmse=0.3, grad_norm=0.4)
    print((time.perf_counter() - began) / 20000)
"""


def a_row() -> float:
    """Median seconds of one `run.log`."""
    times = [
        float(subprocess.run([sys.executable, "-c", ROWS], capture_output=True, text=True).stdout)
        for _ in range(5)
    ]
    return median(times)


def main() -> int:
    """Print the table."""
    python = sys.executable
    bare = timed(python, "-c", "pass")
    imported = timed(python, "-c", "from trainer_tui import TrainingRun") - bare
    helped = timed(PROGRAM, "--help")
    with project(silent=SILENT) as root:
        starting = first_frame(root, "watch", "silent")
        attached = [first_frame(root, "watch", "silent") for _ in range(8)][1:]
    fresh = []
    for _ in range(5):
        with project(silent=SILENT) as root:
            fresh.append(first_frame(root, "watch", "silent"))
    return table(
        "Start",
        [
            ("trainer-tui --help", f"{helped:.3f} s", "< 0.2 s", helped < 0.2),
            (
                "import TrainingRun, over bare Python",
                f"{imported * 1000:.0f} ms",
                "< 30 ms",
                imported < 0.030,
            ),
            (
                "first frame of watch, starting a run",
                f"{median(fresh):.3f} s",
                "< 0.5 s",
                median(fresh) < 0.5,
            ),
            (
                "first frame of watch, attaching",
                f"{median(attached):.3f} s",
                "< 0.5 s",
                median(attached) < 0.5,
            ),
            ("one row of run.log", f"{a_row() * 1e6:.0f} µs", "", None),
            ("  the very first of them all", f"{starting:.3f} s", "", None),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
