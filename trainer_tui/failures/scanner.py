"""The log scanner: bytes in, incidents out, in one pass, in constant memory, whatever the bytes are.

Blocks of complete lines go through the automaton at memory speed, as they are; only lines where something
matched, the lines of an open traceback, and blocks with control sequences are looked at more closely. The
result does not depend on how the bytes were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable

from trainer_tui.failures.automaton import Automaton
from trainer_tui.failures.clean import PIECE_LIMIT, clean, to_text
from trainer_tui.failures.lines import LineReader, Place
from trainer_tui.failures.pieces import (
    Starts,
    after_last_end,
    count_lines,
    first_end,
    long_piece,
    pieces_before,
)
from trainer_tui.failures.rule_table import DEFAULT
from trainer_tui.failures.rules import Rule
from trainer_tui.runs.incident import Incident

_BLOCK = 1 << 20
_STEP = 4096
"""Bytes looked at closely at a time while a traceback is open."""
_GAP = 1024
"""Matches nearer to each other than this many bytes are looked at together."""
_SMALL = 1024
"""Bytes of a block that a closer look passes sooner than a search for where to look."""
_CONTEXT = 30
"""Lines before a hit that are remembered; an excerpt shows the last few of them."""


class Scanner:
    """Finds incidents in a log that grows.

    `rules` is the whole table; pass `[*DEFAULT, *mine]` to add some (ValueError names a rule that cannot be
    used). `offset` and `line` say where in the file the first byte fed stands: a byte offset and a 1-based
    line number, the start of a line. After a restart continue from `offset` and `line` as they were when
    `at_rest` was True.
    """

    def __init__(self, rules: Iterable[Rule] = DEFAULT, *, offset: int = 0, line: int = 1) -> None:
        rules = tuple(rules)
        self._automaton = Automaton(rules)
        self._lines = LineReader(rules, self._automaton)
        self._line = line
        self._line_start = offset
        self._at = offset  # of the first byte in _pending
        self._pending = b""
        self._skipping = False  # inside a piece of which _pending holds the first PIECE_LIMIT bytes
        self._skipped_cr = False
        self._had_text = False  # the current line already had a non-empty frame
        self._before: list[bytes] = []  # last pieces of the blocks before, newest first
        self._behind = (b"", 0, 0)  # the range of the present block that was passed

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
        """True where a new scanner, started at `offset` and `line`, would find all that this one will.

        It may tell on its own what this one would attach to a cause before.
        """
        return not self._lines.open

    def feed(self, data: bytes) -> list[Incident]:
        """Incidents in the lines that these bytes complete. The same id again means: more is known now."""
        found: list[Incident] = []
        if self._skipping:
            data = self._skip(data, found)
            if self._skipping:
                return found
        buffer, start = bytes(data), 0
        if self._pending:
            # Only the line that was begun is put together; the rest is scanned where it is.
            start = buffer.find(b"\n", 0, PIECE_LIMIT) + 1
            begun = self._pending + (buffer[:start] if start else buffer)
            self._pending = b""
            if start:
                self._complete(begun, 0, len(begun), found)
            else:
                buffer = begun
        end = buffer.rfind(b"\n", start) + 1 or start
        end = max(end, buffer.rfind(b"\r", end, max(end, len(buffer) - 1)) + 1)
        self._complete(buffer, start, end, found)
        self._pending = buffer[end:]
        if len(self._pending) > PIECE_LIMIT + 1:
            self._skipped_cr = self._pending.endswith(b"\r")
            self._at += len(self._pending)
            self._pending = self._pending[:PIECE_LIMIT]
            self._skipping = True
        return found

    @property
    def passes_over(self) -> bool:
        """Whether it is inside of a piece so long that the rest of it is not looked at."""
        return self._skipping and not self._skipped_cr

    def pass_over(self, count: int) -> None:
        """Count bytes of that piece that need not be fed: those of a hole in the file."""
        self._at += count

    def finish(self) -> list[Incident]:
        """Incidents of the unfinished last line and of open tracebacks: call it once, at the end."""
        found: list[Incident] = []
        if self._pending:
            piece = self._pending[:PIECE_LIMIT]
            self._pending = b""
            self._close_look(piece + b"\n", self._at, found)
        return found + self._lines.finish(self._line, self._line_start)

    # ---- from bytes to blocks of complete pieces

    def _skip(self, data: bytes, found: list[Incident]) -> bytes:
        """Passes over the rest of an over-long piece; returns what follows it."""
        if not data:
            return data
        if self._skipped_cr and data[:1] not in (b"\n", b"\r"):
            end, terminator = 0, b"\r"
        else:
            at = first_end(data, 0)
            if at < 0 or (at == len(data) - 1 and data[at:] == b"\r"):
                self._skipped_cr = at >= 0
                self._at += len(data)
                return b""
            end, terminator = at + 1, data[at : at + 1]
        raw = self._pending + terminator
        self._at += end
        self._skipping, self._pending = False, b""
        self._close_look(raw, self._at - len(raw), found)
        return data[end:]

    def _complete(self, buffer: bytes, start: int, end: int, found: list[Incident]) -> None:
        """Scans buffer[start:end], complete pieces that stand at `self._at` in the file, in blocks."""
        base = self._at - start
        self._at += end - start
        while start < end:
            stop = min(start + _BLOCK, end)
            if stop < end:
                cut = after_last_end(buffer, start, stop)
                stop = cut if cut > start else first_end(buffer, start) + 1
            long = long_piece(buffer, start, stop)
            if long < 0:
                self._block(buffer, start, stop, base, found)
                start = stop
                continue
            if long > start:
                self._block(buffer, start, long, base, found)
            last = first_end(buffer, long)
            raw = buffer[long : long + PIECE_LIMIT] + buffer[last : last + 1]
            start = last + 1
            self._close_look(raw, base + start - len(raw), found)

    # ---- one block

    def _block(self, buffer: bytes, start: int, stop: int, base: int, found: list[Incident]) -> None:
        """Scans the complete pieces buffer[start:stop]; buffer[0] would stand at `base` in the file."""
        view = memoryview(buffer)[start:stop]
        if stop - start < _SMALL or not self._automaton.is_plain(view):
            self._close_look(buffer[start:stop], base + start, found)
            return
        ends = self._automaton.ends(view)
        at, next_end = start, 0
        while True:
            while next_end < len(ends) and start + ends[next_end] <= at:
                next_end += 1
            if self._lines.open and at < stop:
                upto = min(at + _STEP, stop)
            elif next_end < len(ends):
                matched = start + ends[next_end] - 1
                upto = matched
                begin = after_last_end(buffer, at, matched)
                self._pass(buffer, at, begin, base)
                at = begin
            else:
                break
            while next_end < len(ends) and start + ends[next_end] - 1 <= upto + _GAP:
                upto = max(upto, start + ends[next_end] - 1)
                next_end += 1
            upto = stop if upto >= stop else min(first_end(buffer, upto) + 1, stop)
            self._behind = (buffer, start, at)
            self._look(buffer[at:upto], base + at, found)
            at = upto
        self._behind = (b"", 0, 0)
        self._pass(buffer, at, stop, base)
        self._before = (pieces_before(buffer, start, stop, _CONTEXT) + self._before)[:_CONTEXT]

    def _pass(self, buffer: bytes, start: int, stop: int, base: int) -> None:
        """Counts the lines of pieces where there is nothing to see."""
        newlines = count_lines(buffer, start, stop)
        if newlines:
            start = buffer.rfind(b"\n", start, stop) + 1
            self._line += newlines
            self._line_start = base + start
            self._had_text = False
            self._lines.next_line()
        self._had_text = self._had_text or bool(buffer[start:stop].strip(b"\r"))

    def _close_look(self, raw: bytes, at: int, found: list[Incident]) -> None:
        """`_look`, at a block of its own."""
        scan = self._look(raw, at, found)
        self._before = (pieces_before(scan, 0, len(scan), _CONTEXT) + self._before)[:_CONTEXT]

    def _look(self, raw: bytes, at: int, found: list[Incident]) -> bytes:
        """Scans complete pieces, whatever is in them; `at` is the file offset of their end less their length.

        Returns them without control sequences, each ending with a line end.
        """
        text = clean(raw)
        scan = text.replace(b"\r", b"\n") if b"\r" in text else text
        ends = self._automaton.ends(scan)
        if ends or self._lines.open:
            self._walk(raw, at, text, scan, ends, found)
        newlines = raw.count(b"\n")
        if newlines:
            self._line += newlines
            self._line_start = at + raw.rfind(b"\n") + 1
            self._had_text = False
            self._lines.next_line()
        rest = text[text.rfind(b"\n") + 1 :]
        self._had_text = self._had_text or bool(rest.strip(b"\r"))
        return scan

    def _walk(
        self, raw: bytes, at: int, text: bytes, scan: bytes, ends: list[int], found: list[Incident]
    ) -> None:
        """Looks at the pieces where something matched and, while a traceback is open, at every piece."""
        starts = Starts(raw)
        counted, number = 0, 0  # newlines in text[:counted]
        position, next_end = 0, 0
        while position < len(scan):
            while next_end < len(ends) and ends[next_end] <= position:
                next_end += 1
            start = position
            if not self._lines.open:
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
                self._lines.next_line()
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
        def context() -> list[str]:
            pieces = pieces_before(scan, 0, start, _CONTEXT)
            pieces += pieces_before(*self._behind, _CONTEXT - len(pieces)) + self._before
            return [to_text(before) for before in reversed(pieces[:_CONTEXT])]

        found += self._lines.read(piece, matched, Place(line, offset, context))
