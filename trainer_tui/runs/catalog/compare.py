"""What differs between two runs: what was asked, the code, the environment, and what came of it."""

from __future__ import annotations

import difflib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.catalog.results import read_results
from trainer_tui.runs.catalog.summary import RunSummary, named, with_curve, with_facts
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import plain_reader
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text

_NOT_ASKED = frozenset(
    {
        "number",
        "watch",
        "log",
        "created",
        "host",
        "boot_id",
        "user",
        "python",
        "git",
        "schema",
        "source_digest",
    }
    | {"retry_of", "attempt", "plan.root", "plan.cwd", "plan.index_url", "plan.sources", "plan.model"}
    | {"env.TRAINER_RUN_DIR", "plan.command", "env.MLFLOW_RUN_NAME"}
)
"""Keys of `run.json` that differ between any two runs, stand elsewhere, or say the same twice."""

_OF_SHELLS = frozenset(
    {"_", "SHLVL", "OLDPWD", "PWD", "COLUMNS", "LINES", "WINDOWID", "TERM_SESSION_ID", "TMUX", "TMUX_PANE"}
    | {"SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_AUTH_SOCK", "XDG_SESSION_ID", "STY", "WINDOW"}
)
"""Variables that tell where somebody sat, not how the training was set up."""

_LARGEST_SOURCE = 1 << 20
MOST_PATCH_LINES = 5000
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same; an empty text: it is not there."""

    name: str
    left: str
    right: str
    change: str = ""
    """For numbers: by how much, e.g. `-12 %`."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other; only what differs, but for the results, which are all there."""

    left: str
    right: str
    configuration: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    result: tuple[Difference, ...]
    patch: str
    """Unified diff of the sources; empty when they are alike."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def compare(left: RunFolder, right: RunFolder) -> Comparison:
    """Hold two runs against each other; what cannot be read of one is missing there, never an error."""
    asked = [read_json(run.run_json) or {} for run in (left, right)]
    notes = [
        f"{run.name}: its run.json is missing or cannot be read"
        for run, document in zip((left, right), asked, strict=True)
        if not document
    ]
    patch, passed_over = patch_of(left.source, right.source)
    return Comparison(
        clean(left.name, 200),
        clean(right.name, 200),
        configuration=_differences(*map(_configuration, asked)),
        environment=_differences(
            *(_environment(run, doc) for run, doc in zip((left, right), asked, strict=True))
        ),
        result=_results(left, right),
        patch=patch,
        notes=(*notes, *passed_over),
    )


def patch_of(left: Path, right: Path) -> tuple[str, tuple[str, ...]]:
    """Unified diff of two `source/` folders, and what of them was passed over."""
    before, after = _files(left), _files(right)
    passed_over: list[str] = []
    lines: list[str] = []
    if not before and not after:
        passed_over.append("no sources were kept of either run")
    for name in sorted({*before, *after}):
        try:
            old, new = _text(before.get(name)), _text(after.get(name))
        except (OSError, ValueError) as error:
            passed_over.append(f"{clean(name, 100)}: {clean(str(error), 100)}")
            continue
        shown = clean(name, 200)
        sides = (
            (f"a/{shown}" if name in before else "/dev/null"),
            (f"b/{shown}" if name in after else "/dev/null"),
        )
        lines += [clean(line, 1000) for line in difflib.unified_diff(old, new, *sides, lineterm="")]
    if len(lines) > MOST_PATCH_LINES:
        passed_over.append(f"{len(lines) - MOST_PATCH_LINES} more lines of the patch are left out")
    return "\n".join(lines[:MOST_PATCH_LINES]), tuple(passed_over)


# ------------------------------------------------------------------ the parts


def _configuration(document: dict[str, Any]) -> dict[str, str]:
    flat = _flat({key: value for key, value in document.items() if key not in _NOT_ASKED})
    return {name.removeprefix("plan."): value for name, value in flat.items() if name not in _NOT_ASKED}


def _environment(run: RunFolder, document: dict[str, Any]) -> dict[str, str]:
    found = {key: _value(document[key]) for key in ("host", "user", "python") if document.get(key)}
    found |= {f"git {key}": value for key, value in _flat(document.get("git") or {}).items()}
    recorded = read_json(run.path / "environment.json") or {}
    found |= {f"${key}": _value(value) for key, value in recorded.items() if key not in _OF_SHELLS}
    return found


def _results(left: RunFolder, right: RunFolder) -> tuple[Difference, ...]:
    """Both runs' ends and numbers; those that are the same on both sides as well."""
    runs = [_summary(run) for run in (left, right)]
    rows: list[Difference] = []
    for name, of, show in _FACTS:
        values = [of(run) for run in runs]
        if any(value not in (None, "") for value in values):
            texts = ["" if value in (None, "") else show(value) for value in values]
            rows.append(Difference(name, texts[0], texts[1], change_text(*values)))
    if runs[0].metric == runs[1].metric:
        for name, numbers in (("best", [run.best for run in runs]), ("last", [run.last for run in runs])):
            if any(number is not None for number in numbers):
                rows.append(_numbers(f"{name} {runs[0].metric}", *numbers))
    else:
        rows += [
            _numbers(f"best {runs[0].metric}", runs[0].best, None),
            _numbers(f"best {runs[1].metric}", None, runs[1].best),
        ]
    tables = [read_results(run.results) for run in (left, right)]
    for name in dict.fromkeys((*tables[0], *tables[1])):
        first, second = tables[0].get(name), tables[1].get(name)
        if isinstance(first, str) or isinstance(second, str):
            rows.append(Difference(f"results: {name}", str(first or ""), str(second or "")))
        else:
            rows.append(_numbers(f"results: {name}", first, second))
    return tuple(rows)


