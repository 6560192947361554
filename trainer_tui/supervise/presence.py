"""Whether the training process is there: launched, met, gone. The kernel's word outweighs that of files."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta

from trainer_tui.runs.clock import utc_stamp
from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import ProcessIdentity, age_s, boot_id, life_of, training_identity
from trainer_tui.supervise import job
from trainer_tui.supervise.launch import spawn_shim

SEARCH_EVERY_S = 1.0
"""How often a process is looked for that nobody has named: it costs a look at every process here."""


class Presence:
    """The process of one run, looked for from outside."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._shim: subprocess.Popen[bytes] | None = None
        self._gone_looks = 0
        self._search_at = time.monotonic() + SEARCH_EVERY_S
        self.process: ProcessIdentity | None = None
        """Who it is, once it was met."""
        self.started = ""
        """When its shim started it, UTC."""
        self.problem = ""
        """Why nobody can see whether it lives; empty when one can."""
        self._began: float | None = None

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

    def launched_before(self) -> int | None:
        """The shim of an earlier supervisor that was killed before it told of it; None: none is known."""
        shim_pid = (read_json(self._run.process_json) or {}).get("shim_pid")
        return shim_pid if isinstance(shim_pid, int) else None

    def meet(self) -> bool:
        """Learn who the process is; True when it is known."""
        document = read_json(self._run.process_json)
        if document is None:
            return self._find()
        self.process = training_identity(document)
        self.started = str(document.get("started", ""))
        began = document.get("began")
        self._began = float(began) if isinstance(began, int | float) else None
        return self.process is not None

    def _find(self) -> bool:
        """Find the process by its environment: a full disk, or a kill, keeps a shim from naming it."""
        now = time.monotonic()
        if now < self._search_at or not is_locked(self._run.alive_lock):
            return False
        self._search_at = now + SEARCH_EVERY_S
        # Its shim made it the leader of a session; what it starts itself is younger.
        leaders = [identity for identity in job.marked(self._run.path) if _leads_session(identity.pid)]
        if not leaders or self._run.process_json.exists():
            return False
        self.process = min(leaders, key=lambda identity: (identity.start_time, identity.pid))
        age = timedelta(seconds=age_s(self.process) or 0.0)
        self.started = utc_stamp(datetime.now(UTC) - age)
        return True

    @property
    def began(self) -> float:
        """When the process began, on the monotonic clock; now while nobody can know."""
        return time.monotonic() - self.age_s()

    def age_s(self) -> float:
        """Seconds the process has existed, without those the machine slept; 0 while nobody can know."""
        if self.process is None:
            return 0.0
        if self._began is not None and self.process.boot_id == boot_id():
            return max(0.0, time.monotonic() - self._began)
        return age_s(self.process) or 0.0

    def gone(self) -> bool:
        """Whether the process has ended. Asked once a second: the first time may fall between two writes."""
        try:
            self._gone_looks = self._gone_looks + 1 if self._seems_gone() else 0
            self.problem = ""
        except OSError as error:
            self._gone_looks = 0  # no file can be opened, say: what cannot be seen has not ended
            self.problem = f"whether the process lives cannot be looked at: {error.strerror or error}"
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
        if life == "elsewhere":
            # Nobody holds its lock, and it is no process of ours: its machine, or its container, is gone.
            return is_locked(run.alive_lock) is False
        # The lock may be held by what the process left behind.
        orphaned = (
            life in ("running", "left-behind") and self.process is not None and not is_locked(run.shim_lock)
        )
        return life == "unknown-end" or orphaned


def _leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except OSError:
        return False  # it ended while we looked
