"""The cockpit in a real terminal: what it leaves behind, and how light it starts."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tui_world import World

from trainer_tui.tui.desk import Desk

PROGRAM = """
import sys
from pathlib import Path
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.tui import Cockpit, run_cockpit

root = Path(sys.argv[1])
model = ModelFolder(root / "output" / "model_3", root / "logs" / "model_3")
left = run_cockpit(Cockpit(model, root / "output" / "dev_diary.md", "demo", lambda: None, lambda: None))
print("LEFT", left.state.status if left.state else None, left.goes_on, left.signal, flush=True)
"""

ENTER = b"\x1b[?1049h"
HEAVY = {
    "numpy",
    "pydantic",
    "sqlalchemy",
    "textual.widgets._markdown",
    "textual.widgets._text_area",
    "textual_plot",
    "trainer_tui.diary",
    "trainer_tui.supervise.start",
}

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l")
"""Main screen, cursor, mouse reporting off."""


STUCK = """
import sys, time
from pathlib import Path
from trainer_tui.tui.terminal import Exit

leaving = Exit(lambda: Path(sys.argv[1], "saved").touch())
print("\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?25l", end="", flush=True)
leaving.within(15, 0.2)
time.sleep(60)
"""


class Terminal:
    """A program at the far end of a pseudo-terminal."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master, self.process, self.output = master, process, b""

    def read_until(self, wanted: bytes, seconds: float = 10.0) -> None:
        """Read until something was written."""
        end = time.monotonic() + seconds
        while wanted not in self.output:
            assert time.monotonic() < end, f"{wanted!r} was not written: {self.output[-500:]!r}"
            self._read(0.1)

    def read_to_end(self) -> None:
        """Read until the program has ended and all it wrote is here."""
        end = time.monotonic() + 10
        while self.process.poll() is None:
            assert time.monotonic() < end, "it did not end"
            self._read(0.1)
        while self._read(0.05):
            continue

    def read_for(self, seconds: float) -> None:
        """Read what is written meanwhile, if anything."""
        self._read(seconds)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.output += data
        return bool(data)


@contextmanager
def terminal(world: World, program: str = PROGRAM, **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORFGBG", "TEXTUAL_THEME")}
    env |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(world.root)],
        stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        os.close(master)


def living(world: World) -> None:
    world.supervise()
    run = world.run().begin()
    run.history(50)
    run.log("\x1b]0;EVIL TITLE\x07hello \x1b[2J from training")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_terminal_clean_and_the_run_alone(world: World, number: signal.Signals) -> None:
    living(world)
    with terminal(world) as program:
        program.read_until(b"from training")
        assert ENTER in program.output
        program.process.send_signal(number)
        program.read_to_end()
        assert program.process.returncode == 0
        for sequence in RESTORED:
            assert program.output.rfind(sequence) > program.output.rfind(ENTER), sequence
        assert f"LEFT running True {int(number)}".encode() in program.output


def test_a_leave_that_hangs_is_cut_short_with_the_text_saved_and_the_terminal_restored(world: World) -> None:
    with terminal(world, STUCK) as program:
        program.read_to_end()
        assert program.process.returncode == 128 + 15
        assert (world.root / "saved").exists()
        for sequence in RESTORED:
            assert program.output.rfind(sequence) > program.output.rfind(ENTER), sequence


def test_text_that_was_being_typed_outlives_a_kill(world: World) -> None:
    run = world.run().begin()
    run.fail()
    run.finish("nan-loss", "the loss is NaN", code=1)
    before = world.diary.read_text()
    drafts = world.diary.parent / ".drafts"
    with terminal(world) as program:
        program.read_until("✘ nan-loss".encode())
        os.write(program.master, b"e")
        program.read_until(b"Investigation")
        os.write(program.master, b"clipping helped")
        end = time.monotonic() + 10
        while not any("clipping helped" in file.read_text() for file in drafts.glob("*.json")):
            assert time.monotonic() < end, "no draft was written"
            program.read_for(0.1)
        assert Desk(world.diary).open(1).text == before[before.index("## ") :], "somebody writes it still"
        program.process.send_signal(signal.SIGKILL)
        program.process.wait(10)
    assert world.diary.read_text() == before
    with terminal(world) as program:
        program.read_until("✘ nan-loss".encode())
        os.write(program.master, b"e")
        program.read_until(b"clipping helped")
        os.write(program.master, b"\x13")  # ctrl+s
        end = time.monotonic() + 10
        while "clipping helped" not in world.diary.read_text() or drafts.exists():
            assert time.monotonic() < end, "it was not saved, or its draft was left"
            program.read_for(0.1)
        os.write(program.master, b"\x11")  # ctrl+q
        program.read_to_end()
    assert "conflict" not in world.diary.read_text()


def test_a_terminal_that_is_gone_takes_the_screen_with_it(world: World) -> None:
    living(world)
    with terminal(world) as program:
        program.read_until(b"from training")
        os.close(program.master)  # the kernel sends SIGHUP
        program.master = os.open(os.devnull, os.O_RDONLY)
        program.process.wait(10)


def test_q_leaves_and_no_sequence_of_the_log_was_passed_on(world: World) -> None:
    living(world)
    with terminal(world) as program:
        program.read_until(b"from training")
        os.write(program.master, b"q")
        program.read_to_end()
        assert b"LEFT running True None" in program.output
        assert b"EVIL TITLE" not in program.output
        assert b"\x1b[2J from" not in program.output


def test_no_color_means_no_colour(world: World) -> None:
    living(world)
    with terminal(world, NO_COLOR="1") as program:
        program.read_until(b"from training")
        program.read_until("── train".encode())
        os.write(program.master, b"q")
        program.read_to_end()
        assert b"LEFT running True None" in program.output
        shades = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", program.output)
        assert all(max(map(int, shade)) - min(map(int, shade)) < 8 for shade in shades)
        # In the palette of 256 the greys are 16, 231, 232 to 255 and the diagonal of the cube.
        palette = {int(n) for n in re.findall(rb"[34]8;5;(\d+)", program.output)}
        greys = {0, 7, 8, 15, *(16 + 43 * i for i in range(6)), *range(232, 256)}
        assert palette <= greys


def test_the_first_frame_waits_for_nothing_heavy() -> None:
    code = f"import sys, trainer_tui.tui; print(sorted(set(sys.modules) & {HEAVY}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
