"""Patterns into databases of the engine (hyperscan), and a clear sentence for a pattern that it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from trainer_tui.failures import compiled_cache

Pattern = tuple[int, str, str]
"""(the number a match is reported under, the regular expression, the name of its rule)."""

Piece = bytes | memoryview


def compile_patterns(patterns: Sequence[Pattern], *, once: bool = False) -> Any:
    """A database of all patterns; `once` reports each pattern's first match only.

    Raises ValueError, naming the rule, if one of them cannot be matched in linear time.
    """
    import hyperscan

    database = hyperscan.Database()
    expressions = [pattern.encode() for _, pattern, _ in patterns]
    ids = [id_ for id_, _, _ in patterns]
    flags = [hyperscan.HS_FLAG_MULTILINE | (hyperscan.HS_FLAG_SINGLEMATCH if once else 0)] * len(patterns)
    try:
        database.compile(expressions=expressions, ids=ids, elements=len(ids), flags=flags)
    except hyperscan.error as error:
        raise ValueError(_culprit(patterns) or f"The rules cannot be compiled: {error}") from error
    return database


def compile_kept(parts: Sequence[Sequence[Pattern]]) -> tuple[Any, ...]:
    """A database of each list of patterns, from the cache of an earlier start where that has them."""
    import hyperscan

    probe = compile_patterns([(0, "a", "probe")]).info()  # the engine's version and the CPU it builds for
    key = compiled_cache.key_of(
        [repr(parts).encode(), probe, str(getattr(hyperscan, "__version__", "")).encode()]
    )
    kept = compiled_cache.load(key, len(parts))
    if kept is not None:
        try:
            return tuple(hyperscan.loadb(part, hyperscan.HS_MODE_BLOCK) for part in kept)
        except hyperscan.error:
            kept = None  # of an engine that calls itself the same and is another: made anew below
    made = tuple(compile_patterns(part) for part in parts)
    compiled_cache.save(key, [hyperscan.dumpb(database) for database in made])
    return made


def first_ends(database: Any, scratch: Any, piece: Piece) -> dict[int, int]:
    """Where the first match of each pattern that matches the piece ends."""
    ends: dict[int, int] = {}

    def on_match(id_: int, _start: int, end: int, _flags: int, _context: Any) -> None:
        ends.setdefault(id_, end)

    _scan(database, scratch, piece, on_match)
    return ends


def all_ends(database: Any, scratch: Any, piece: Piece) -> list[int]:
    """Sorted indexes where a match of any pattern ends."""
    found: set[int] = set()

    def on_match(_id: int, _start: int, end: int, _flags: int, _context: Any) -> None:
        found.add(end)

    _scan(database, scratch, piece, on_match)
    return sorted(found)


def _scan(database: Any, scratch: Any, piece: Piece, on_match: Callable[..., None]) -> None:
    database.scan(piece, match_event_handler=on_match, scratch=scratch)


def _culprit(patterns: Sequence[Pattern]) -> str:
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
