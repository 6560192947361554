"""Who runs a trial: this process, or a worker that it started. A worker speaks JSON lines over its own pipes.

A worker is a fresh interpreter, not a fork and not a spawned copy of the caller's script: it has its own
limit of threads from the first import on, and it ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer_tui.training.tuning.evaluating import OnStep, Outcome, evaluate
from trainer_tui.training.tuning.matrices import Matrices
from trainer_tui.training.tuning.scoring import Scoring
from trainer_tui.training.tuning.search import Search, WorkerDied, packed, unpacked

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
ENDING_S = 10
"""Seconds that a worker has to end once it is told to."""


class Here:
    """Runs trials in this process."""

    name = "0"

    def __init__(self, matrices: Matrices, scoring: Scoring, seed: int, threads: int) -> None:
        self._given = (matrices, scoring)
        self._seed = seed
        self._threads = threads

    def run(self, algorithm: str, params: dict[str, Any], on_step: OnStep) -> Outcome:
        """One trial, with its share of threads."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=self._threads):
            return evaluate(*self._given, algorithm, params, self._seed, self._threads, on_step)


class Worker:
    """Runs trials in a process of its own; started with the first one, and again when it died."""

    def __init__(self, number: int, folder: Path, settings: dict[str, Any], threads: int) -> None:
        self.name = str(number)
        self._folder = folder
        self._settings = settings
        self._threads = threads
        self._process: subprocess.Popen[str] | None = None

    def run(self, algorithm: str, params: dict[str, Any], on_step: OnStep) -> Outcome:
        """One trial. Raises WorkerDied."""
        try:
            process = self._alive()
            self._send({"algorithm": algorithm, "params": params})
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if "step" in said:
                    self._send({"why": on_step(said["step"], said["value"])})
                else:
                    return _outcome(said)
        except (BrokenPipeError, json.JSONDecodeError) as error:
            raise WorkerDied(self._how()) from error
        raise WorkerDied(self._how())

    def close(self) -> None:
        """Ends the process: by the end of its input, then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def end(self) -> None:
        """Ends the process at once; who waits for its trial gets WorkerDied."""
        process = self._process
        if process is not None:
            process.kill()

    def _alive(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(self._threads))
            command = [sys.executable, "-m", "trainer_tui.training.tuning.worker"]
            command += [str(self._folder), str(os.getpid())]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
            self._send(self._settings | {"threads": self._threads})
        return self._process

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _how(self) -> str:
        process = self._process
        self.close()
        code = process.returncode if process is not None else None
        if code is None or code >= 0:
            return f"its worker ended with exit code {code}"
        return f"its worker was ended by {signal.Signals(-code).name}"


def side_by_side(search: Search, workers: list[Worker]) -> None:
    """Each worker takes trial after trial; when the time is over, those that still run are ended.

    Raises what went wrong in any of them, and what interrupts the waiting.
    """
    faults: list[BaseException] = []

    def work(worker: Worker) -> None:
        try:
            search.work(worker)
        except BaseException as error:  # raised again by the thread that waits
            search.budget = 0
            faults.append(error)
        finally:
            worker.close()

    running = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers]
    for thread in running:
        thread.start()
    try:
        for thread in running:
            thread.join(search.left())
        _end(running, workers)
    except BaseException:
        search.budget = 0
        _end(running, workers)
        raise
    if faults:
        raise faults[0]


def _end(running: list[threading.Thread], workers: list[Worker]) -> None:
    for thread, worker in zip(running, workers, strict=True):
        if thread.is_alive():
            worker.end()
    for thread in running:
        thread.join()


def told(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON."""
    return {
        "value": outcome.value,
        "tie": outcome.tie,
        "scores": None if outcome.scores is None else packed(outcome.scores),
        "seconds": outcome.seconds,
        "given_up": outcome.given_up,
        "reason": outcome.reason,
    }


def _outcome(said: dict[str, Any]) -> Outcome:
    scores = said.pop("scores")
    return Outcome(scores=None if scores is None else unpacked(scores), **said)
