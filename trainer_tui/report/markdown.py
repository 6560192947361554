"""A page as Markdown, for a repository, an issue, a chat or a model. A curve becomes a line of blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from trainer_tui.diary import markdown as md
from trainer_tui.report.blocks import (
    Block,
    Chart,
    Facts,
    Group,
    Items,
    Listing,
    Page,
    Prose,
    Table,
    Text,
)
from trainer_tui.report.prose import below_ours
from trainer_tui.report.tell import best_text, reach_text, value_text

_SPECIAL = re.compile(r"([\\`*\[\]<|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;))")
"""What Markdown reads as markup; an underscore inside a word is none."""


def as_markdown(page: Page) -> str:
    """The whole file."""
    parts = [
        f"# {plain(page.sign)} {plain(page.title)}: {plain(page.outcome)}",
        plain(page.sentence),
        *([f"As of {plain(page.as_of)}: it still runs."] if page.as_of else []),
        _rows(("", ""), page.figures),
    ]
    for section in page.sections:
        if section.blocks:
            parts += [f"## {plain(section.title)}", *_blocks(section.blocks, 3)]
    if page.footer:
        parts += ["---", plain(page.footer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """A text on one line that Markdown shows as it stands."""
    line = _SPECIAL.sub(r"\\\1", md.one_line(text, 4000))
    # At the beginning of a line these would make a heading, a list, a quote or a rule of it.
    return re.sub(r"^(#|[-+=>](?=\s|$|[-=]))", r"\\\1", line)


def _blocks(blocks: Iterable[Block], level: int) -> list[str]:
    return [part for block in blocks for part in _block(block, level) if part]


def _block(block: Block, level: int) -> list[str]:
    match block:
        case Text(text):
            return [plain(text)]
        case Facts(rows, code):
            return [_rows(("", ""), rows, code)]
        case Table(header, rows, note):
            return [_rows(header, rows), plain(note)]
        case Items(items):
            told = (
                f"- {plain(item.sign)} {plain(item.text)}" + (f" → {plain(item.more)}" if item.more else "")
                for item in items
            )
            return ["\n".join(told)]
        case Listing(text, kind):
            return [md.fenced(text, kind)]
        case Prose(markdown):
            return [below_ours(markdown).strip("\n")]
        case Group(title, inner, _, sign):
            head = f"{plain(sign)} " if sign else ""
            return [f"{'#' * level} {head}{plain(title)}", *_blocks(inner, level + 1)]
        case Chart():
            return _chart(block)


def _chart(chart: Chart) -> list[str]:
    """A row for each curve: a table cannot show more of it."""
    marked = "; ".join(f"{mark.label} {mark.text}" for mark in chart.marks if mark.text)
    rows = [
        (
            line.name,
            line.spark,
            value_text(chart, line.first),
            value_text(chart, line.last),
            best_text(chart, line) if chart.judged else reach_text(chart, line),
        )
        for line in chart.lines
    ]
    header = ("curve", "", "first", "last", "best" if chart.judged else "reach")
    over = f"**{plain(chart.title)}** over {plain(chart.x_name)}"
    return [over, _rows(header, rows), plain(chart.note), plain(marked)]


def _rows(header: Sequence[str], rows: Iterable[Sequence[str]], code: bool = False) -> str:
    def cell(text: str, first: bool) -> str:
        # A pipe in a code span still ends its cell.
        return md.code(text).replace("|", "\\|") if code and not first else plain(text)

    body = [" | ".join(cell(text, at == 0) for at, text in enumerate(row)) for row in rows]
    if not body:
        return ""
    lines = [" | ".join(map(plain, header)), " | ".join("---" for _ in header), *body]
    return "\n".join(f"| {line} |" for line in lines)
