"""The history of a script that keeps none with us, brought into the run folder by a thread of its own.

All reading and writing of foreign sources happens there: a file system that hangs, or a log of gigabytes
that is read from its start after a kill, must not keep the supervisor from looking.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.formats import FORMATS, UnknownFormatError, open_source
from trainer_tui.runs.handover import mark_of
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.runs.state import told_as
from trainer_tui.supervise.adopting import LIVE, Adopted, Chooser
from trainer_tui.supervise.complaints import complain_of
from trainer_tui.supervise.translation import NotOursError, Translation, begin

BUSY_S = 0.1
QUIET_S = 0.5
"""Between two looks at the source, while it grows and while it does not."""

CATCH_UP_S = 0.02
"""Behind, it works and rests by turns: training comes first."""

LAST_WORDS_S = 60.0
"""So long is waited at the end of a run for what its sources still hold."""

OWN = "own"
"""What the script logs with us, by name of its format."""

Notice = tuple[str, dict[str, Any]]


class ForeignHistory:
    """Translates whatever the run's script writes elsewhere. `take` gives what is to be told of it."""

    def __init__(
        self, run: RunFolder, plan: WatchPlan, process: Callable[[], ProcessIdentity | None], told: str = ""
    ) -> None:
        """`told`: what an earlier supervisor said of where the metrics come from (`RunState.history`)."""
        self._run = run
        self._plan = plan
        self._chooser = Chooser(run, plan, process)
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._translation: Translation | None = None
        self._format = ""
        self._others = 0
        self._told = told
        self._problem = ""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. A run whose script has a history of its own already needs none."""
        self._thread = threading.Thread(target=self._work, name="foreign history", daemon=True)
        self._thread.start()

    def take(self) -> list[Notice]:
        """What happened since: (`history`, its fields) or (`problem`, {`why`})."""
        found = []
        while not self._notices.empty():
            found.append(self._notices.get_nowait())
        return found

    def finish(self) -> bool:
        """Write all that the training left behind; False when that takes too long."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(LAST_WORDS_S)
            return not self._thread.is_alive()
        return True

    def close(self) -> None:
        """Stop; what was not translated yet will be by the next supervisor."""
        self._ending.set()

    def _work(self) -> None:
        try:
            if self._goes_on(self._resume):
                while not self._ending.is_set():
                    if not self._goes_on(self._look):
                        break
                else:
                    self._goes_on(self._end)
        finally:
            if self._translation is not None:
                self._translation.close()

    def _goes_on(self, act: Callable[[], None]) -> bool:
        """Do it; False once the table is the script's own."""
        try:
            act()
        except NotOursError:
            self._displaced()
            return False
        except OSError as error:
            self._tell_problem(f"the history elsewhere cannot be read or kept: {error.strerror or error}")
            self._ending.wait(QUIET_S)
        except Exception as error:  # whatever a foreign file makes of us, it is tried again
            complain_of(error)
            self._tell_problem(f"an unexpected {type(error).__name__}: {error}; see supervisor.log")
            self._ending.wait(QUIET_S)
        return True

    def _resume(self) -> None:
        """Go on with what an earlier supervisor translated."""
        mark = read_json(mark_of(self._run.history))
        if mark is None or str(mark.get("format")) not in FORMATS:
            return
        kind = str(mark["format"])
        try:
            source = open_source(kind, Path(str(mark["source"])), self._chooser.since)
        except UnknownFormatError:
            return
        self._translation, self._format = Translation(self._run.history, source), kind

    def _look(self) -> None:
        if self._translation is None:
            if self._run.history.exists():
                raise NotOursError
            adopted = self._chooser.choose()
            if adopted is not None:
                self._adopt(adopted)
            else:
                self._tell_problem(self._chooser.problem)
                self._ending.wait(CATCH_UP_S if self._chooser.behind else QUIET_S)
            return
        began = time.monotonic()
        moved = self._translation.step()
        self._tell_source()
        self._tell_problem("")
        if self._translation.source.behind:
            self._ending.wait(max(CATCH_UP_S, time.monotonic() - began))
            return
        if FORMATS[self._format].rank < LIVE and not self._plan.history:
            better = self._chooser.choose(above=LIVE - 1)
            if better is not None:
                self._replace(better)
        self._ending.wait(BUSY_S if moved else QUIET_S)

    def _end(self) -> None:
        if self._translation is None:
            if self._run.history.exists():
                return
            adopted = self._chooser.choose(final=True)
            if adopted is None:
                self._tell_problem(self._chooser.problem)
                return
            self._adopt(adopted)
        assert self._translation is not None
        while self._translation.step():
            continue
        self._translation.finish()
        self._tell_source()

    def _adopt(self, adopted: Adopted) -> None:
        self._translation = begin(self._run.history, adopted.source, adopted.format)
        self._format, self._others = adopted.format, adopted.others
        self._tell_source()
        self._translation.step(adopted.rows)

    def _replace(self, better: Adopted) -> None:
        """Begin the table anew from a source that tells more."""
        assert self._translation is not None
        self._translation.close()
        self._translation = None
        self._run.history.unlink(missing_ok=True)
        self._adopt(better)

    def _tell_source(self) -> None:
        """Say where the metrics are taken from, unless an earlier supervisor did."""
        assert self._translation is not None
        source = self._translation.source
        if source.format == "log":
            return  # read from its start again, it will soon show its dialect
        inside = source.path.is_relative_to(self._plan.cwd)
        path = str(source.path.relative_to(self._plan.cwd)) if inside else str(source.path)
        if self._told != told_as(path, source.format):
            self._told = told_as(path, source.format)
            others = {"others": self._others} if self._others else {}
            self._notices.put(("history", {"source": path, "format": source.format, **others}))

    def _displaced(self) -> None:
        told = self._translation is not None
        mark_of(self._run.history).unlink(missing_ok=True)
        if told:
            self._notices.put(("history", {"source": self._run.history.name, "format": OWN}))

    def _tell_problem(self, why: str) -> None:
        if why != self._problem:
            self._problem = why
            self._notices.put(("problem", {"why": why}))
