"""Log records of one line of text: the formats of logging, loguru, absl and glog, DeepSpeed, HF, Ray, Dask.

What all of them have in common is read: a level in capitals, or a letter, near the start of the line, with
nothing in front of it but time stamps and names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["", "info", "warning", "error", "critical", "fatal"]
"""What the logger said how bad it is; "" where nothing was said."""

_LEVEL_NAMES: dict[str, Level] = {
    "trace": "info", "debug": "info", "verbose": "info", "info": "info", "notice": "info", "success": "info",
    "default": "info", "informational": "info", "information": "info",
    "warn": "warning", "warning": "warning",
    "error": "error", "err": "error", "erro": "error", "severe": "error",
    "critical": "critical", "crit": "critical", "alert": "critical", "emergency": "critical",
    "dpanic": "error", "panic": "fatal", "fatal": "fatal",
}  # fmt: skip
_LETTERS: dict[str, Level] = {
    "I": "info",
    "D": "info",
    "V": "info",
    "W": "warning",
    "E": "error",
    "F": "fatal",
}


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in an envelope."""

    level: Level
    message: str
    """Without the envelope; may have several lines."""
    details: str = ""
    """The traceback or the exception that was logged with it, as text."""
    stream: str = ""
    structured: bool = False
    """The fields were named (JSON, logfmt): nothing but the message and the details is text."""
    envelope: bool = False
    """Only a container's: the message is a line of a process, and belongs to the lines around it."""
    native: bool = False
    """Written by compiled code (absl, glog)."""


_STAMP = r"[\[(]?\d[\d\-/:.,TZ+ ]{4,40}[\])]?"
_STAMP_INSIDE = r"\d[\d\-/:.,TZ+ ]{4,40}"
_NAME = r"[A-Za-z_][\w./<>-]{0,80}"
# Time stamps, process names and names of loggers in front of the level: `... - trainer - `, `[train]`, `|`.
_FRONT = (
    rf"(?:{_STAMP}[ \t|:-]*)?(?:\[[\w. :/,<>-]{{1,80}}\][ -]*|{_NAME}(?::\d+)? ?[-|] ?|\d+ ?[-|]? ?){{0,3}}"
)
_WORD = "TRACE|DEBUG|VERBOSE|INFO|NOTICE|SUCCESS|WARN|WARNING|ERROR|ERRO|SEVERE|CRITICAL|FATAL"
_TEXT = re.compile(rf"{_FRONT}[\[(<|]? ?(?P<level>{_WORD})[\])>|]?(?: {{0,9}}[|\])>])?:?(?=[\s:|\[(-]|$)")
_DEFAULT_FORMAT = re.compile(rf"({_WORD}):([\w.-]{{1,80}}):(?! )")
_GLOG = re.compile(
    r"\[?([IWEFDV])(?:\d{4}|\d{8}) \d\d:\d\d:(?:\d\d|\d{9,12})[.\d]{0,10}(?: +\d+)? [\w./+-]{1,120}:\d+\] ?"
)
_TENSORFLOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([IWEF]) [\w./+-]{1,120}:\d+\] ?")
_OPTUNA = re.compile(r"\[([IWEFD]) [\d\-:., ]{8,30}[^\]\n]{0,80}\] ?")
_SAGEMAKER = re.compile(rf"\[{_STAMP_INSIDE} ({_WORD}) \d+\] ?")
_STRUCTLOG = re.compile(rf"{_STAMP} ?\[([a-z]{{3,8}}) {{0,5}}\] ?")
_HF = re.compile(rf"\[({_WORD})\|[^\]\n]{{1,120}}\] [\d\-:., ]{{8,30}} ?>> ?")
# What stands between the level and the words: a place in the source, a logger's name, a second time stamp.
_REST = re.compile(
    rf"[ \t|:-]*(?:{_STAMP} ?(?:(?=\[)|{_NAME}:\d+\] ?)|\[[^\]\n]{{1,100}}\]:?[ \t:|-]*"
    rf"|{_NAME}:{_NAME}:\d+ ?[-|:] |{_NAME}:\d+:? (?:-- ?)?|{_NAME} -{{1,2}} |(?:[a-z_]\w*\.)+\w+: ){{0,3}}"
)


def level_of(name: str) -> Level:
    """The level that a name stands for; "" if it is none."""
    return _LEVEL_NAMES.get(name.strip().lower(), "")


def read_plain(text: str) -> Record | None:
    """The record on a line of text; None if it has no level where one would stand."""
    for pattern in (_GLOG, _TENSORFLOW, _OPTUNA):
        if match := pattern.match(text):
            level = _LETTERS[match[1]]
            message = text if pattern is _OPTUNA else text[match.end() :]
            return Record(level, message, native=pattern is not _OPTUNA)
    for pattern in (_HF, _DEFAULT_FORMAT, _SAGEMAKER, _STRUCTLOG):
        if (match := pattern.match(text)) and (level := level_of(match[1])):
            return Record(level, text[match.end() :])
    head = text[:240]
    if (match := _TEXT.match(head)) is None:
        return None
    rest = _REST.match(head, match.end())
    start = rest.end() if rest else match.end()
    # One blank belongs to the envelope, further ones to what was logged: frames of a traceback are indented.
    while start > match.end() and text[start - 1 : start] == " " and text[start - 2 : start] == "  ":
        start -= 1
    return Record(level_of(match["level"]), text[start:])
