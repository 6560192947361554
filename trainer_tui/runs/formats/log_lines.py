"""The numbers that a training prints: finds out the dialect of a log, then reads that alone, and fast.

What comes out depends on the bytes alone, not on the pieces they came in nor on the time: whoever reads the
log again gets the same rows. A log that tells more than anyone can look at is thinned by counting.
"""

from __future__ import annotations

import re

from trainer_tui.runs.formats.dialects import BY_NAME, DIALECTS, Context, Dialect, Match
from trainer_tui.runs.formats.rows import Row, key_of, metrics_in

LONGEST = 256 << 10
"""Bytes of the longest line that is read."""

ALL_ROWS = 5_000
"""So many rows of a kind are all taken, then every second, from twice as many on every fourth, and so on:
rows never come more than twice as slowly as just before, which would look like a hang."""

MEGABYTE = 1 << 20
LINES_FIRST = 4000
LINES_A_MEGABYTE = 256
"""Lines tried in all dialects while none is known: in the first megabyte of a log, and in each other."""

WHOLE_MEGABYTES = 8
LINES_LOOKED_AT = 4000
"""Lines of each further megabyte in which numbers are looked for at all."""

KEPT = 8
"""Rows that a dialect may tell before it is believed."""

_ANSI = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_BACKSPACES = re.compile(rb"\x08+")
_RETURNS = re.compile(rb"(?<!\r)\r+\n")  # without the look behind, a run of them is tried at each
_ENDS = re.compile(rb"[^\r\n]*(?:\r*\n|\r+)")
_NON_FINITE = re.compile(rb"\b(?:nan|inf|infinity)\b")


class LogParser:
    """Takes the bytes of a log as they come and gives the rows its trainer tells.

    `dialect`: the name of the dialect to read from the first line on; without it the log shows which it is.
    """

    def __init__(self, dialect: str = "") -> None:
        self._rest = b""
        self._overlong = False
        self._read = 0
        self._tried_from = 0
        self._tried = self._looked = 0
        self._candidates = [_Reading(d) for d in DIALECTS]
        self._reading = _Reading(BY_NAME[dialect]) if dialect in BY_NAME else None

    @property
    def dialect(self) -> str:
        """The dialect of this log; empty until it is known."""
        return self._reading.dialect.name if self._reading is not None else ""

    def feed(self, data: bytes) -> list[Row]:
        """The rows of the lines that are complete now."""
        data = self._rest + data
        # Carriage returns at the end may belong to a newline that is still to come.
        settled = len(data.rstrip(b"\r"))
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, settled)) + 1
        whole, self._rest = data[:end], data[end:]
        rows = self._lines(whole) if whole else []
        if len(self._rest.rstrip(b"\r")) > LONGEST:
            self._read += len(self._rest)
            self._rest, self._overlong = b"", True
        return rows

    def finish(self) -> list[Row]:
        """The rows of a last line without its newline, and what was kept back."""
        rows = self.feed(b"\n") if self._rest else []
        if self._reading is not None:
            rows += self._reading.finish()
        return rows

    def _lines(self, whole: bytes) -> list[Row]:
        offset = self._read
        self._read += len(whole)
        if self._overlong:
            self._overlong = False
            first = _ENDS.match(whole)
            cut = first.end() if first is not None else len(whole)
            offset, whole = offset + cut, whole[cut:]
        if len(whole) > LONGEST and max(map(len, whole.replace(b"\r", b"\n").split(b"\n"))) > LONGEST:
            whole = b"".join(line for line in _ENDS.findall(whole) if len(line.rstrip(b"\r\n")) <= LONGEST)
        if self._reading is not None:
            return self._reading.rows(cleaned(whole))
        return self._find_out(whole, offset)

    def _find_out(self, whole: bytes, offset: int) -> list[Row]:
        at = 0
        while at < len(whole):
            megabyte = (offset + at) // MEGABYTE
            if megabyte != self._tried_from:
                self._tried_from, self._tried, self._looked = megabyte, 0, 0
            if not self._may_look(megabyte):
                # On to the first line that begins in the next megabyte.
                border = (megabyte + 1) * MEGABYTE - offset
                line = _ENDS.match(whole, border - 1)
                at = line.end() if line is not None else len(whole)
                continue
            line = _ENDS.match(whole, at)
            if line is None:
                break
            at = line.end()
            self._looked += 1
            if _promising(line[0]):
                self._tried += 1
                text = cleaned(line[0])
                for reading in self._candidates:
                    if reading.believed(text):
                        self._reading, self._candidates = reading, []
                        return reading.told + reading.rows(cleaned(whole[at:]))
        return []

    def _may_look(self, megabyte: int) -> bool:
        tried = LINES_FIRST if megabyte == 0 else LINES_A_MEGABYTE
        return self._tried < tried and (megabyte < WHOLE_MEGABYTES or self._looked < LINES_LOOKED_AT)


