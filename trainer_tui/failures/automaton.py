"""All patterns in one automaton: linear in the bytes, whatever the patterns and the bytes are (hyperscan)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trainer_tui.failures.compiling import all_ends, compile_kept, compile_patterns, first_ends
from trainer_tui.failures.rules import Rule, check

# What wakes the traceback reader up; everything else about tracebacks is decided there, with exact rules.
ANCHORS: tuple[str, ...] = (
    r"Traceback \(most recent call last\)",
    r"\w(Error|Exception|Interrupt|Timeout|KilledWorker|BadZipFile|NotFound|Group|CompilerFailed|Disconnected"
    r"|OutOfResources)(: |:?$| \()",
    r"^.*\w\.\w*([Ee]rror|[Ee]xception)s?\.[A-Z]\w+(: |:?$)",
    r"Exception ignored |Error in atexit\._run_exitfuncs|^--- Logging error ---",
    r"Exception in (thread|callback) |Task exception was never retrieved"
    r"|Detailed Traceback:|Below are more details about the failures",
    r"During handling of the above exception|The above exception was the direct cause",
)

# What a record (a line with a level) looks like that somebody wrote because something failed.
RECORDS: tuple[str, ...] = (
    r"\b(ERROR|CRITICAL|FATAL|SEVERE)\b|\[(error|critical) {0,4}\]",
    r"(?i)\"[\w.@]{0,12}(level|levelname|severity|lvl|name)\": ?"
    r"\"(error|err|fatal|critical|crit|alert|emergency|panic|dpanic)\"",
    r"\"level\": ?[56]0\b|(?i)\b(level|lvl|severity)=\"?(error|fatal|critical|crit|panic|err)\b",
)

# Lines that talk about failures without being one.
_CODE = (
    r"^ *(#|//|\++ |raise |except\b|assert |print\(|logger\.|logging\.|self\.|return |def |if |elif |import "
    r"|from \S+ import |warnings\.warn|\d+ [|] "
    r"|(User|Assistant|Human|Prompt|Completion|Question|Answer|Generated): )|::test_\w|^ *- ['\"]"
    r"|^ *['\"]?\w{1,60}['\"]?: ['\"].*out of memory"
)
_WARNED = (
    r"\b\w*Warning: |(^|[^=\w])(INFO|DEBUG|WARNING)\b|(^ ?|[^=\w ]|[^L] )WARN\b|^\[?[IWD]\d{0,4} |\[[IW] "
)

# Bytes that `clean` has to look at.
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"

_ANCHOR_BASE, _RECORD_BASE, _CODE_ID, _WARNED_ID = 100_000, 150_000, 200_000, 200_001


@dataclass(slots=True)
class Hits:
    """What matched one piece."""

    rules: list[tuple[Rule, int]]
    """Rules that matched and were not vetoed, with the byte index where the first match ends; best first."""
    anchored: bool
    warned: bool
    """The line was logged below the level of an error."""
    logged: bool = False
    """It may be a record of level error or worse."""


NO_HITS = Hits([], False, False)


class Automaton:
    """The compiled rules. Not to be shared between threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        import hyperscan

        self._rules = check(rules)
        self._find, self._judge, self._control = _compiled(self._rules)
        self._find_scratch = hyperscan.Scratch(self._find)
        self._judge_scratch = hyperscan.Scratch(self._judge)
        self._control_scratch = hyperscan.Scratch(self._control)
        self._exact: dict[int, tuple[Any, Any]] = {}  # made when they are asked for: few ever are

    def is_plain(self, block: memoryview) -> bool:
        """True if there are no control characters but tabs and line ends in the block."""
        return not first_ends(self._control, self._control_scratch, block)

    def ends(self, block: bytes | memoryview) -> list[int]:
        r"""Sorted indexes in `block` where something matched; a superset of what `look` confirms.

        Pieces in `block` may end with `\n` or `\r`; an index may be just behind that end.
        """
        return all_ends(self._find, self._find_scratch, block)

    def look(self, piece: bytes) -> Hits:
        """What matches exactly this piece (one line or frame)."""
        ends = first_ends(self._find, self._find_scratch, piece)
        if not ends:
            return NO_HITS
        indexes = [index for index in ends if index < _ANCHOR_BASE]
        anchored = any(_ANCHOR_BASE <= index < _RECORD_BASE for index in ends)
        logged = any(index >= _RECORD_BASE for index in ends)
        judged = first_ends(self._judge, self._judge_scratch, piece)
        rules: list[tuple[Rule, int]] = []
        is_code = _CODE_ID in judged
        for index in sorted(indexes):
            rule = self._rules[index]
            if not is_code or rule.behind_hash:
                end = self._exact_end(index, piece) if _is_wide(rule) else ends[index]
                if end is not None and index not in judged:
                    rules.append((rule, end))
        order = {"error": 0, "warning": 1, "notice": 2}
        rules.sort(key=lambda hit: (not hit[0].own, order[hit[0].severity]))
        return Hits(rules, anchored, _WARNED_ID in judged, logged)

    def _exact_end(self, index: int, piece: bytes) -> int | None:
        """Where the first match of a rule that is searched for by a wider pattern ends, if there is one."""
        known = self._exact.get(index)
        if known is None:
            import hyperscan

            database = _exact(self._rules[index].pattern, self._rules[index].id)
            known = self._exact[index] = (database, hyperscan.Scratch(database))
        return first_ends(known[0], known[1], piece).get(0)


