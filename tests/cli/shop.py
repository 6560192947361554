"""A project in a folder, tiny models, and the real program run in it as a user or a script would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from forks import forks

PROGRAM = (sys.executable, "-m", "trainer_tui.cli.app")

GOOD = """
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    for epoch in run.epochs(8):
        run.log(epoch=epoch, train_loss=1 / epoch**3, val_loss=1.1 / epoch**3)
        print("epoch", epoch)
    run.save_results([{"x": 1.0}, {"x": 2.0}])
    run.save_model({"w": 1})
"""

SLOW = GOOD.replace("run.epochs(8)", "run.epochs(600)").replace(
    "        print", "        time.sleep(0 if run.quick else 0.1)\n        print"
)
SLOW = "import time" + SLOW
"""Its quick run is over at once; its full run takes a minute, unless somebody ends it."""

WAITS = """
import sys, time
from pathlib import Path
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    run.log(epoch=1, train_loss=1.0)
    print("waiting", flush=True)
    while not Path("go").exists():
        time.sleep(0.02)
    run.log(epoch=2, train_loss=0.5)
    run.save_results([{"x": 1.0}, {"x": 2.0}])
    run.save_model({"w": 1})
"""
"""Goes on when there is a file named `go`."""

FAILS = """
from trainer_tui import TrainingRun

def train(rate):
    if rate < 0:
        raise ValueError("the learning rate is negative")

with TrainingRun.current() as run:
    run.log(epoch=1, train_loss=1.0)
    print("epoch 1")
    train(-1.0)
"""


class Shop:
    """The project, and what a user does in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONIOENCODING")}
        self.environ["LC_ALL"] = "C.UTF-8"
        self._started: list[subprocess.Popen[str]] = []

    def write(self, path: str, text: str | bytes) -> Path:
        """A file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def model(self, name: str, source: str) -> None:
        """A model of the project."""
        self.write(f"models/{name}.py", source)

    def run(self, *words: str, timeout: float = 40, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end; a traceback is never an answer.

        With an environment of its own it is started from nothing, else by a fork.
        """
        if environ:
            done = self._start_and_wait(words, timeout, environ)
        else:
            done = forks().run(words, self.root, self.environ, timeout)
        assert "trainer_tui/cli" not in done.stderr and "Traceback" not in done.stderr, done.stderr
        return done

    def _start_and_wait(
        self, words: tuple[str, ...], timeout: float, environ: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words],
            cwd=self.root,
            env=self.environ | environ,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            timeout=timeout,
        )

    def ok(self, *words: str, code: int = 0, **environ: str) -> str:
        """What the program prints; it must leave with this exit code."""
        done = self.run(*words, **environ)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def refused(self, *words: str) -> str:
        """What the program says on standard error to a wrong usage."""
        done = self.run(*words)
        assert done.returncode == 2, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.stdout == ""
        return done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        """The one JSON document that the program prints."""
        return json.loads(self.ok(*words, "--json", code=code), parse_constant=no_constant)

    def lines(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """The JSON lines that the program prints."""
        text = self.ok(*words, "--json", code=code)
        return [json.loads(line, parse_constant=no_constant) for line in text.splitlines()]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run the program in the background."""
        process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def standing(self, model: str) -> dict[str, Any]:
        """What `status` says, whatever its exit code; empty before there is a run."""
        done = self.run("status", model, "--json")
        return json.loads(done.stdout) if done.stdout else {}

    def events(self, model: str, kind: str) -> list[dict[str, Any]]:
        """The events of that kind in the model's newest run, read from the file."""
        files = sorted((self.root / "output" / model).glob("*-*/events.jsonl"))
        if not files:
            return []
        found = [json.loads(line) for line in files[-1].read_text().splitlines()]
        return [event for event in found if event["kind"] == kind]

    def full_runs(self, model: str) -> bool:
        """Whether the process of a full run is there."""
        runs = sorted((self.root / "output" / model).glob("*-full"))
        return bool(runs) and bool(self.events(model, "started"))

    def supervisors(self) -> list[psutil.Process]:
        """The supervisors of this project."""
        return [p for p in self._processes() if "trainer_tui.supervise" in _command(p)]

    def clear(self) -> None:
        """End what the test left behind."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for process in self._processes():
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue

    def _processes(self) -> list[psutil.Process]:
        """Every process that belongs to this project, supervisors first."""
        inside = f"{self.root}/"
        found = [p for p in psutil.process_iter() if any(inside in w for w in _words(p))]
        return sorted(found, key=lambda p: "trainer_tui.supervise" not in _command(p))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A project whose processes end with the test."""
    place = Shop(tmp_path)
    place.write("trainer.toml", "[full]\nmin_hours = 0\n[stop]\ngrace_seconds = 1\n")
    yield place
    place.clear()


def until(question: Callable[[], Any], seconds: float = 20) -> Any:
    """Ask until the answer is true, and return it; the test fails when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"still not true after {seconds} s: {question}")


def no_constant(name: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise AssertionError(f"{name} is no JSON")


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> str:
    return " ".join(_words(process))
