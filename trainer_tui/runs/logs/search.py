"""What is searched for in a log: compiled once, matched line by line in linear time (hyperscan).

A text is looked for as it stands; upper and lower case are alike unless it has a capital letter or says
otherwise (ASCII letters: the log may be in any encoding). A regular expression sees one line at a time, and
one that cannot be matched in linear time is refused with a sentence.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

_PATIENCE = 20_000
"""Matches in one block after which it is gone through line by line: `.` would match at every byte."""

LONGEST = 1000
"""Characters of a pattern."""


class PatternError(ValueError):
    """The pattern cannot be used; the text says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for."""

    text: str
    regex: bool = False
    exact: bool | None = None
    """Whether case counts; None: when the text has a capital letter."""

    @property
    def minds_case(self) -> bool:
        """Whether case counts."""
        return self.exact if self.exact is not None else self.text.lower() != self.text


class Pattern:
    """A compiled search; may be used by several threads."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises PatternError."""
        self.wanted = wanted
        raw = wanted.text.encode("utf-8", "surrogateescape")
        if not raw:
            raise PatternError("there is nothing to search for")
        if len(wanted.text) > LONGEST:
            raise PatternError(f"a search is at most {LONGEST} characters long")
        if not wanted.regex:
            raw = b"".join(b"\\x%02x" % byte for byte in raw)
        self._expression = raw
        self._database = self._compile(leftmost=False)
        self._spans = self._compile_spans()
        self._mine = threading.local()

    def matching_lines(self, data: bytes | bytearray, begin: int = 0, stop: int | None = None) -> list[int]:
        r"""Where lines of `data[begin:stop]` begin that match, as indexes; `begin` begins one."""
        stop = len(data) if stop is None else stop
        found: list[int] = []
        with memoryview(data) as view, view[begin:stop] as part:
            ends = self._ends(part)
        judged = begin - 1
        for end in ends:
            last = begin + end - 1  # the last byte of the match; a newline belongs to the line that it ends
            if last > judged:
                start = max(begin, data.rfind(b"\n", begin, last) + 1)
                judged = data.find(b"\n", last, stop)
                judged = stop if judged < 0 else judged
                if self.matches(bytes(data[start:judged])):
                    found.append(start)
        if ends.cut:
            self._line_by_line(data, judged + 1, stop, found)
        return found

    def matches(self, line: bytes) -> bool:
        """Whether this one line matches."""
        return _stops(self._database, line, self._scratch())

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """(start, end) in characters of what matches in a line as it is shown, none over another."""
        if self._spans is None or not text:
            return ()
        raw = text.encode("utf-8", "replace")
        hits: dict[int, int] = {}

        def on_match(_id: int, start: int, end: int, _flags: int, _context: Any) -> bool:
            hits[start] = max(end, hits.get(start, 0))
            return len(hits) > 500

        _scan(self._spans, raw, on_match, self._scratch(spans=True))
        spans: list[tuple[int, int]] = []
        for start, end in sorted(hits.items()):
            if not spans or start >= spans[-1][1]:
                spans.append((start, end))
        if len(raw) == len(text):
            return tuple(spans)
        return tuple(
            (len(raw[:start].decode("utf-8", "ignore")), len(raw[:end].decode("utf-8", "ignore")))
            for start, end in spans
        )

    def _ends(self, data: memoryview) -> _Ends:
        ends = _Ends()

        def on_match(_id: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
            ends.append(end)
            return len(ends) >= _PATIENCE

        if not _scan(self._database, data, on_match, self._scratch()):
            ends.cut = True
        return ends

    def _line_by_line(self, data: bytes | bytearray, start: int, stop: int, found: list[int]) -> None:
        """The lines from `start` on, one scan each."""
        while start < stop:
            end = data.find(b"\n", start, stop)
            end = stop if end < 0 else end
            if self.matches(bytes(data[start:end])):
                found.append(start)
            start = end + 1

    def _compile(self, *, leftmost: bool) -> Any:
        import hyperscan

        database = hyperscan.Database()
        flags = hyperscan.HS_FLAG_MULTILINE
        if not self.wanted.minds_case:
            flags |= hyperscan.HS_FLAG_CASELESS
        if leftmost:
            flags |= hyperscan.HS_FLAG_SOM_LEFTMOST
        try:
            database.compile(expressions=[self._expression], ids=[0], elements=1, flags=[flags])
        except hyperscan.error as error:
            raise PatternError(_why(str(error))) from None
        return database

    def _compile_spans(self) -> Any:
        try:
            return self._compile(leftmost=True)
        except PatternError:
            return None  # too large to know where matches begin: the line is found, nothing in it is marked

    def _scratch(self, spans: bool = False) -> Any:
        """Work space of this thread."""
        import hyperscan

        name = "spans" if spans else "find"
        scratch = getattr(self._mine, name, None)
        if scratch is None:
            scratch = hyperscan.Scratch(self._spans if spans else self._database)
            setattr(self._mine, name, scratch)
        return scratch


class _Ends(list[int]):
    """Where matches end."""

    cut = False
    """Whether there were too many, so that nobody looked behind the last of them."""


def _scan(database: Any, data: bytes | memoryview, on_match: Any, scratch: Any) -> bool:
    """Go through `data`; False when `on_match` had enough."""
    import hyperscan

    if not data:
        return True
    try:
        database.scan(data, match_event_handler=on_match, scratch=scratch)
    except hyperscan.ScanTerminated:
        return False
    return True


def _stops(database: Any, data: bytes, scratch: Any) -> bool:
    return not _scan(database, data, lambda *_: True, scratch)


def _why(error: str) -> str:
    said = re.sub(r"\s+", " ", error).strip().rstrip(".")
    if "empty buffer" in said:
        return "this pattern matches the empty text, and so every line"
    return f"this pattern cannot be searched for: {said[:1].lower()}{said[1:]}"
