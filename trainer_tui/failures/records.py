"""Log records: the envelope that a logger or a container puts around a message, and what is in it.

JSON lines (python-json-logger, structlog, zap, pino, loguru's `serialize`, ECS, Ray), container logs
(Docker's json-file, Cloud Logging's textPayload, journald), logfmt, and the text formats of `plain_records`.
The result is the level, the message as it was before it was escaped, and the traceback that came with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from trainer_tui.failures.plain_records import Level, Record, level_of, read_plain

_NESTING = 3
"""Records inside the message of a record: a container's around a logger's around a launcher's."""
_LEVELS = (
    "level",
    "levelname",
    "severity",
    "log.level",
    "lvl",
    "loglevel",
    "log_level",
    "@level",
    "SeverityText",
)
_MESSAGES = ("message", "msg", "event", "@message", "log.message", "short_message", "body", "Body")
_DETAILS = (
    "exc_info", "exception", "exc_text", "traceback", "stack_trace", "stacktrace", "stack",
    "error.stack_trace", "exception.stacktrace", "err", "error", "error.message",
)  # fmt: skip
_ENVELOPES = ("log", "textPayload", "MESSAGE")
"""Keys under which containers and collectors keep one line of a process, whatever it is."""
_PAIR = re.compile(r'([A-Za-z_][\w.]{0,40})=("(?:[^"\\]|\\.){0,16000}"|[^\s"]{0,2000})')
_LOGFMT = re.compile(r"(?:^|\s)(?:level|lvl|severity)=\"?[A-Za-z]{3,9}\b")
# pino and bunyan; Python's own numbers appear under `levelno` only, which nothing here reads.
_NUMBERS = ((60, "fatal"), (50, "error"), (40, "warning"))


def read(text: str) -> Record | None:
    """The record on this line (without the launcher's label); None if it is a line without an envelope."""
    start = text[:80].lstrip()[:1]
    if start == "{":
        return _read_json(text, _NESTING)
    if _LOGFMT.search(text, 0, 400):
        return _read_logfmt(text)
    return read_plain(text)


def _read_json(text: str, depth: int) -> Record | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    for key in _ENVELOPES:
        inside = data.get(key)
        if isinstance(inside, str):
            return _unpacked(inside.rstrip("\r\n"), str(data.get("stream", ""))[:20], depth)
    payload = data.get("jsonPayload")
    if isinstance(payload, dict):
        data = data | payload
    if isinstance(data.get("record"), dict) and isinstance(data.get("text"), str):
        data = data["record"] | ({"exc_text": data["text"]} if data["record"].get("exception") else {})
        data.pop("exception", None)
    message = next((data[key] for key in _MESSAGES if isinstance(data.get(key), str)), "")
    details = "\n".join(part for key in _DETAILS if key in data for part in _details(data[key]))
    level = _json_level(data)
    if not message and not details:
        return None
    if level == "" and "Traceback (most recent call last)" not in details + message:
        return None  # a line of metrics or of results that happens to have a message
    return Record(level, message, details, structured=True)


def _unpacked(text: str, stream: str, depth: int) -> Record:
    inner = None
    if depth > 0 and text[:1] == "{":
        inner = _read_json(text, depth - 1)
    return inner or Record("", text, stream=stream, envelope=True)


def _json_level(data: Mapping[str, Any]) -> Level:
    for key in _LEVELS:
        value = data.get(key)
        if isinstance(value, dict):
            value = value.get("name")
        if isinstance(value, str):
            return level_of(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return next((level_of(name) for least, name in _NUMBERS if value >= least), "info")
    nested = data.get("log")
    return level_of(str(nested.get("level", ""))) if isinstance(nested, dict) else ""


def _details(value: object) -> Iterator[str]:
    """The texts in a field about an exception, written as a Python process would have written them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        stack = next((value[key] for key in ("stack", "stack_trace", "stacktrace") if value.get(key)), None)
        if isinstance(stack, str):
            yield stack
        elif value.get("type") or value.get("exc_type"):
            yield from _exception(value)
        elif isinstance(value.get("message"), str):
            yield value["message"]
    elif isinstance(value, list):
        if all(isinstance(part, str) for part in value):
            yield "\n".join(part.rstrip("\n") for part in value)
        else:
            # structlog's dict_tracebacks: the innermost exception comes first, as it was raised last.
            for part in reversed(value[:20]):
                if isinstance(part, dict):
                    yield from _exception(part)


def _exception(value: Mapping[str, Any]) -> Iterator[str]:
    name = value.get("exc_type") or value.get("type")
    said = value.get("exc_value") or value.get("message") or value.get("value") or ""
    frames = value.get("frames")
    if isinstance(frames, list):
        yield "Traceback (most recent call last):"
        for frame in frames[:200]:
            if isinstance(frame, dict):
                yield f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
    yield f"{name}: {said}"


def _read_logfmt(text: str) -> Record | None:
    data: dict[str, str] = {}
    for key, value in _PAIR.findall(text[:32000]):
        data.setdefault(key, _unquoted(value))
    message = next((data[key] for key in _MESSAGES if data.get(key)), "")
    details = "\n".join(data[key] for key in _DETAILS if data.get(key))
    level: Level = next((level_of(data[key]) for key in _LEVELS if data.get(key)), "")
    return Record(level, message, details, structured=True) if level and (message or details) else None


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')
