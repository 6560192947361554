"""Unified diffs that are quick whatever the files hold."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

MOST_LINES = 2000
"""Lines of one file, what both ends share left out, that are compared line by line."""

_CONTEXT = 2


def unified(old: list[str], new: list[str], a: str, b: str) -> list[str]:
    """Unified diff of two files, quick whatever they hold; a rewrite too long to compare is one sentence."""
    head, tail = shared(old, new)
    if max(len(old), len(new)) - head - tail > MOST_LINES:
        return [f"--- {a}", f"+++ {b}", f"… {len(old)} lines before, {len(new)} now: too many to compare …"]
    keep = max(0, head - 3)
    rows = list(
        difflib.unified_diff(
            old[keep : len(old) - max(0, tail - 3)],
            new[keep : len(new) - max(0, tail - 3)],
            a,
            b,
            lineterm="",
            n=_CONTEXT,
        )
    )
    return [row if not row.startswith("@@") else _numbered(row, keep) for row in rows]


def shared(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines both have in common at their beginning and at their end."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next((n for n in range(most - head) if old[-1 - n] != new[-1 - n]), most - head)
    return head, tail


def _numbered(row: str, skipped: int) -> str:
    """A hunk's heading with the line numbers of the whole files."""

    def moved(side: str) -> str:
        line, comma, count = side[1:].partition(",")
        return f"{side[0]}{int(line) + skipped}{comma}{count}"

    words = row.split(" ")
    return " ".join([words[0], moved(words[1]), moved(words[2]), *words[3:]])