class _Reading:
    """One dialect, read line by line until it is believed, then by whole pieces."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.told: list[Row] = []
        self._context: Context = {}
        self._counts: dict[str, int] = {}
        self._thins = False
        self._finite: dict[str, bool] = {}
        self._grown = 0

    def believed(self, line: bytes) -> bool:
        """Whether this line is the one that makes the dialect sure."""
        for row in self.rows(line):
            if self.told and not _follows(self.told, row):
                self.told, self._grown = [], 0
            elif self.told and (key_of(row) or ("", 0.0)) > (key_of(self.told[-1]) or ("", 0.0)):
                self._grown += 1
            self.told = [*self.told, row][-KEPT:]
        return bool(self.told) and self._grown + 1 >= self.dialect.needed

    def rows(self, text: bytes) -> list[Row]:
        """What is told in these lines, thinned."""
        found: list[Row] = []
        read, context, counts = self.dialect.read, self._context, self._counts
        plain = not self._thins or self._is_plain(text)
        for match in self.dialect.pattern.finditer(text):
            if plain:
                kind = match.lastgroup or ""
                counts[kind] = count = counts.get(kind, -1) + 1
                if count >= ALL_ROWS and count & (_stride(count) - 1):
                    continue
                if count == ALL_ROWS:
                    self._thins = True
                    plain = self._is_plain(text)
            elif not self._taken(match):
                continue
            row = read(match, context)
            if row:
                found.append(row)
        return found

    def _is_plain(self, text: bytes) -> bool:
        """Whether no line here is of validation or holds a NaN: those are not thinned like the others."""
        lower = text.lower()
        return (
            all(self._finite.values())
            and b"val" not in lower
            and b"test" not in lower
            and b"nan" not in lower
            and lower.count(b"inf") == lower.count(b"info")
        )

    def finish(self) -> list[Row]:
        """The last frame of a bar that was cut off."""
        held = self._context.pop("held", None)
        return [held] if isinstance(held, dict) and held else []

    def _taken(self, match: Match) -> bool:
        """Whether a match is to be read: at first all, then ever fewer; a change to NaN and back always."""
        line = match[0].lower()
        kind = match.lastgroup or ""
        if b"val" in line or b"test" in line:
            kind += " val"
        self._counts[kind] = count = self._counts.get(kind, -1) + 1
        if count < ALL_ROWS:
            return True
        finite = not (b"nan" in line or b"inf" in line) or _NON_FINITE.search(line) is None
        turned = finite != self._finite.get(kind, True)
        if turned or count & (_stride(count) - 1) == 0:
            self._finite[kind] = finite
            return True
        return False


def _stride(count: int) -> int:
    return 1 << (count // ALL_ROWS).bit_length()


def _follows(told: list[Row], row: Row) -> bool:
    """Whether a row can be the next of a training: it does not go back, and tells some of the same."""
    key, last = key_of(row), key_of(told[-1])
    if key is None or last is None or key[0] != last[0] or key[1] < last[1]:
        return False
    return key[1] == last[1] or any(name in before for before in told for name in metrics_in(row))


def cleaned(text: bytes) -> bytes:
    """The text without colours; what is overwritten after backspaces ends as if by a carriage return."""
    if b"\r\n" in text:
        text = _RETURNS.sub(b"\n", text)
    if b"\x1b" in text:
        text = _ANSI.sub(b"", text)
    return _BACKSPACES.sub(b"\r", text) if b"\x08" in text else text


def _promising(line: bytes) -> bool:
    """Whether a line can tell numbers in any dialect: asked of every line while none is known."""
    return (
        b"poch" in line
        or b"tep" in line
        or b"ter" in line
        or b"oss" in line
        or b"]\t" in line
        or b"%|" in line
        or b"core: " in line
        or b"pdate" in line
        or b"ound" in line
        or line[:24].lstrip()[:1].isdigit()
    )
