"""Facts as Markdown that cannot break out of its place, whatever a log or a script put into them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
LINE_LIMIT = 400
"""Characters of one line of a log that are worth quoting."""


def plain(text: str) -> str:
    """`text` with line feeds only, without control and direction characters, lone surrogates as U+FFFD."""
    text = re.sub(r"\r\n?", "\n", text)
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`text` on one line of at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _longest_run(text: str, mark: str) -> int:
    return max((len(found) for found in re.findall(re.escape(mark) + "+", text)), default=0)


def code(text: str) -> str:
    """`text` as a code span; its fence is longer than any backticks inside."""
    line = one_line(text)
    if not line:
        return "–"
    ticks = "`" * (_longest_run(line, "`") + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fenced(text: str, info: str = "text") -> str:
    """`text` as a fenced block; its fence is longer than any backticks inside."""
    body = plain(text).strip("\n")
    ticks = "`" * max(3, _longest_run(body, "`") + 1)
    return f"{ticks}{info}\n{body}\n{ticks}"


def tail(text: str, lines: int) -> str:
    """The last `lines` lines, long ones cut; says how many were left out."""
    rows = plain(text).strip("\n").split("\n")
    kept = [row if len(row) <= LINE_LIMIT else row[: LINE_LIMIT - 1] + "…" for row in rows[-lines:]]
    return "\n".join(([f"… {len(rows) - lines} lines before …"] if len(rows) > lines else []) + kept)


def top(text: str, lines: int) -> str:
    """The first `lines` lines, whole; says how many were left out."""
    rows = plain(text).strip("\n").split("\n")
    return "\n".join(rows[:lines] + ([f"… {len(rows) - lines} lines more …"] if len(rows) > lines else []))


def bytes_text(count: float) -> str:
    """A size in bytes as people read it, e.g. `9.8 GiB`."""
    if not math.isfinite(count):
        return f"{count} B"
    power = 0
    while abs(count) >= 1024 and power < len(_UNITS) - 1:
        count /= 1024
        power += 1
    return f"{count:.4g} {_UNITS[power]}"


def value_text(value: Any, name: str = "") -> str:
    """One value: six significant digits, `NaN` and `inf` as such, a name ending in `bytes` as a size."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, (int, float)):
        if name.endswith("bytes"):
            return bytes_text(value)
        if isinstance(value, int):
            return str(value)
        return "NaN" if math.isnan(value) else f"{value:.6g}"
    return one_line(str(value))


def leaves(facts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The single values of nested mappings and sequences, with dotted names (`gpus.0.memory_bytes`)."""
    for key, value in facts.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            yield from leaves(value, name + ".")
        elif isinstance(value, (list, tuple)):
            yield from leaves({str(n): item for n, item in enumerate(value)}, name + ".")
        else:
            yield name, value


def bullets(facts: Mapping[str, Any], limit: int = 40) -> str:
    """Facts as a list, one a line; values of several lines are left out (see `fenced`)."""
    rows = [
        f"- {one_line(name, 80)}: {_prose(value_text(value, name))}"
        for name, value in leaves(facts)
        if not (isinstance(value, str) and "\n" in value.strip())
    ]
    return "\n".join(rows[:limit] + ([f"- … {len(rows) - limit} more"] if len(rows) > limit else []))


def _prose(text: str) -> str:
    # Bare words, paths and numbers stay as they are; what Markdown could read as markup becomes code.
    return code(text) if re.search(r"[`*<>\[\]|\\]", text) else text


def table(rows: Sequence[Mapping[str, Any]], limit: int = 12, columns: int = 12) -> str:
    """The last `limit` rows as a Markdown table of at most `columns` columns; '' without rows."""
    shown = rows[-limit:]
    names = list(dict.fromkeys(name for row in shown for name in row))[:columns]
    if not names:
        return ""

    def row_of(cells: Sequence[str]) -> str:
        return "| " + " | ".join(re.sub(r"([|\\])", r"\\\1", cell) for cell in cells) + " |"

    body = [row_of([value_text(row[n], n) if n in row else "" for n in names]) for row in shown]
    return "\n".join([row_of([one_line(n, 40) for n in names]), "|" + " --- |" * len(names), *body])
