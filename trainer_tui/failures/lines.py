"""From one line (or frame) to incidents: what it says without its envelope, and which rule knows it.

A line is a record of a logger, a line of a traceback, or a text that a rule matches. Records below the level
of an error are silent but for numbers (`any_level`); records of level error that no rule knows are told as
what they are, unless a traceback follows and says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from trainer_tui.failures import pytext
from trainer_tui.failures.automaton import NO_HITS, Automaton, Hits
from trainer_tui.failures.causes import Causes
from trainer_tui.failures.clean import clean, shorten, to_text
from trainer_tui.failures.fold import Folder
from trainer_tui.failures.plain_records import Record
from trainer_tui.failures.quote import joined, quote
from trainer_tui.failures.records import read
from trainer_tui.failures.rules import Rule
from trainer_tui.failures.traceback import TracebackReader
from trainer_tui.failures.unknown import judge
from trainer_tui.runs.incident import Incident

_EXCERPT = 6
_READ_LIMIT = 4000
"""Characters of one line that the traceback reader is given."""
_INNER_LINES = 400
"""Lines of the text inside one record that are read."""
_HEADER = "Traceback (most recent call last)"

Context = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands, and what stands before it."""

    line: int
    offset: int
    context: Context


class LineReader:
    """Judges the lines that the scanner hands it, in their order."""

    def __init__(self, rules: Sequence[Rule], automaton: Automaton) -> None:
        self._automaton = automaton
        self._causes = Causes(rules)
        self._last_words = {rule.id for rule in rules if rule.last_words}
        self._folder = Folder()
        self._reader = TracebackReader(self._folder)
        self._relayed: set[str] = set()  # streams of which each line of a traceback is a record of its own
        self._held: Incident | None = None  # the next line says whether a traceback follows
        self._herald: Incident | None = None  # what announced the traceback that was read last
        self._told: set[str] = set()  # ids given for the current line

    @property
    def open(self) -> bool:
        """True while the next line matters whatever is in it."""
        return self._reader.open or self._held is not None

    def next_line(self) -> None:
        """What comes now stands on another line."""
        self._told.clear()

    def finish(self, line: int, offset: int) -> list[Incident]:
        """What the end of the log leaves open."""
        found: list[Incident] = []
        held = self._held
        if held is not None and held.rule in self._last_words:
            self._held = replace(held, severity="error")
        self._let_go(Place(line, offset, list), found)
        for incident in self._reader.finish():
            self._tell(incident, line, offset, found)
        return found

    def read(self, piece: bytes, matched: bool, place: Place) -> list[Incident]:
        """Incidents that this piece makes known; `matched`: the automaton saw something in it."""
        found: list[Incident] = []
        text = to_text(piece)
        hits = self._automaton.look(piece) if matched else NO_HITS
        stream, body = pytext.split_prefix(text)
        record = read(body) if matched or self._reader.open or body[:1] == "{" else None
        if record is not None and record.envelope:
            # A line of a process, in a container's envelope: judged as if it had been written plainly.
            stream, body = stream + record.stream, _printable(record.message)
            inner, body = pytext.split_prefix(body)
            stream += inner
            hits, record, text = self._automaton.look(body.encode()), read(body), body
        if record is not None and record.structured:
            self._let_go(place, found)
            self._structured(record, piece, place, found)
            return found
        if self._held is not None and _HEADER in text:
            self._herald, self._held = self._held, None  # the traceback says it all
        if text.strip():
            if self._held is not None:
                self._held = replace(self._held, message=joined(self._held.message, text))
            self._let_go(place, found)
        if self._traceback(stream, body, record, hits, place, found):
            return found
        self._rules(text, body, record, hits, place, found)
        return found

    # ---- lines of text

    def _traceback(
        self, stream: str, body: str, record: Record | None, hits: Hits, place: Place, found: list[Incident]
    ) -> bool:
        """True if the line is one of a traceback."""
        level = record.level if record else ""
        if not self._reader.open and not hits.anchored:
            return False
        part = shorten(body, _READ_LIMIT, around=max(0, body.find(_HEADER)))
        if record is not None:
            words = record.message
            if pytext.frame_of(words, "plain") and self._reader.is_inside(stream):
                self._relayed.add(stream)
            alone = (
                level not in ("info", "warning")
                and not self._reader.is_inside(stream)
                and pytext.exception_alone(words)
            )
            if stream in self._relayed or alone:
                part = shorten(words, _READ_LIMIT)
        if level == "info":
            hits = replace(hits, rules=[], anchored=hits.anchored and _HEADER in part, warned=True)
        elif level == "warning":
            hits = replace(hits, warned=True)
        elif level:
            hits = replace(hits, warned=False)
        taken, incidents = self._reader.feed(
            stream, part, place.line, place.offset, hits, place.context, quiet=level == "info"
        )
        if not self._reader.is_inside(stream):
            self._relayed.discard(stream)
        for incident in incidents:
            self._tell(incident, place.line, place.offset, found)
        if taken:
            self._causes.touch(place.line, place.offset)
        return taken

    def _rules(
        self, text: str, body: str, record: Record | None, hits: Hits, place: Place, found: list[Incident]
    ) -> None:
        words = record.message.strip() if record else pytext.without_label(body)
        rules, said = hits.rules, text
        if not rules and words != text and hits is not NO_HITS:
            inner = self._automaton.look(words.encode())
            rules, said = inner.rules, words
        if (
            record is not None
            and record.level == "fatal"
            and all(rule.severity != "error" and not rule.own for rule, _ in rules)
        ):
            rules = []
        for rule, end in rules:
            severity = rule.severity
            if not rule.any_level:
                if record is not None and record.level == "info":
                    continue
                warned = record.level == "warning" if record and record.level else hits.warned
                if warned and severity == "error":
                    severity = "notice"
            index = len(to_text(said.encode()[:end]))
            message = quote(said, index)
            if record is not None and said is text and index > len(text) - len(record.message):
                message = quote(record.message, index - (len(text) - len(record.message)))
            self._match(rule, severity, message, text, place, found)
            return
        if record is not None and hits.logged:
            self._unknown(record, words, text, place, found)

    def _match(
        self, rule: Rule, severity: str, message: str, text: str, place: Place, found: list[Incident]
    ) -> None:
        if severity == "error":
            self._causes.touch(place.line, place.offset)
        id_ = f"log:{place.offset}:{rule.id}"
        if id_ in self._told or not self._folder.admit(rule.id, message, place.line):
            return
        self._told.add(id_)
        incident = Incident(
            id=id_,
            severity=severity,  # type: ignore[arg-type]
            kind=rule.kind,
            message=message,
            rule=rule.id,
            line=place.line,
            offset=place.offset,
            excerpt=_excerpt(text, place),
            hypotheses=rule.hypotheses,
        )
        if rule.herald or rule.last_words:
            self._held = incident
        else:
            self._tell(incident, place.line, place.offset, found)

    # ---- records

    def _structured(self, record: Record, piece: bytes, place: Place, found: list[Incident]) -> None:
        """A record with named fields: each line of its texts as if it had been written plainly."""
        text = to_text(piece)
        if record.level == "info":
            # Its fields may be numbers: `{"level": "info", "loss": NaN}`.
            hits = self._automaton.look(piece)
            numbers = [hit for hit in hits.rules if hit[0].any_level]
            self._rules(
                text, text, None, replace(hits, rules=numbers, logged=False, warned=True), place, found
            )
            return
        warned = record.level == "warning"
        quoted = _printable(record.message.strip().partition("\n")[0])
        is_read = False
        for part in (record.message, record.details):
            incidents, is_traceback = self._inner(part, warned, place)
            is_read = is_read or is_traceback
            for incident in incidents:
                self._tell(incident, place.line, place.offset, found)
        if is_read:
            return
        for words in _lines(record.message + "\n" + record.details):
            hits = self._automaton.look(words.encode())
            line = Record(record.level, words)
            if hits.rules:
                self._rules(words, words, line, hits, place, found)
                return
        self._unknown(Record(record.level, quoted, structured=True), quoted, text, place, found)

    def _inner(self, text: str, warned: bool, place: Place) -> tuple[Iterable[Incident], bool]:
        """(incidents of the tracebacks quoted in a record, all at its place; whether it has one)."""
        reader = TracebackReader(self._folder)
        last: dict[str, Incident] = {}
        if not any(mark in text for mark in (_HEADER, "Error", "Exception", "Interrupt")):
            return (), False
        is_traceback = False
        before: list[str] = []
        context: Context = partial(list, before)
        for body in _lines(text):
            hits = replace(self._automaton.look(body.encode()), warned=warned)
            if reader.open or hits.anchored:
                part = shorten(body, _READ_LIMIT)
                taken, incidents = reader.feed("", part, place.line, place.offset, hits, context)
                is_traceback = is_traceback or taken
                last.update((incident.id, incident) for incident in incidents)
            before.append(body)
        last.update((incident.id, incident) for incident in reader.finish())
        return last.values(), is_traceback

    def _unknown(self, record: Record, words: str, text: str, place: Place, found: list[Incident]) -> None:
        """Holds back what is to be said of a record that nothing knows, until the next line was seen."""
        incident = judge(record, words, place.line, place.offset, _excerpt(text, place))
        if incident is None or not self._folder.admit(incident.rule, incident.message, place.line):
            return
        if record.structured:
            self._tell(incident, place.line, place.offset, found)
        else:
            self._held = incident

    def _let_go(self, place: Place, found: list[Incident]) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._tell(held, place.line, place.offset, found)

    def _tell(self, incident: Incident, line: int, offset: int, found: list[Incident]) -> None:
        herald = self._herald
        if herald is not None and incident.message == _HEADER and _follows(herald, incident):
            incident = replace(incident, message=herald.message)  # it was cut off before its exception
        told = self._causes.sort(incident, line, offset)
        if told is not None:
            found.append(told)


def _follows(herald: Incident, incident: Incident) -> bool:
    return 0 < (incident.line or 0) - (herald.line or 0) <= 2


def _lines(text: str) -> list[str]:
    return [_printable(line) for line in text[:64000].split("\n")[:_INNER_LINES]]


def _printable(text: str) -> str:
    """What stood escaped in a record, without control sequences."""
    return to_text(clean(text.encode("utf-8", "replace").replace(b"\n", b" ")).replace(b"\r", b" "))


def _excerpt(text: str, place: Place) -> str:
    before = [shorten(line, 300) for line in place.context()[-_EXCERPT + 1 :]]
    return "\n".join([*before, shorten(text)])
