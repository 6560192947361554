"""Python stacks through py-spy: taken without pausing the process, or one sentence why there are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_tui.supervise.doing.snapshot import Frame, Stack

TIMEOUT_S = 5.0
TRIES = 3
"""The stack of a running thread can change under the reader; such a look is made anew."""

FRAMES = 200
"""Frames of one stack that are kept."""

NOT_PYTHON = "not a Python process"

_REFUSALS = ("permission denied", "operation not permitted", "requires root", "task_for_pid", "sudo")
_STRANGERS = ("find python version", "find libpython", "no python", "find a python")


@dataclass(frozen=True, slots=True)
class PyThread:
    """A thread as py-spy sees it."""

    tid: int
    name: str
    gil: bool
    frames: Stack


@dataclass(frozen=True, slots=True)
class PyStacks:
    """The threads of one process, or why they are not known."""

    threads: tuple[PyThread, ...] = ()
    problem: str = ""


def py_spy() -> str | None:
    """The program: beside our interpreter, else on the path."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


def python_stacks(pid: int, tries: int = TRIES) -> PyStacks:
    """The Python stacks of a process now, innermost frames first; nobody is paused for it."""
    program = py_spy()
    if program is None:
        return PyStacks(problem="py-spy is not installed")
    command = [program, "dump", "--nonblocking", "--json", "--full-filenames", "--pid", str(pid)]
    found = PyStacks(problem="py-spy was not asked")
    for _ in range(tries):
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "RUST_BACKTRACE": "0"},
            )
        except subprocess.TimeoutExpired:
            return PyStacks(problem=f"py-spy did not answer within {TIMEOUT_S:.0f} s")
        except OSError as error:
            return PyStacks(problem=f"py-spy cannot be started: {error.strerror}")
        if done.returncode == 0:
            return read_dump(done.stdout, _cwd(pid))
        found = PyStacks(problem=_reason(done.stderr))
        if found.problem == NOT_PYTHON or "may not" in found.problem:
            break
    return found


def read_dump(text: str, cwd: str = "") -> PyStacks:
    """What `py-spy dump --json` printed; a problem where it is not what we know."""
    try:
        document = json.loads(text)
        threads = tuple(_thread(item, cwd) for item in document)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        return PyStacks(problem=f"py-spy said what we cannot read: {type(error).__name__}")
    return PyStacks(threads) if threads else PyStacks(problem="py-spy found no Python thread")


def _thread(item: dict[str, Any], cwd: str) -> PyThread:
    frames = tuple(
        Frame(str(f["name"]), _whole(str(f["filename"]), cwd), int(f["line"] or 0))
        for f in item["frames"][:FRAMES]
    )
    return PyThread(
        int(item.get("os_thread_id") or item.get("thread_id") or 0),
        str(item.get("thread_name") or ""),
        bool(item.get("owns_gil")),
        frames,
    )


def _whole(name: str, cwd: str) -> str:
    """The whole path; code that came from no file is called `<string>` and the like."""
    return name if name.startswith("<") else os.path.join(cwd, name)


def _reason(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    said = complaint.lower()
    if any(word in said for word in _REFUSALS):
        return "py-spy may not read this process (see `trainer-tui doctor`)"
    if any(word in said for word in _STRANGERS):
        return NOT_PYTHON
    return f"py-spy: {lines[0].removeprefix('Error: ')[:200]}" if lines else "py-spy failed without a word"


def _cwd(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
