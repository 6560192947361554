"""Every core in little room: a bar with its number and percent; where there are many, one character."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.words import bar

_BLOCKS = "▁▂▃▄▅▆▇█"
_CELL = 19
_BAR = 9
_TOGETHER = 8
"""Small characters that stand together."""

Row = list[tuple[str, Tone]]


def core_rows(cores: Sequence[float], width: int, most_rows: int) -> list[Row]:
    """The cores in at most so many rows of so many cells."""
    if not cores or width < 8 or most_rows < 1:
        return []
    across = max(1, width // _CELL)
    if -(-len(cores) // across) <= most_rows:
        return [_bars(cores, start, across) for start in range(0, len(cores), across)]
    return _small(cores, width, most_rows)


def _bars(cores: Sequence[float], start: int, across: int) -> Row:
    row: Row = []
    for number in range(start, min(start + across, len(cores))):
        share = min(1.0, max(0.0, cores[number] / 100))
        done, rest = bar(share, _BAR)
        row += [(f"{number:>3} ", "dim"), (done, "good"), (rest.replace("╺", "─").replace("━", "─"), "dim")]
        row.append((f"{cores[number]:4.0f}% ", "plain"))
    return row


def _small(cores: Sequence[float], width: int, most_rows: int) -> list[Row]:
    """One character a core, eight together, each row led by the number of its first one."""
    groups = max(1, (width - 7) // (_TOGETHER + 1))
    across = groups * _TOGETHER
    rows: list[Row] = []
    for start in range(0, len(cores), across):
        if len(rows) == most_rows:
            rows[-1].append((" …", "dim"))
            break
        part = "".join(
            _BLOCKS[round(7 * min(1.0, max(0.0, value / 100)))] for value in cores[start : start + across]
        )
        together = " ".join(part[n : n + _TOGETHER] for n in range(0, len(part), _TOGETHER))
        rows.append([(f"{start:>4} ", "dim"), (together, "good")])
    return rows
