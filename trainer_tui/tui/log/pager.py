"""The thread that reads what the Log screen shows: it follows the file, does what is asked, makes pages."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from trainer_tui.runs.events import EventReader
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.logs.file import LogFile
from trainer_tui.runs.logs.index import LineIndex
from trainer_tui.runs.tail import Tail
from trainer_tui.runs.text import clean
from trainer_tui.tui.log.asks import grant
from trainer_tui.tui.log.desk import LogDesk
from trainer_tui.tui.log.digger import Digger
from trainer_tui.tui.log.page import Page, Said
from trainer_tui.tui.log.saving import portion_of, save

BEAT_S = 0.2
"""Between two looks at a log that moves."""
STREAM_BEAT_S = 0.4
"""The same while every look brings a whole new page: who reads over a slow line should not be buried."""
CALM_BEAT_S = 0.4
"""Between two looks at a log that rests: a rotation is seen within half a second."""
_CALM_AFTER_S = 2.0

Request = Callable[[LogDesk], None]

CHANGES = {
    "truncated": "the log was truncated: it is shown from its new beginning",
    "rotated": "the log was rotated: this is the new one",
    "replaced": "the log was rewritten: it is shown anew",
}


class Pager:
    """Reads one log for one screen. `ready` is called, in its thread, when a page is there to take."""

    def __init__(self, path: Path, ready: Callable[[], object], events: Path | None = None) -> None:
        self.path = path
        self._ready = ready
        self._condition = threading.Condition()
        self._requests: deque[Request] = deque()
        self._page: Page | None = None
        self._said: list[Said] = []
        self._last: Page | None = None
        self._woken, self._closed, self._asleep, self._drawn = False, False, False, False
        self._digger = Digger(self._dug)
        self._dig_problem = ""
        self._events = EventReader(events) if events is not None else None
        self._whole_new = 0
        self._moved_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="log-pager", daemon=True)

    # ------------------------------------------------------------------ the screen's side

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Do this to the desk, in order."""
        with self._condition:
            self._requests.append(request)
            self._condition.notify()

    def take(self) -> tuple[Page | None, list[Said]]:
        """The newest page, if it was not taken yet, and what is to be told."""
        with self._condition:
            page, self._page = self._page, None
            said, self._said = self._said, []
            if page is not None and not self._drawn:
                self._drawn = self._woken = True  # the first page is out: now there is time for the whole log
                self._condition.notify()
        return page, said

    def sleep(self, asleep: bool) -> None:
        """Nobody looks (or somebody does again): the file is left alone meanwhile."""
        with self._condition:
            self._asleep, self._woken = asleep, True
            self._condition.notify()

    def save(self, target: Path) -> None:
        """Write what is selected, else the matching lines, to a file; a thread of its own does it."""

        def request(desk: LogDesk) -> None:
            portion = portion_of(desk)
            if portion is None:
                desk.tell("nothing is selected")
            else:
                write = threading.Thread(target=lambda: self.say(save(portion, target)), daemon=True)
                write.start()
                desk.anchor = None

        self.ask(request)

    def say(self, said: Said) -> None:
        """Tell something with the next page; from any thread."""
        with self._condition:
            self._said.append(said)
        self._ready()

    def close(self) -> None:
        """End the threads."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._digger.close()

    # ------------------------------------------------------------------ its own side

    def _dug(self, problem: str) -> None:
        with self._condition:
            self._dig_problem = problem
            self._woken = True
            self._condition.notify()

    def _run(self) -> None:
        desk = LogDesk(self.path)
        tail = Tail(self.path)
        looked = -BEAT_S
        try:
            while True:
                requests = self._wait(looked)
                if requests is None:
                    return
                now = time.monotonic()
                page = Page()
                try:
                    if now - looked >= BEAT_S * 0.9:
                        looked = now
                        self._look(desk, tail)
                    for request in requests:
                        request(desk)
                    grant(desk)
                    page = desk.build()
                except OSError as error:
                    page = Page(waiting=f"the log cannot be read: {error.strerror or error}")
                except Exception as error:  # an error of ours must not leave a page that only looks alive
                    why = clean(f"{type(error).__name__}: {error}", 200)
                    page = Page(waiting=f"the log cannot be shown: {why}")
                self._hand_over(desk, page)
        finally:
            tail.close()

    def _wait(self, looked: float) -> list[Request] | None:
        """Sleep until there is something to do; None: the end."""
        with self._condition:
            if not self._requests and not self._woken and not self._closed:
                self._condition.wait(self._pause(looked))
            self._woken = False
            requests = list(self._requests)
            self._requests.clear()
            return None if self._closed else requests

    def _pause(self, looked: float) -> float | None:
        if self._asleep:
            return None
        now = time.monotonic()
        beat = BEAT_S if now - self._moved_at < _CALM_AFTER_S else CALM_BEAT_S
        if self._whole_new > 3:
            beat = STREAM_BEAT_S
        return max(0.0, looked + beat - now)

    def _look(self, desk: LogDesk, tail: Tail) -> None:
        """See what became of the file. Raises OSError."""
        chunk = tail.read(64)
        tail.skip(0)
        if chunk.change or (desk.file is None and (chunk.data or self.path.exists())):
            desk.use(LogFile(self.path), LineIndex())
            self._moved_at = time.monotonic()
            if chunk.change:
                desk.tell(CHANGES[chunk.change], "warning")
        elif desk.grown():
            self._moved_at = time.monotonic()
            if desk.file is not None:
                self._digger.catch_up(desk.file, desk.index, desk.hits, desk.size)
        if self._events is not None and (news := self._events.poll()):
            desk.incidents = _places(desk.incidents, news)

    def _hand_over(self, desk: LogDesk, page: Page) -> None:
        if self._drawn:
            self._digger.work(desk.file, desk.index, desk.hits, desk.size, desk.origin, desk.forward)
        if self._dig_problem:
            desk.tell(self._dig_problem, "error")
            self._dig_problem = ""
        said, desk.said = desk.said, []
        if page == self._last and not said:
            return
        self._count_new(page)
        self._last = page
        with self._condition:
            self._page = page
            self._said += said
        self._ready()

    def _count_new(self, page: Page) -> None:
        """How many pages in a row shared no row with the one before at the same place."""
        before = self._last.rows if self._last is not None else ()
        same = any(old == new for old, new in zip(before, page.rows, strict=False))
        self._whole_new = 0 if same or not page.following else self._whole_new + 1


def _places(known: tuple[int, ...], news: list[dict[str, object]]) -> tuple[int, ...]:
    """Where incidents were seen, with those that these events tell of."""
    found = set(known)
    for event in news:
        incident = event.get("incident")
        if event.get("kind") == "incident" and isinstance(incident, dict):
            offset = Incident.from_dict(
                {"id": "", "severity": "error", "kind": "", "message": "", **incident}
            ).offset
            if isinstance(offset, int):
                found.add(offset)
    return tuple(sorted(found))
