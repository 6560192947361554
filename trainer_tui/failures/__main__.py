"""`python -m trainer_tui.failures FILE ...`: one JSON object a line for each incident found in the logs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer_tui.failures.scanner import Scanner
from trainer_tui.runs.incident import Incident

_CHUNK = 1 << 20
_FIELDS = ("line", "offset", "severity", "kind", "rule", "message", "excerpt", "hypotheses")


def scan_file(path: Path) -> list[Incident]:
    """Incidents of a whole file, each once with the most that is known about it, in the file's order."""
    scanner = Scanner()
    found: dict[str, Incident] = {}
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update((incident.id, incident) for incident in scanner.feed(chunk))
    found.update((incident.id, incident) for incident in scanner.finish())
    return sorted(found.values(), key=lambda incident: incident.offset or 0)


def as_json(path: str, incident: Incident) -> dict[str, Any]:
    """The fields of an incident that a script would want, with the file's name."""
    data = incident.to_dict()
    return {"file": path, **{name: data[name] for name in _FIELDS if name in data}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the incidents; 1 if a file could not be read."""
    status = 0
    for path in sys.argv[1:] if arguments is None else arguments:
        try:
            incidents = scan_file(Path(path))
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            status = 1
            continue
        for incident in incidents:
            print(json.dumps(as_json(path, incident), ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
