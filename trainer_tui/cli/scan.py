"""`scan`: what went wrong in any log of anybody's, without a project."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from trainer_tui.cli.outcomes import sentence
from trainer_tui.cli.printing import complain, count_text, print_json, say
from trainer_tui.cli.scan_input import (
    BROKEN,
    STANDARD_INPUT,
    Readable,
    UnknownCompressionError,
    open_log,
    unpacked,
)
from trainer_tui.cli.scan_rules import RulesError, rules_for
from trainer_tui.cli.scan_words import as_json_line, as_text
from trainer_tui.failures import Rule, Scanner
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.incident import SEVERITIES, Incident
from trainer_tui.runs.tail import Tail, hole_at

_CHUNK = 1 << 20
_LARGE = 1 << 29
"""Bytes from which on numpy, which counts lines faster, makes up for the time of its import."""
_NOTICES = 5
"""Notices of one file that are printed for people; the rest is counted."""

EXIT_FINE, EXIT_ERROR, EXIT_UNREADABLE = 0, 1, 2


def scan(files: Sequence[str], as_json: bool, follow: bool, rules: str | None = None) -> int:
    """Print the incidents of the files (`-`: standard input; compressed files are unpacked).

    `rules` is a file with `[[rules]]`; without it those of the project around us are used, if there is one.
    Returns 1 when one is an error, 0 when none is, 2 when a file could not be read; the others are scanned
    all the same.
    """
    try:
        report = _Report(as_json, rules_for(rules))
    except RulesError as error:
        complain(str(error))
        return EXIT_UNREADABLE
    readable = [file for file in files if _is_readable(file)]
    if follow and STANDARD_INPUT not in readable:
        _follow(readable, report)
    else:
        for file in readable:
            try:
                _scan_one(file, report, live=follow)
            except OSError as error:
                report.fail(f"{file}: {error.strerror or error}")
            except UnknownCompressionError as error:
                report.fail(str(error))
    if report.unreadable or len(readable) < len(files):
        return EXIT_UNREADABLE
    return EXIT_ERROR if report.errors else EXIT_FINE


class _Report:
    """Prints incidents and remembers whether one was an error."""

    def __init__(self, as_json: bool, rules: tuple[Rule, ...]) -> None:
        self.errors = 0
        self.unreadable = False
        self.as_json = as_json
        self.rules = rules
        self._said: dict[tuple[str, str], str] = {}

    def fail(self, why: str) -> None:
        """A file could not be read, or not to its end."""
        complain(why)
        self.unreadable = True

    def add(self, file: str, incidents: Iterable[Incident]) -> None:
        """Print incidents of a file; one that is known already only if it says something else now."""
        for incident in incidents:
            self.errors += incident.severity == "error"
            if self.as_json:
                print_json(as_json_line(file, incident))
                continue
            key = (file, incident.id)
            if self._said.get(key) != incident.message:
                self._said[key] = incident.message
                for line in as_text(file, incident, self.rules):
                    say(line)

    def add_all(self, file: str, incidents: Sequence[Incident]) -> None:
        """Print all incidents of a file: for people what matters most first, and not every notice."""
        if self.as_json:
            self.add(file, incidents)
            return
        for severity in reversed(SEVERITIES):
            some = [incident for incident in incidents if incident.severity == severity]
            shown = some[:_NOTICES] if severity == "notice" else some
            self.add(file, shown)
            if len(some) > len(shown):
                say(f"· {file}: {count_text(len(some) - len(shown), 'more notice', 'more notices')} (--json)")

    def sum_up(self, file: str, incidents: Sequence[Incident], lines: int) -> None:
        """One line on the whole file."""
        if self.as_json:
            return
        counts = [(sum(i.severity == level for i in incidents), level) for level in reversed(SEVERITIES)]
        found = ", ".join(count_text(count, level, f"{level}s") for count, level in counts if count)
        say(f"{file}: {found or 'nothing went wrong'} in {count_text(lines, 'line', 'lines')}")


def _is_readable(file: str) -> bool:
    if file == STANDARD_INPUT:
        return True
    try:
        with open(file, "rb") as opened:
            if stat.S_ISDIR(os.fstat(opened.fileno()).st_mode):
                raise IsADirectoryError
    except OSError as error:
        complain(sentence(error) if error.strerror else f"{file}: it is a folder")
        return False
    return True


def _scan_one(file: str, report: _Report, live: bool) -> None:
    """Scan to the end. `live`: print at once, else each incident once, with all that became known of it."""
    scanner = Scanner(report.rules)
    name = "standard input" if file == STANDARD_INPUT else file
    found: dict[str, Incident] = {}

    def take(incidents: list[Incident]) -> None:
        found.update((incident.id, incident) for incident in incidents)
        if live:
            report.add(name, incidents)

    with open_log(file) as raw:
        if os.fstat(raw.fileno()).st_size >= _LARGE:
            _count_faster()
        source = unpacked(raw, file)
        try:
            while data := _read(source):
                take(scanner.feed(data))
                if source is raw and scanner.passes_over and not data.strip(b"\0"):
                    scanner.pass_over(_pass_hole(raw))
        except KeyboardInterrupt:
            if not live:
                raise
        except BROKEN:
            report.fail(f"{file}: the compressed data are damaged or cut off; what stands before is scanned")
    take(scanner.finish())
    incidents = sorted(found.values(), key=lambda incident: incident.offset or 0)
    if not live:
        report.add_all(name, incidents)
    report.sum_up(name, incidents, scanner.line - 1)


def _pass_hole(raw: io.BufferedReader) -> int:
    """Pass over the hole of a sparse file that reading has come into; how many bytes that were."""
    if not raw.seekable():
        return 0
    at = raw.tell()
    hole = hole_at(raw.fileno(), at)
    raw.seek(at + hole)
    return hole


def _read(source: Readable) -> bytes:
    """What there is, and not only once a whole chunk has come: standard input may be slow."""
    read1 = getattr(source, "read1", None)
    data: bytes = read1(_CHUNK) if read1 is not None else source.read(_CHUNK)
    return data


def _count_faster() -> None:
    try:
        import numpy  # noqa: F401 - the scanner uses it when it is there
    except ImportError:
        return


def _follow(files: Sequence[str], report: _Report) -> None:
    """Print incidents as the files grow, until Ctrl+C."""
    tails = {file: Tail(Path(file)) for file in files}
    scanners = {file: Scanner(report.rules) for file in files}
    changes = Changes(Path(file).absolute().parent for file in files)
    try:
        while tails:
            changed = False
            for file, tail in list(tails.items()):
                try:
                    chunk = tail.read(_CHUNK)
                except OSError as error:
                    report.fail(sentence(error) if error.filename else f"{file}: {error.strerror}")
                    del tails[file]
                    continue
                if chunk.change:
                    report.add(file, scanners[file].finish())
                    scanners[file] = Scanner(report.rules)
                if chunk.data:
                    report.add(file, scanners[file].feed(chunk.data))
                    changed = True
            if not changed:
                changes.wait(changed)
    except KeyboardInterrupt:
        # The way to end it; what was still open is said below.
        changes.wake()
    finally:
        changes.close()
        for tail in tails.values():
            tail.close()
    for file, scanner in scanners.items():
        report.add(file, scanner.finish())
