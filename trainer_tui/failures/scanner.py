"""The log scanner: bytes in, incidents out, in one pass, in constant memory, whatever the bytes are.

Blocks of complete lines go through the automaton at memory speed; only lines where something matched, and
the lines of an open traceback, are looked at one by one. The result does not depend on how the bytes were
cut into blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from trainer_tui.failures.automaton import Automaton, Hits
from trainer_tui.failures.clean import LINE_LIMIT, PIECE_LIMIT, clean, shorten, to_text
from trainer_tui.failures.fold import Folder
from trainer_tui.failures.rule_table import DEFAULT
from trainer_tui.failures.rules import Rule
from trainer_tui.failures.traceback import TracebackReader
from trainer_tui.runs.incident import Incident

_BLOCK = 1 << 19
_CONTEXT = 30
"""Lines before a hit that are remembered; an excerpt shows the last few of them."""
_EXCERPT = 6
_READ_LIMIT = 4000
"""Characters of one line that the traceback reader is given."""
_NEWLINE = re.compile(rb"\n")
_BAR = re.compile(r"\d%\||\bit/s[\],]|s/it[\],]|[█▏▎▍▌▋▊▉]|\d+/\d+ \[")
_NO_HITS = Hits([], False, False)


class Scanner:
    """Finds incidents in a log that grows.

    `rules` is the whole table; pass `[*DEFAULT, *mine]` to add some (ValueError names a rule that cannot be
    used). `offset` and `line` say where in the file the first byte fed stands: a byte offset and a 1-based
    line number, the start of a line. After a restart continue from `offset` and `line` as they were when
    `at_rest` was True.
    """

    def __init__(self, rules: Iterable[Rule] = DEFAULT, *, offset: int = 0, line: int = 1) -> None:
        self._automaton = Automaton(tuple(rules))
        self._folder = Folder()
        self._reader = TracebackReader(self._folder)
        self._line = line
        self._line_start = offset
        self._at = offset  # of the first byte in _pending
        self._pending = b""
        self._skipping = False  # inside a piece of which _pending holds the first PIECE_LIMIT bytes
        self._skipped_cr = False
        self._had_text = False  # the current line already had a non-empty frame
        self._told: set[str] = set()  # ids given for the current line
        self._before: list[bytes] = []  # last pieces of the blocks before, newest first

    @property
    def offset(self) -> int:
        """Bytes of the file up to the end of the last complete line."""
        return self._line_start

    @property
    def line(self) -> int:
        """1-based number of the line that starts at `offset`."""
        return self._line

    @property
    def at_rest(self) -> bool:
        """True where a new scanner, started at `offset` and `line`, would find all that this one will."""
        return not self._reader.open

    def feed(self, data: bytes) -> list[Incident]:
        """Incidents in the lines that these bytes complete. The same id again means: more is known now."""
        found: list[Incident] = []
        if self._skipping:
            data = self._skip(data, found)
            if self._skipping:
                return found
        buffer = self._pending + data if self._pending else bytes(data)
        end = max(buffer.rfind(b"\n"), buffer.rfind(b"\r", 0, max(0, len(buffer) - 1))) + 1
        self._complete(buffer, end, found)
        self._pending = buffer[end:]
        self._at += end
        if len(self._pending) > PIECE_LIMIT + 1:
            self._skipped_cr = self._pending.endswith(b"\r")
            self._at += len(self._pending)
            self._pending = self._pending[:PIECE_LIMIT]
            self._skipping = True
        return found

    def finish(self) -> list[Incident]:
        """Incidents of the unfinished last line and of open tracebacks: call it once, at the end."""
        found: list[Incident] = []
        if self._pending:
            piece = self._pending[:PIECE_LIMIT]
            self._pending = b""
            self._block(piece + b"\n", self._at, found)
        found.extend(self._reader.finish())
        return found

    # ---- from bytes to blocks of complete pieces

    def _skip(self, data: bytes, found: list[Incident]) -> bytes:
        """Passes over the rest of an over-long piece; returns what follows it."""
        if not data:
            return data
        if self._skipped_cr and data[:1] not in (b"\n", b"\r"):
            end, terminator = 0, b"\r"
        else:
            at = _first_end(data, 0)
            if at < 0 or (at == len(data) - 1 and data[at:] == b"\r"):
                self._skipped_cr = at >= 0
                self._at += len(data)
                return b""
            end, terminator = at + 1, data[at : at + 1]
        raw = self._pending + terminator
        self._at += end
        self._skipping, self._pending = False, b""
        self._block(raw, self._at - len(raw), found)
        return data[end:]

    def _complete(self, buffer: bytes, end: int, found: list[Incident]) -> None:
        """Scans buffer[:end], which ends with a line end or a frame's carriage return, in blocks."""
        start = 0
        while start < end:
            stop = min(start + _BLOCK, end)
            if stop < end:
                cut = max(buffer.rfind(b"\n", start, stop), buffer.rfind(b"\r", start, stop)) + 1
                stop = cut if cut > start else _first_end(buffer, start) + 1
            long = _long_piece(buffer, start, stop)
            if long < 0:
                self._block(buffer[start:stop], self._at + start, found)
                start = stop
                continue
            if long > start:
                self._block(buffer[start:long], self._at + start, found)
            last = _first_end(buffer, long)
            raw = buffer[long : long + PIECE_LIMIT] + buffer[last : last + 1]
            start = last + 1
            self._block(raw, self._at + start - len(raw), found)

    # ---- one block

    def _block(self, raw: bytes, at: int, found: list[Incident]) -> None:
        """Scans complete pieces; `at` is the file offset of their end less their length."""
        text = clean(raw)
        scan = text.replace(b"\r", b"\n") if b"\r" in text else text
        ends = self._automaton.ends(scan)
        if ends or self._reader.open:
            self._walk(raw, at, text, scan, ends, found)
        self._before = self._context(scan, len(scan))
        newlines = raw.count(b"\n")
        if newlines:
            self._line += newlines
            self._line_start = at + raw.rfind(b"\n") + 1
            self._had_text = False
            self._told.clear()
        rest = text[text.rfind(b"\n") + 1 :]
        self._had_text = self._had_text or bool(rest.strip(b"\r"))

    def _walk(
        self, raw: bytes, at: int, text: bytes, scan: bytes, ends: list[int], found: list[Incident]
    ) -> None:
        """Looks at the pieces where something matched and, while a traceback is open, at every piece."""
        starts = _line_starts(raw)
        counted, number = 0, 0  # newlines in text[:counted]
        position, next_end = 0, 0
        while position < len(scan):
            while next_end < len(ends) and ends[next_end] <= position:
                next_end += 1
            start = position
            if not self._reader.open:
                if next_end == len(ends):
                    return
                start = max(position, scan.rfind(b"\n", position, ends[next_end]) + 1)
                if scan[start : start + 1] == b"\n":  # a match that only spans line ends
                    position = start + 1
                    continue
            end = scan.find(b"\n", start)
            matched = next_end < len(ends) and ends[next_end] <= end
            newlines = text.count(b"\n", counted, start)
            if newlines:
                number += newlines
                self._told.clear()
            counted = start
            position = end + 1
            if start == end and (text[end : end + 1] == b"\r" or self._line_has_text(text, start)):
                continue
            piece = scan[start:end]
            offset = self._line_start if number == 0 else at + starts(number)
            self._piece(piece, matched, self._line + number, offset, scan, start, found)

    def _line_has_text(self, text: bytes, start: int) -> bool:
        """True if the line had a non-empty frame before `start`."""
        line_start = text.rfind(b"\n", 0, start) + 1
        return bool(text[line_start:start].strip(b"\r")) or (line_start == 0 and self._had_text)

    def _piece(
        self,
        piece: bytes,
        matched: bool,
        line: int,
        offset: int,
        scan: bytes,
        start: int,
        found: list[Incident],
    ) -> None:
        hits = self._automaton.look(piece) if matched else _NO_HITS
        text = to_text(piece)

        def context() -> list[str]:
            return [to_text(before) for before in reversed(self._context(scan, start))]

        if self._reader.open or hits.anchored:
            part = shorten(text, _READ_LIMIT, around=max(0, text.find("Traceback (most recent call last)")))
            taken, incidents = self._reader.feed(part, line, offset, hits, context)
            found.extend(incidents)
            if taken:
                return
        for rule, end in hits.rules:
            severity = rule.severity
            if hits.warned and severity == "error" and not rule.any_level:
                severity = "notice"
            id_ = f"log:{offset}:{rule.id}"
            message = _message(text, len(to_text(piece[:end])))
            if id_ not in self._told and self._folder.admit(rule.id, message, line):
                self._told.add(id_)
                excerpt = [shorten(before, 300) for before in context()[-_EXCERPT + 1 :]] + [shorten(text)]
                found.append(
                    Incident(
                        id=id_,
                        severity=severity,
                        kind=rule.kind,
                        message=message,
                        rule=rule.id,
                        line=line,
                        offset=offset,
                        excerpt="\n".join(excerpt),
                        hypotheses=rule.hypotheses,
                    )
                )
            return

    def _context(self, scan: bytes, end: int) -> list[bytes]:
        """The last non-empty pieces before scan[end], newest first."""
        pieces: list[bytes] = []
        stop = end - 1
        while stop > 0 and len(pieces) < _CONTEXT:
            start = scan.rfind(b"\n", 0, stop) + 1
            if start < stop:
                pieces.append(scan[start : min(stop, start + LINE_LIMIT)])
            stop = start - 1
        return (pieces + self._before)[:_CONTEXT]


