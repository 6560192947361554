"""What is quoted of a line: the words a person would, not the progress bar in front of them."""

from __future__ import annotations

import re

from trainer_tui.failures.clean import shorten

_BAR = re.compile(r"\d%\||\bit/s[\],]|s/it[\],]|[█▏▎▍▌▋▊▉]|\d+/\d+ \[")
_BEHIND_BAR = re.compile(r"[\]%]\s*")
_DOCUMENT_NAME = re.compile(r'"e?name": "([\w.]+)",?')
_DOCUMENT_WORDS = re.compile(r'\s*"(?:evalue|message)": "((?:[^"\\]|\\.){1,4000})",?')


def joined(message: str, following: str) -> str:
    """`NameError: words` out of two fields of a notebook's error document; other messages as they are."""
    name, words = _DOCUMENT_NAME.fullmatch(message), _DOCUMENT_WORDS.fullmatch(following)
    return shorten(f"{name[1]}: {words[1]}") if name and words else message


def quote(text: str, end: int) -> str:
    """The line as one would quote it: no progress bar glued in front, around the match if very long.

    `end` is the index in `text` where the match ends.
    """
    bars = list(_BAR.finditer(text, 0, end))
    bar = bars[-1] if bars else None
    if bar is not None and (start := _after_bar(text, bar.end(), end)) < end:
        text, end = text[start:], end - start
    return shorten(text.strip(), around=end)


def _after_bar(text: str, start: int, end: int) -> int:
    """Where the words begin that were glued behind a bar; 0 if the match is part of the bar itself."""
    match = _BEHIND_BAR.search(text, start - 1, end)
    if match is None:
        return 0
    rest = text[match.end() : end]
    return match.end() if rest and "|" not in rest and "]" not in rest else 0
