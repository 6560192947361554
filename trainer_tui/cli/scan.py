"""`scan`: what went wrong in any log of anybody's, without a project."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from trainer_tui.cli.outcomes import sentence
from trainer_tui.cli.printing import SEVERITY_MARKS, complain, count_text, print_json, say
from trainer_tui.failures import DEFAULT_RULES, Scanner
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.incident import SEVERITIES, Incident
from trainer_tui.runs.tail import Tail

_CHUNK = 1 << 20
_LARGE = 1 << 29
"""Bytes from which on numpy, which counts lines faster, makes up for the time of its import."""
_ADVICE = 3
"""Hypotheses that are printed for people; JSON has all of them."""

EXIT_FINE, EXIT_ERROR, EXIT_UNREADABLE = 0, 1, 2


def scan(files: Sequence[str], as_json: bool, follow: bool) -> int:
    """Print the incidents of the files (`-`: standard input).

    Returns 1 when one is an error, 0 when none is, 2 when a file could not be read; the others are scanned
    all the same.
    """
    report = _Report(as_json)
    readable = [file for file in files if _is_readable(file)]
    if follow and "-" not in readable:
        _follow(readable, report)
    else:
        for file in readable:
            try:
                _scan_one(file, report, live=follow)
            except OSError as error:
                complain(f"{file}: {error.strerror}")
                report.unreadable = True
    if report.unreadable or len(readable) < len(files):
        return EXIT_UNREADABLE
    return EXIT_ERROR if report.errors else EXIT_FINE


def as_json_line(file: str, incident: Incident) -> dict[str, Any]:
    """The fields of an incident that a script would want, with the file's name."""
    line: dict[str, Any] = {
        "file": file,
        "line": incident.line,
        "offset": incident.offset,
        "severity": incident.severity,
        "kind": incident.kind,
        "rule": incident.rule,
        "message": incident.message,
        "excerpt": incident.excerpt,
        "hypotheses": list(incident.hypotheses),
    }
    return line | {name: incident.facts[name] for name in ("cascade",) if name in incident.facts}


def as_text(file: str, incident: Incident) -> list[str]:
    """What went wrong, where, why probably and what to try, for people."""
    lines = [
        f"{SEVERITY_MARKS[incident.severity]} {file}:{incident.line}: {incident.kind}: {incident.message}"
    ]
    if incident.frames:
        lines.append(f"    in    {incident.frames[-1]}")
    if meaning := _meanings().get(incident.rule):
        lines.append(f"    what  {meaning}")
    lines += [f"    try   {hint}" for hint in incident.hypotheses[:_ADVICE]]
    if count := incident.facts.get("cascade"):
        lines.append(f"    then  {count_text(count, 'line', 'lines')} of other processes that follow from it")
    return lines


@cache
def _meanings() -> dict[str, str]:
    return {rule.id: rule.meaning for rule in DEFAULT_RULES}


class _Report:
    """Prints incidents and remembers whether one was an error."""

    def __init__(self, as_json: bool) -> None:
        self.errors = 0
        self.unreadable = False
        self.as_json = as_json
        self._said: dict[tuple[str, str], str] = {}

    def add(self, file: str, incidents: Iterable[Incident]) -> None:
        """Print the incidents of a file; one that is known already only if it says something else now."""
        for incident in incidents:
            self.errors += incident.severity == "error"
            if self.as_json:
                print_json(as_json_line(file, incident))
                continue
            key = (file, incident.id)
            if self._said.get(key) != incident.message:
                self._said[key] = incident.message
                for line in as_text(file, incident):
                    say(line)

    def sum_up(self, file: str, incidents: Sequence[Incident], lines: int) -> None:
        """One line on the whole file."""
        if self.as_json:
            return
        counts = [(sum(i.severity == level for i in incidents), level) for level in reversed(SEVERITIES)]
        found = ", ".join(count_text(count, level, f"{level}s") for count, level in counts if count)
        say(f"{file}: {found or 'nothing went wrong'} in {count_text(lines, 'line', 'lines')}")


def _is_readable(file: str) -> bool:
    if file == "-":
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
    scanner = Scanner()
    name = "standard input" if file == "-" else file
    found: dict[str, Incident] = {}

    def take(incidents: list[Incident]) -> None:
        found.update((incident.id, incident) for incident in incidents)
        if live:
            report.add(name, incidents)

    descriptor = sys.stdin.fileno() if file == "-" else os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size >= _LARGE:
            _count_faster()
        _read_all(descriptor, lambda data: take(scanner.feed(data)))
    except KeyboardInterrupt:
        if not live:
            raise
    finally:
        if file != "-":
            os.close(descriptor)
    take(scanner.finish())
    incidents = sorted(found.values(), key=lambda incident: incident.offset or 0)
    if not live:
        report.add(name, incidents)
    report.sum_up(name, incidents, scanner.line - 1)


def _read_all(descriptor: int, take: Callable[[bytes], None]) -> None:
    while data := os.read(descriptor, _CHUNK):
        take(data)


def _count_faster() -> None:
    try:
        import numpy  # noqa: F401 - the scanner uses it when it is there
    except ImportError:
        return


def _follow(files: Sequence[str], report: _Report) -> None:
    """Print incidents as the files grow, until Ctrl+C."""
    tails = {file: Tail(Path(file)) for file in files}
    scanners = {file: Scanner() for file in files}
    changes = Changes(Path(file).absolute().parent for file in files)
    try:
        while tails:
            changed = False
            for file, tail in list(tails.items()):
                try:
                    chunk = tail.read(_CHUNK)
                except OSError as error:
                    complain(sentence(error) if error.filename else f"{file}: {error.strerror}")
                    report.unreadable = True
                    del tails[file]
                    continue
                if chunk.change:
                    report.add(file, scanners[file].finish())
                    scanners[file] = Scanner()
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
