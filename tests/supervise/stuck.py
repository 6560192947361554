"""Programs that get stuck, each in its own way, and real processes that run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from trainer_tui.supervise.doing import Snapshot, Verdict, judge, take

PATIENCE_S = 20.0

HEAD = """
import os, sys, threading, time
def ready():
    print("ready", flush=True)
"""


@contextmanager
def running(folder: Path, body: str, *, stdin: Any = subprocess.DEVNULL, **options: Any) -> Iterator[Any]:
    """A script of these lines, which has come to its `ready()`; it and its children end with the block."""
    script = folder / "stuck.py"
    script.write_text(HEAD + textwrap.dedent(body))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        cwd=folder,
        start_new_session=True,
        **options,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the script did not come so far"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


def verdict_of(pid: int, *names: str, seconds: float = 0.4) -> tuple[Verdict, Snapshot]:
    """Look until the verdict has one of these names: a script that is ready may still be on its way."""
    end = time.monotonic() + PATIENCE_S
    while True:
        snapshot = take(pid, seconds=seconds)
        assert snapshot is not None, "the process is gone"
        verdict = judge(snapshot)
        if verdict.name in names:
            return verdict, snapshot
        assert time.monotonic() < end, f"{verdict}\n{snapshot.processes}"
