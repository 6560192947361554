"""One line of a log in full: records made readable, everything else as it stands."""

from __future__ import annotations

import ast
import json

from trainer_tui.runs.files import NOT_JSON
from trainer_tui.runs.logs.file import RawLine
from trainer_tui.runs.logs.fold import frames
from trainer_tui.runs.text import clean, clean_lines, shown
from trainer_tui.tui.log.page import Detail

_MOST = 20_000
"""Characters that are shown."""
_FRAMES = 50
_LITERAL_MOST = 10_000


def detail_of(line: RawLine, number: int | None) -> Detail:
    """What the panel shows of a line."""
    name = f"line {number + 1:,}" if number is not None else "line"
    title = f"{name}, {line.length:,} bytes at {line.start:,}"
    parts = frames(line)
    if len(parts) > 1:
        kept = parts[-_FRAMES:]
        title += (
            f", the last {len(kept)} of its frames" if line.tail else f", {len(kept)} of {len(parts)} frames"
        )
        return Detail(title, "\n".join(shown(part) for part in kept))
    text = parts[0].decode("utf-8", "replace")
    before, record = _record(text)
    if record is None:
        return Detail(title, clean(text, _MOST))
    return Detail(f"{title}, a record", clean_lines(f"{before}\n{record}".strip("\n")[:_MOST]))


def _record(text: str) -> tuple[str, str | None]:
    """What stands before the record in a line, and the record on lines of its own; None without one."""
    begin = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=-1)
    if begin < 0:
        return text, None
    body = text[begin:].strip()
    value = _value(body)
    if not isinstance(value, dict | list) or not value:
        return text, None
    return text[:begin].strip(), json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _value(body: str) -> object:
    try:
        return json.JSONDecoder().raw_decode(body)[0]
    except NOT_JSON:
        return _literal(body) if len(body) <= _LITERAL_MOST else None


def _literal(body: str) -> object:
    """What Python prints of a dict of metrics."""
    try:
        return ast.literal_eval(body)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
