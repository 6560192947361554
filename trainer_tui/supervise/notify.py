"""Telling somebody who does not look: the user's command and apprise, in a thread, each with a time limit.

Both run as processes of their own: a service that hangs hangs nobody, and ends when its time is up. An
occasion is told once; one that comes at the very moment at which the supervisor is killed is not told.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer_tui.runs.occasions import Occasion, occasions
from trainer_tui.runs.plain import LARGEST_DOCUMENT, read_plain
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.secrets import masked_text
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.supervise.complaints import complain

LIMIT_S = 20.0
"""So long may telling take; then it is ended."""

MOST_WAITING = 20

_VARIABLE = "TRAINER_TUI_NOTIFY__APPRISE"
_APPRISE = "trainer_tui.supervise.notify_apprise"
_PLACES = re.compile(r"\{(title|text|run|event)\}")
_SAID = 200


class Notifier:
    """Tells the occasions of one run. `problem`: why the last one could not be told; empty when it could."""

    def __init__(self, plan: WatchPlan) -> None:
        self._plan = plan
        self._waiting: queue.Queue[Occasion] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._working = False
        self.problem = ""

    def mind(self, before: RunState, after: RunState) -> None:
        """Tell what happened between two states; returns at once."""
        if not (self._plan.notify_command or self._plan.notify_apprise):
            return
        for occasion in occasions(before, after):
            if occasion.kind in self._plan.notify_on:
                self._tell_soon(occasion)

    def _tell_soon(self, occasion: Occasion) -> None:
        with self._lock:
            try:
                self._waiting.put_nowait(occasion)
            except queue.Full:
                self.problem = "too many notifications wait for one that hangs"
                return
            if not self._working:
                self._working = True
                # No daemon: what happened at the very end of a watch is told before the supervisor leaves.
                threading.Thread(target=self._work, name="notify").start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._waiting.empty():
                    self._working = False
                    return
                occasion = self._waiting.get_nowait()
            try:
                self.problem = tell(self._plan, occasion)
            except Exception as error:  # whatever it is, the next one is tried again
                self.problem = f"{type(error).__name__}"
            if self.problem:
                # The run may be over by now, and then nobody else would say it.
                complain(f"{occasion.run}, notify: {self.problem}")


def tell(plan: WatchPlan, occasion: Occasion, limit_s: float = LIMIT_S) -> str:
    """Tell one occasion in every way that is set; returns what went wrong, without any address."""
    problems = []
    if plan.notify_command:
        words = filled(plan.notify_command, occasion)
        said = _run(words, b"", plan.root, limit_s)
        problems += [f"the command {clean(words[0], 60)!r} {said}"] if said else []
    if plan.notify_apprise:
        urls = apprise_urls(Path(plan.root), os.environ)
        if not urls:
            problems.append("apprise has no addresses any more: they are read from trainer.toml")
        else:
            message = {"urls": urls, "title": occasion.title, "text": occasion.text, "bad": occasion.bad}
            words = [sys.executable, "-P", "-m", _APPRISE]
            said = _run(words, json.dumps(message).encode(), plan.root, limit_s)
            problems += [f"apprise {said}"] if said else []
    return "; ".join(problems)


def filled(command: tuple[str, ...], occasion: Occasion) -> list[str]:
    """The command with the occasion in its places; what is filled in is not looked at again."""
    values = {"title": occasion.title, "text": occasion.text, "run": occasion.run, "event": occasion.kind}
    return [_PLACES.sub(lambda match: _inert(values[match[1]], match.start()), word) for word in command]


def _inert(text: str, at: int) -> str:
    """A text where an argument begins; programs take `-x` for an option, and some `@file` for its content."""
    return f" {text}" if at == 0 and text.startswith(("-", "@")) else text


def apprise_urls(root: Path, environ: Mapping[str, str]) -> list[str]:
    """The addresses as they stand in the environment, else in `trainer.toml`; they are kept nowhere else."""
    if text := environ.get(_VARIABLE):
        if not text.lstrip().startswith("["):
            return text.split()
        return _urls({"notify": {"apprise": _toml(f"value = {text}").get("value")}})
    try:
        return _urls(_toml(read_plain(root / "trainer.toml", LARGEST_DOCUMENT).decode("utf-8-sig")))
    except (OSError, UnicodeDecodeError):
        return []


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _urls(data: dict[str, Any]) -> list[str]:
    table = data.get("notify")
    found = table.get("apprise") if isinstance(table, dict) else None
    return [url for url in found if isinstance(url, str)] if isinstance(found, list) else []


def _run(words: list[str], given: bytes, folder: str, limit_s: float) -> str:
    """Run a program to its end; returns what is wrong with how it ended."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder if os.path.isdir(folder) else None,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"cannot be started: {getattr(error, 'strerror', None) or type(error).__name__}"
        try:
            process.communicate(given, timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"was ended after {limit_s:.0f} s without an answer"
        if process.returncode == 0:
            return ""
        errors.seek(max(0, errors.tell() - 4096))
        lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    said = f": {masked_text(clean(lines[-1], _SAID))}" if lines else ""
    return f"ended with exit code {process.returncode}{said}"