def frame_wise(pattern: str) -> str:
    r"""The pattern with a `^` and a `$` that also match where a piece may begin or end inside a line.

    Pieces are frames, which end with a carriage return, what stands behind the label of a launcher, and the
    texts in the fields of records. It matches at least where the pattern does.
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


# A line may begin behind a launcher's label or in a field of a record, and end where that field ends.
_FRAME_WISE = {"^": r"(?:^|[\r\]:|\">)FPZ] ?)", "$": r"(?:\r|$|\\n|\")"}
_CLASS_START = re.compile(r"\[\^?\]?")


def _is_wide(rule: Rule) -> bool:
    """True if what is searched for matches more than the rule does."""
    return bool(rule.sieve) or frame_wise(rule.pattern) != rule.pattern


def compiles(rules: Sequence[Rule]) -> None:
    """Raises ValueError, naming the rule, if one of the patterns cannot be matched in linear time."""
    # First as they were written, so that a complaint is about what the user wrote.
    compile_patterns([(index, rule.pattern, rule.id) for index, rule in enumerate(rules)])
    compile_patterns([(index, frame_wise(rule.pattern), rule.id) for index, rule in enumerate(rules)])
    vetoes = [(index, rule.unless, rule.id) for index, rule in enumerate(rules) if rule.unless]
    if vetoes:
        compile_patterns(vetoes)


@lru_cache(maxsize=4)
def _compiled(rules: tuple[Rule, ...]) -> tuple[Any, Any, Any]:
    find = [(index, frame_wise(rule.sieve or rule.pattern), rule.id) for index, rule in enumerate(rules)]
    find += [
        (_ANCHOR_BASE + index, frame_wise(pattern), f"anchor {index}")
        for index, pattern in enumerate(ANCHORS)
    ]
    find += [
        (_RECORD_BASE + index, frame_wise(pattern), f"record {index}")
        for index, pattern in enumerate(RECORDS)
    ]
    judge = [(index, rule.unless, rule.id) for index, rule in enumerate(rules) if rule.unless]
    judge += [(_CODE_ID, _CODE, "code"), (_WARNED_ID, _WARNED, "level")]
    find_database, judge_database = compile_kept((find, judge))
    return find_database, judge_database, compile_patterns([(0, _CONTROLS, "controls")], once=True)


@lru_cache(maxsize=512)
def _exact(pattern: str, name: str) -> Any:
    return compile_patterns([(0, pattern, name)])
