"""All patterns in one automaton: linear in the bytes, whatever the patterns and the bytes are (hyperscan)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trainer_tui.failures.rules import Rule, check

# What wakes the traceback reader up; everything else about tracebacks is decided there, with exact rules.
ANCHORS: tuple[str, ...] = (
    r"Traceback \(most recent call last\)",
    r"\w(Error|Exception|Interrupt|Timeout|KilledWorker|BadZipFile|NotFound|Group)(: |:?$| \()",
    r"^.*\w\.\w*([Ee]rror|[Ee]xception)s?\.[A-Z]\w+(: |:?$)",
    r"Exception ignored |Error in atexit\._run_exitfuncs|^--- Logging error ---",
    r"Exception in (thread|callback) |Task exception was never retrieved",
    r"During handling of the above exception|The above exception was the direct cause",
)

# Lines that talk about failures without being one.
_CODE = (
    r"^ *(#|//|\++ |raise |except\b|assert |print\(|logger\.|logging\.|self\.|return |def |if |elif |import "
    r"|from \S+ import |warnings\.warn|\d+ [|] )|^ *['\"]?\w{1,60}['\"]?: ['\"].*out of memory"
)
_WARNED = r"\b\w*Warning: |\b(INFO|DEBUG|WARN|WARNING)\b|^\[?[IWD]\d{0,4} |\[[IW] "

# Bytes that `clean` has to look at.
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"

_ANCHOR_BASE, _CODE_ID, _WARNED_ID, _EXACT_BASE = 100_000, 200_000, 200_001, 300_000


@dataclass(slots=True)
class Hits:
    """What matched one piece."""

    rules: list[tuple[Rule, int]]
    """Rules that matched and were not vetoed, with the byte index where the first match ends; best first."""
    anchored: bool
    warned: bool
    """The line was logged below the level of an error."""


class Automaton:
    """The compiled rules. Not to be shared between threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        import hyperscan

        self._rules = check(rules)
        self._find, self._judge, self._control = _compiled(self._rules)
        self._find_scratch = hyperscan.Scratch(self._find)
        self._judge_scratch = hyperscan.Scratch(self._judge)
        self._control_scratch = hyperscan.Scratch(self._control)

    def is_plain(self, block: memoryview) -> bool:
        """True if there are no control characters but tabs and line ends in the block."""
        return not _scan(self._control, self._control_scratch, block)

    def ends(self, block: bytes | memoryview) -> list[int]:
        r"""Sorted indexes in `block` where something matched; a superset of what `look` confirms.

        Pieces in `block` may end with `\n` or `\r`; an index may be just behind that end.
        """
        found: set[int] = set()

        def on_match(_id: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            found.add(end)

        self._find.scan(block, match_event_handler=on_match, scratch=self._find_scratch)
        return sorted(found)

    def look(self, piece: bytes) -> Hits:
        """What matches exactly this piece (one line or frame)."""
        ends = _scan(self._find, self._find_scratch, piece)
        indexes = [index for index in ends if index < _ANCHOR_BASE]
        anchored = len(indexes) < len(ends)
        if not indexes and not anchored:
            return Hits([], False, False)
        judged = _scan(self._judge, self._judge_scratch, piece)
        rules: list[tuple[Rule, int]] = []
        if _CODE_ID not in judged:
            for index in sorted(indexes):
                rule = self._rules[index]
                end = judged.get(_EXACT_BASE + index) if rule.sieve else ends[index]
                if end is not None and index not in judged:
                    rules.append((rule, end))
        order = {"error": 0, "warning": 1, "notice": 2}
        rules.sort(key=lambda hit: order[hit[0].severity])
        return Hits(rules, anchored, _WARNED_ID in judged)


def frame_wise(pattern: str) -> str:
    r"""The pattern with `^` and `$` that also know frames, which end with a carriage return.

    On a text without line ends it matches as before.
    """
    out: list[str] = []
    at, in_class, quoted = 0, False, False
    while at < len(pattern):
        size = 2 if pattern[at] == "\\" else 1
        token = pattern[at : at + size]
        if pattern.startswith("(?#", at) and not quoted and not in_class:
            token = pattern[at : pattern.find(")", at) + 1] or token
        elif token in ("\\Q", "\\E"):
            quoted = token == "\\Q"
        elif quoted:
            token = pattern[at]
        elif in_class:
            if pattern.startswith("[:", at):
                token = pattern[at : pattern.find(":]", at) + 2] or token
            in_class = token != "]"
        elif token == "[":
            match = _CLASS_START.match(pattern, at)
            token, in_class = (match.group() if match else token), True
        else:
            token = _FRAME_WISE.get(token, token)
        at += size if token in _FRAME_WISE.values() else len(token)
        out.append(token)
    return "".join(out)


_FRAME_WISE = {"^": r"(?:^|\r)", "$": r"(?:\r|$)"}
_CLASS_START = re.compile(r"\[\^?\]?")


def compiles(rules: Sequence[Rule]) -> None:
    """Raises ValueError, naming the rule, if one of the patterns cannot be matched in linear time."""
    # First as they were written, so that a complaint is about what the user wrote.
    _compile([(index, rule.pattern, rule.id) for index, rule in enumerate(rules)])
    _compile([(index, frame_wise(rule.pattern), rule.id) for index, rule in enumerate(rules)])
    vetoes = [(index, rule.unless, rule.id) for index, rule in enumerate(rules) if rule.unless]
    if vetoes:
        _compile(vetoes)


def _scan(database: Any, scratch: Any, piece: bytes | memoryview) -> dict[int, int]:
    ends: dict[int, int] = {}

    def on_match(id_: int, _start: int, end: int, _flags: int, _context: Any) -> None:
        ends.setdefault(id_, end)

    database.scan(piece, match_event_handler=on_match, scratch=scratch)
    return ends


@lru_cache(maxsize=4)
def _compiled(rules: tuple[Rule, ...]) -> tuple[Any, Any, Any]:
    find = [(index, frame_wise(rule.sieve or rule.pattern), rule.id) for index, rule in enumerate(rules)]
    find += [
        (_ANCHOR_BASE + index, frame_wise(pattern), f"anchor {index}")
        for index, pattern in enumerate(ANCHORS)
    ]
    judge = [(index, rule.unless, rule.id) for index, rule in enumerate(rules) if rule.unless]
    judge += [(_EXACT_BASE + index, rule.pattern, rule.id) for index, rule in enumerate(rules) if rule.sieve]
    judge += [(_CODE_ID, _CODE, "code"), (_WARNED_ID, _WARNED, "level")]
    return _compile(find), _compile(judge), _compile([(0, _CONTROLS, "controls")], once=True)


def _compile(patterns: list[tuple[int, str, str]], once: bool = False) -> Any:
    import hyperscan

    database = hyperscan.Database()
    expressions = [pattern.encode() for _, pattern, _ in patterns]
    ids = [id_ for id_, _, _ in patterns]
    flag = hyperscan.HS_FLAG_MULTILINE | (hyperscan.HS_FLAG_SINGLEMATCH if once else 0)
    flags = [flag] * len(patterns)
    try:
        database.compile(expressions=expressions, ids=ids, elements=len(ids), flags=flags)
    except hyperscan.error as error:
        raise ValueError(_culprit(patterns) or f"The rules cannot be compiled: {error}") from error
    return database


def _culprit(patterns: list[tuple[int, str, str]]) -> str:
    """The sentence that names the first pattern which the engine refuses."""
    import hyperscan

    for _, pattern, name in patterns:
        try:
            hyperscan.Database().compile(
                expressions=[pattern.encode()], ids=[0], elements=1, flags=[hyperscan.HS_FLAG_MULTILINE]
            )
        except hyperscan.error as error:
            why = re.sub(r"\s+", " ", str(error)).rstrip(".")
            if "empty buffer" in why:
                why = "it matches the empty text, and so every line"
            return f"The pattern of rule {name!r} cannot be used: {why}."
    return ""