def _message(text: str, end: int) -> str:
    """The line as one would quote it: no progress bar glued in front, around the match if very long."""
    bars = list(_BAR.finditer(text, 0, end))
    bar = bars[-1] if bars else None
    if bar is not None and (start := _after_bar(text, bar.end(), end)) < end:
        text, end = text[start:], end - start
    return shorten(text.strip(), around=end)


def _after_bar(text: str, start: int, end: int) -> int:
    """Where the words begin that were glued behind a bar; 0 if the match is part of the bar itself."""
    match = re.compile(r"[\]%]\s*").search(text, start - 1, end)
    if match is None:
        return 0
    rest = text[match.end() : end]
    return match.end() if rest and "|" not in rest and "]" not in rest else 0


def _line_starts(raw: bytes) -> _Starts:
    return _Starts(raw)


class _Starts:
    """Offset in `raw` of its n-th line; the line ends are looked up only as far as asked."""

    def __init__(self, raw: bytes) -> None:
        self._ends: Iterator[re.Match[bytes]] = _NEWLINE.finditer(raw)
        self._found = 0
        self._start = 0

    def __call__(self, number: int) -> int:
        while self._found < number:
            self._start = next(self._ends).end()
            self._found += 1
        return self._start


def _first_end(buffer: bytes, start: int) -> int:
    r"""Index of the first `\n` or `\r` from `start` on, -1 if there is none."""
    newline = buffer.find(b"\n", start)
    carriage = buffer.find(b"\r", start, len(buffer) if newline < 0 else newline)
    return newline if carriage < 0 else carriage


def _long_piece(buffer: bytes, start: int, stop: int) -> int:
    """Start of the first piece in buffer[start:stop] that is longer than PIECE_LIMIT, -1 if there is none."""
    while stop - start > PIECE_LIMIT + 1:
        window = start + PIECE_LIMIT + 1
        last = max(buffer.rfind(b"\n", start, window), buffer.rfind(b"\r", start, window))
        if last < 0:
            return start
        start = last + 1
    return -1