_FACTS: tuple[tuple[str, Any, Any], ...] = (
    ("end", lambda run: run.word, str),
    ("why", lambda run: run.sentence, str),
    ("duration", lambda run: run.duration_s, duration_text),
    ("peak memory", lambda run: run.peak_bytes, bytes_text),
    ("steps", lambda run: run.steps, lambda value: f"{value:g}"),
)


def _summary(run: RunFolder) -> RunSummary:
    try:
        return with_curve(with_facts(named(run), run)[0], run)
    except OSError:
        return named(run)


def _differences(left: Mapping[str, str], right: Mapping[str, str]) -> tuple[Difference, ...]:
    names = [name for name in dict.fromkeys((*left, *right)) if left.get(name) != right.get(name)]
    return tuple(Difference(clean(name, 120), left.get(name, ""), right.get(name, "")) for name in names)


def _numbers(name: str, left: float | None, right: float | None) -> Difference:
    texts = ["" if value is None else f"{value:.6g}" for value in (left, right)]
    return Difference(name, texts[0], texts[1], change_text(left, right))


def change_text(left: Any, right: Any) -> str:
    """`+3.2 %` from one number to the other; empty where that says nothing."""
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in (left, right)) or left == right:
        return ""
    change = (right - left) / abs(left) * 100 if left else math.inf
    return f"{change:+.3g} %" if abs(change) < 1e6 else ""


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """A nested document as `a.b` → text."""
    if isinstance(value, dict) and value:
        found: dict[str, str] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{name}.{key}" if name else str(key))
        return found
    return {name: _value(value)} if name and value not in (None, "", {}, []) else {}


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return clean(" ".join(value), _LONGEST)
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _LONGEST)


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    real = os.path.realpath(folder)  # a link that leads out of it is no source of the run
    inside = (path for path in folder.rglob("*") if Path(os.path.realpath(path)).is_relative_to(real))
    return {str(path.relative_to(folder)): path for path in inside if path.is_file()}


def _text(path: Path | None) -> list[str]:
    """The lines of a source; raises ValueError for what is no text, or too long to be a source."""
    if path is None:
        return []
    with plain_reader(path) as file:
        data = file.read(_LARGEST_SOURCE + 1)
    if len(data) > _LARGEST_SOURCE:
        raise ValueError("too large to be compared")
    if b"\0" in data:
        raise ValueError("no text")
    return data.decode("utf-8", "replace").splitlines()
