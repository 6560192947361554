"""Whether the training process is there: launched, met, gone. The kernel's word outweighs that of files."""

from __future__ import annotations

import subprocess

from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import ProcessIdentity, life_of, training_identity
from trainer_tui.supervise.launch import spawn_shim


class Presence:
    """The process of one run, looked for from outside."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._shim: subprocess.Popen[bytes] | None = None
        self._gone_looks = 0
        self.process: ProcessIdentity | None = None
        """Who it is, once it was met."""
        self.started = ""
        """When its shim started it, UTC."""

    def launch(self) -> int | None:
        """Start the shim where none was started, also after a launch that was cut off; its pid, or None.

        Raises OSError when it cannot be started now. A shim that finds another one at work does nothing.
        """
        run = self._run
        if self._shim is not None or run.process_json.exists() or run.exit_json.exists():
            return None
        if is_locked(run.shim_lock) or run.alive_lock.exists():
            return None  # a shim is, or was, so far that the process may have been started
        self._shim = spawn_shim(run)
        return self._shim.pid

    def meet(self) -> bool:
        """Learn who the process is; True when it is known."""
        document = read_json(self._run.process_json)
        if document is None:
            return False
        self.process = training_identity(document)
        self.started = str(document.get("started", ""))
        return self.process is not None

    def gone(self) -> bool:
        """Whether the process has ended. Asked once a second: the first time may fall between two writes."""
        self._gone_looks = self._gone_looks + 1 if self._seems_gone() else 0
        return self._gone_looks >= 2

    def _seems_gone(self) -> bool:
        run = self._run
        if self.process is not None and self.process.is_alive():
            return False  # it may have closed the descriptor that holds its lock
        if not run.path.is_dir():
            return True
        life = life_of(run)
        if life == "starting":
            return self._shim is not None and self._shim.poll() is not None and not is_locked(run.shim_lock)
        # The lock may be held by what the process left behind.
        orphaned = life == "running" and self.process is not None and not is_locked(run.shim_lock)
        return life == "unknown-end" or orphaned
