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
    r"^.{0,120}\w\.\w*([Ee]rror|[Ee]xception)s?\.[A-Z]\w+(: |:?$)",
    r"Exception ignored |Error in atexit\._run_exitfuncs|^--- Logging error ---",
    r"Exception in (thread|callback) |Task exception was never retrieved",
    r"During handling of the above exception|The above exception was the direct cause",
)

# Lines that talk about failures without being one.
_CODE = (
    r"^ *(#|//|\++ |raise |except\b|assert |print\(|logger\.|logging\.|self\.|return |def |if |elif |import "
    r"|from \S+ import |warnings\.warn|\d+ [|] )|^ *['\"]?\w{1,60}['\"]?: ['\"].{0,300}out of memory"
)
_WARNED = r"\b\w*Warning: |\b(INFO|DEBUG|WARN|WARNING)\b.{0,400}|^\[?[IWD]\d{0,4} |\[[IW] "

_ANCHOR_BASE, _CODE_ID, _WARNED_ID = 100_000, 200_000, 200_001


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
        self._find, self._veto = _compiled(self._rules)
        self._find_scratch = hyperscan.Scratch(self._find)
        self._veto_scratch = hyperscan.Scratch(self._veto)

    def ends(self, block: bytes) -> list[int]:
        """Sorted indexes in `block` where something matched; a superset of what `look` confirms."""
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
        vetoes = _scan(self._veto, self._veto_scratch, piece)
        rules = (
            []
            if _CODE_ID in vetoes
            else [(self._rules[i], ends[i]) for i in sorted(indexes) if i not in vetoes]
        )
        order = {"error": 0, "warning": 1, "notice": 2}
        rules.sort(key=lambda hit: order[hit[0].severity])
        return Hits(rules, anchored, _WARNED_ID in vetoes)


def _scan(database: Any, scratch: Any, piece: bytes) -> dict[int, int]:
    ends: dict[int, int] = {}

    def on_match(id_: int, _start: int, end: int, _flags: int, _context: Any) -> None:
        ends.setdefault(id_, end)

    database.scan(piece, match_event_handler=on_match, scratch=scratch)
    return ends


@lru_cache(maxsize=4)
def _compiled(rules: tuple[Rule, ...]) -> tuple[Any, Any]:
    find = [(index, rule.pattern, rule.id) for index, rule in enumerate(rules)]
    find += [(_ANCHOR_BASE + index, pattern, f"anchor {index}") for index, pattern in enumerate(ANCHORS)]
    veto = [(index, rule.unless, rule.id) for index, rule in enumerate(rules) if rule.unless]
    veto += [(_CODE_ID, _CODE, "code"), (_WARNED_ID, _WARNED, "level")]
    return _compile(find), _compile(veto)


def _compile(patterns: list[tuple[int, str, str]]) -> Any:
    import hyperscan

    database = hyperscan.Database()
    expressions = [pattern.encode() for _, pattern, _ in patterns]
    ids = [id_ for id_, _, _ in patterns]
    flags = [hyperscan.HS_FLAG_MULTILINE] * len(patterns)
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
            return f"The pattern of rule {name!r} cannot be used: {why}."
    return ""
