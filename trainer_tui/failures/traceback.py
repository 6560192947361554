"""Python tracebacks, read line by line: one incident each, as soon as its exception is named.

Several may be open at once, one for each stream of a launcher (`[rank3]:`). A traceback that is only being
cleaned up (`Exception ignored in`, finalizers) is a notice, one of a side thread a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from trainer_tui.failures import pytext
from trainer_tui.failures.automaton import Hits
from trainer_tui.failures.clean import shorten
from trainer_tui.failures.fold import Folder
from trainer_tui.failures.frame_kinds import kind_by_frames
from trainer_tui.failures.open_traceback import SIDE_THREAD, OpenTraceback, label_of
from trainer_tui.failures.traceback_lines import PATIENCE, after, inside
from trainer_tui.runs.incident import Incident

_RELINK = 60
"""Lines after an exception within which "During handling of ..." still belongs to it."""
_EXCUSE = 20
"""Lines between "Exception ignored in" and the traceback it announces."""
_NAMED_BEFORE = 3
"""Lines between a logged exception and the traceback of the same one."""
_STREAMS = 256
_ONLY_ONE = "(1 sub-exception)"
_Value = TypeVar("_Value")


class TracebackReader:
    """Feed it every line while `open`, and otherwise the lines the automaton calls anchored."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._open: dict[str, OpenTraceback] = {}
        self._recent: dict[str, OpenTraceback] = {}
        self._excused: dict[str, list[int]] = {}
        self._side: dict[str, int] = {}
        self._looked = 0

    @property
    def open(self) -> bool:
        """True while a traceback, or what may follow it, is being read."""
        return bool(self._open)

    def is_inside(self, stream: str) -> bool:
        """True while a traceback of this stream waits for its exception."""
        current = self._open.get(stream)
        return current is not None and not current.ended

    def feed(
        self, stream: str, body: str, line: int, offset: int, hits: Hits,
        context: Callable[[], Sequence[str]], quiet: bool = False,
    ) -> tuple[bool, list[Incident]]:  # fmt: skip
        """(the line belongs to a traceback, incidents).

        `stream` is the launcher's label and `body` the line without it, `context` gives the lines before,
        oldest first. `quiet`: what starts here is only being mentioned.
        """
        found: list[Incident] = []
        self._give_up(line, found)
        current = self._open.get(stream)
        if current is not None and self._continue(stream, current, body, line, hits, found):
            return True, found
        if not hits.anchored:
            return False, found
        return self._start(stream, body, line, offset, hits, context, quiet, found), found

    def finish(self) -> list[Incident]:
        """What is known about tracebacks that the end of the file cut off."""
        found: list[Incident] = []
        for stream in list(self._open):
            self._close(stream, found)
        return found

    def _give_up(self, line: int, found: list[Incident]) -> None:
        """Closes tracebacks whose process has not written for long: it died in the middle."""
        if line - self._looked < PATIENCE:
            return
        self._looked = line
        for stream in [
            stream for stream, current in self._open.items() if line - current.last > 5 * PATIENCE
        ]:
            self._close(stream, found)

    # ---- a line that may start something

    def _start(
        self, stream: str, body: str, line: int, offset: int, hits: Hits,
        context: Callable[[], Sequence[str]], quiet: bool, found: list[Incident],
    ) -> bool:  # fmt: skip
        if any(words in body for words in pytext.EXCUSES):
            excuses = [at for at in self._excused.get(stream, []) if line - at <= _EXCUSE]
            _remember(self._excused, stream, [*excuses[-_EXCUSE:], line])
            return True
        if pytext.announces_side_task(body):
            _remember(self._side, stream, line)
            return True
        if any(chain in body for chain in pytext.CHAINS):
            return self._relink(stream, body, line)
        style = pytext.header_style(body)
        if style is not None:
            self._open_new(stream, body, line, offset, style, hits, quiet)
            return True
        if exception := pytext.exception_alone(pytext.untangle(body)):
            self._orphan(stream, body, line, offset, hits, list(context()), exception, found)
            return True
        return False

    def _relink(self, stream: str, body: str, line: int) -> bool:
        recent = self._recent.get(stream)
        if recent is None or line - recent.last > _RELINK:
            return False
        recent.chained, recent.blanks = True, 0
        recent.add(body)
        self._open[stream] = recent
        return True

    def _open_new(
        self, stream: str, body: str, line: int, offset: int, style: pytext.Style, hits: Hits, quiet: bool
    ) -> None:
        new = OpenTraceback(
            line, offset, style, indent=pytext.indent_of(body), name=pytext.notebook_name(body), last=line
        )
        if style == "plain":
            new.label = label_of(body, body.find(pytext.HEADER))
        if self._excuse(stream, line):
            new.severity, new.rule = "notice", "exception-ignored"
        elif line - self._side.pop(stream, -10) <= 3:
            new.severity, new.rule = "warning", SIDE_THREAD
        elif quiet:
            new.severity = "notice"
        elif hits.warned:
            new.severity = "warning"
        recent = self._recent.get(stream)
        if recent and recent.incident and not recent.frames and line - recent.last <= _NAMED_BEFORE:
            new.logged = recent.incident.message
        new.add(body)
        if len(self._open) >= _STREAMS:
            self._open.pop(next(iter(self._open)))
        self._open[stream] = new

    def _orphan(
        self, stream: str, body: str, line: int, offset: int, hits: Hits, before: list[str],
        exception: tuple[str, str], found: list[Incident],
    ) -> None:  # fmt: skip
        recent = self._recent.get(stream)
        if (
            recent
            and recent.incident
            and line - recent.last <= _RELINK
            and shorten(exception[1]) in recent.chain
        ):
            return  # the twin of an exception that two processes wrote into each other
        new = OpenTraceback(line, offset, "plain", rule="exception", ended=True, last=line)
        lines: list[str] = []
        for text in reversed(before):
            inner = pytext.split_prefix(text)[1]
            if not (inner.startswith((" ", "\t")) or pytext.frame_of(inner, "plain")):
                break
            lines.insert(0, inner)
        for inner in lines:
            new.add(inner)
            if frame := pytext.frame_of(inner, "plain"):
                new.frames.append(frame)
        if any(pytext.TEARDOWN.search(inner) for inner in lines) or self._excuse(stream, line):
            new.severity = "notice"
        elif hits.warned:
            new.severity = "warning"
        new.add(body)
        self._open[stream] = new
        self._emit(new, exception, line, hits, found)

    def _excuse(self, stream: str, line: int) -> bool:
        """True if "Exception ignored in" stood shortly before; each such line excuses one traceback."""
        excuses = [at for at in self._excused.pop(stream, []) if line - at <= _EXCUSE]
        if len(excuses) > 1:
            self._excused[stream] = excuses[1:]
        return bool(excuses)

    # ---- a line while one is open

    def _continue(
        self, stream: str, current: OpenTraceback, body: str, line: int, hits: Hits, found: list[Incident]
    ) -> bool:
        before = line - current.last
        body = current.unlabelled(body)
        taken = after(current, body, hits) if current.ended else inside(current, body, line, hits)
        if isinstance(taken, tuple):
            self._emit(current, taken, line, hits, found)
        if taken:
            current.last = line
            return True
        if current.ended or (not current.frames and current.strange > 3) or before > PATIENCE:
            self._close(stream, found)
        else:
            current.strange += 1
        return False

    # ---- incidents

    def _emit(
        self, current: OpenTraceback, exception: tuple[str, str], line: int, hits: Hits, found: list[Incident]
    ) -> None:
        name, message = exception[0], shorten(exception[1])
        # A failed check in compiled code that Python caught is an exception, and no crash.
        rules = (rule for rule, _ in hits.rules if rule.severity == "error" and rule.kind != "native-crash")
        own = next((rule for rule, _ in hits.rules if rule.own), None)
        rule = own or next(rules, None)
        if own is not None and current.severity == "error":
            current.severity = own.severity
        kind = rule.kind if rule else kind_by_frames(name, current.frames)
        first = not current.chain
        current.chain.append(message)
        if current.style == "group" and not first and current.incident is not None:
            # The group's own line stays, unless all it says is that one exception is in it.
            if not current.incident.message.endswith(_ONLY_ONE):
                message = current.incident.message
            kind = kind if current.incident.kind == "exception" else current.incident.kind
        else:
            current.ended = current.style != "group"
        current.blanks = current.strange = 0
        current.incident = incident = current.told_as(name, kind, message, rule)
        admitted = self._folder.admit(incident.severity, message, line)
        current.told = admitted or current.told or message == current.logged
        if current.told:
            found.append(current.incident)

    def _close(self, stream: str, found: list[Incident]) -> None:
        current = self._open.pop(stream)
        self._recent[stream] = current
        if len(self._recent) > _STREAMS:
            self._recent.pop(next(iter(self._recent)))
        if current.incident is None:
            if current.frames or current.strange == 0 or current.style in ("rich", "ipython"):
                name = current.name or "Traceback (most recent call last)"
                self._emit(current, (name, name), current.last, Hits([], True, False), found)
        elif current.stale and current.told:
            found.append(replace(current.incident, excerpt=current.excerpt()))
        current.stale = False
        current.chained = False
        current.ended = True


def _remember(table: dict[str, _Value], stream: str, value: _Value) -> None:
    """Puts a value last into a table that never holds more than so many streams."""
    table.pop(stream, None)
    table[stream] = value
    if len(table) > _STREAMS:
        table.pop(next(iter(table)))
