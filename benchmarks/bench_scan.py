"""How fast the whole rule table passes over a long training log, beside ripgrep (SIZE_MB=1000, one core).

The log is like those of long runs: timed step lines, epoch summaries, progress bars with carriage returns, a
warning now and then, and one failure at its end. ripgrep counts lines with 15 alternatives, none of which
is in the log but in its last lines: once words as they are, once with the classes and optional parts such
lists grow; the bar (2.5 times) is held against the second, which is the kind of work a rule table is. Words
alone are found by a vector search that no automaton keeps up with. All figures are CPU time, user and system.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab import table

SIZE_MB = int(os.environ.get("SIZE_MB", "1000"))
WORDS = (
    "Traceback|Exception|Killed|Segmentation fault|out of memory|CUDA error|NCCL error|Fatal Python"
    "|No space left|core dumped|terminate called|Bus error|loss: nan|Aborted|panicked"
)
PATTERN = (
    r"\w+Error: |\w+Exception: |Traceback \(most recent|[Kk]illed|Segmentation fault|[Oo]ut of memory"
    r"|loss\s*[:=]\s*nan|CUDA error|NCCL (error|WARN)|terminate called|Bus error|No space left|core dumped"
    r"|exit code [1-9]|Connection (reset|refused)"
)
ENDING = (
    "Traceback (most recent call last):\n"
    '  File "/srv/run/train.py", line 88, in step\n    loss.backward()\n'
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n"
)

# The rule table alone, in a process that has started: reads the file, prints the seconds of CPU it took.
ALONE = """
import sys, time, numpy
from trainer_tui.failures import Scanner
Scanner()
scanner, started = Scanner(), time.process_time()
with open(sys.argv[1], "rb", buffering=0) as file:
    while data := file.read(1 << 20):
        scanner.feed(data)
scanner.finish()
print(time.process_time() - started)
"""


def lines(count: int, seed: int) -> bytes:
    """That many lines and frames of a healthy log."""
    chance = random.Random(seed)
    out = []
    for step in range(count):
        seconds, share = step % 60, step % 100
        if step % 40 == 0:
            out.append(
                f"2026-01-25 14:30:{seconds:02d},123 INFO train: Epoch {step // 40} - train_loss: "
                f"{chance.random():.6f} - val_loss: {chance.random():.6f} - mean_squared_error: "
                f"{chance.random():.4f} - lr: 1.0e-04\n"
            )
        elif step % 1499 == 0:
            out.append(
                "/opt/lib/python3.11/site-packages/torch/optim/lr_scheduler.py:131: UserWarning: Detected "
                "call of `lr_scheduler.step()` before `optimizer.step()`.\n  warnings.warn(\n"
            )
        elif chance.random() < 0.5:
            out.append(
                f"\rEpoch {step // 40}: {share:3d}%|{'#' * (share // 5):20s}| {step % 782}/782 "
                f"[00:{seconds:02d}<00:11, 24.{share:02d}it/s, loss={chance.random():.3f}]"
                + ("\n" if share == 99 or chance.random() < 0.05 else "")
            )
        else:
            out.append(
                f"[2026-01-25 14:30:{seconds:02d},{step % 1000:03d}][INFO][trainer] step {step} | loss "
                f"{chance.random():.4f} | grad_norm {chance.random():.3f} | lr 3.00e-04 | "
                f"{chance.randint(10_000, 90_000)} tok/s | mem 31.4GB\n"
            )
    return "".join(out).encode()


def write(path: Path, size: int) -> None:
    """A log of about `size` bytes, from sixteen different stretches of a healthy run."""
    stretches = [lines(20_000, seed) for seed in range(16)]
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            file.write(stretches[number % 16])
            number += 1
        file.write(b"\n" + ENDING.encode())


def timed(*command: str) -> tuple[float, str]:
    """(the least CPU time of three runs in seconds, user and system; the output)."""
    best, out = float("inf"), ""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best, out = min(best, spent), done.stdout
    return best, out


def main() -> int:
    """Print the table."""
    if shutil.which("rg") is None or shutil.which("taskset") is None:
        print("bench_scan needs ripgrep (rg) and taskset", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "train.log"
        write(log, SIZE_MB * 1_000_000)
        size = log.stat().st_size / 1e9
        # First, so that no other child is in the peak; that of rg is its mapping of the whole file.
        took, out = timed(sys.executable, "-m", "trainer_tui.cli.app", "scan", "--json", str(log))
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        alone = min(float(timed(sys.executable, "-c", ALONE, str(log))[1]) for _ in range(2))
        words, _ = timed("rg", "-c", "-j1", WORDS, str(log))
        classes, _ = timed("rg", "-c", "-j1", PATTERN, str(log))
    found = [json.loads(line) for line in out.splitlines()]
    right = [incident["kind"] for incident in found] == ["cuda-oom"]
    speed = size / took
    ratio = classes / alone
    return table(
        f"Scanning {size:.2f} GB, CPU time on one core, best of 3",
        [
            ("the failure at its end, and nothing else", "found" if right else "missed", "found", right),
            ("the rule table alone", f"{size / alone:.2f} GB/s", ">= 1.2 GB/s", size / alone >= 1.2),
            ("trainer-tui scan, its start included", f"{speed:.2f} GB/s", ">= 1.2 GB/s", speed >= 1.2),
            ("rg -c, 15 words", f"{size / words:.2f} GB/s", "", None),
            ("rg -c, 15 alternatives with classes", f"{size / classes:.2f} GB/s", "", None),
            ("rule table alone : rg with classes", f"{ratio:.2f}", ">= 2.5", ratio >= 2.5),
            ("trainer-tui scan : rg with classes", f"{classes / took:.2f}", "", None),
            ("peak memory", f"{memory:.0f} MB", "< 150 MB", memory < 150),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
