"""A page as one HTML file: its style inside, its pictures inside, no script, nothing fetched.

Every text goes through `html.escape`; what a person wrote as Markdown goes through a parser that is not let
through any HTML. A policy in the head forbids whatever else a browser might be talked into.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from trainer_tui.report.blocks import (
    Block,
    Chart,
    Facts,
    Group,
    Item,
    Items,
    Listing,
    Page,
    Prose,
    Section,
    Table,
    Text,
)
from trainer_tui.report.prose import as_html as prose_as_html
from trainer_tui.report.svg import svg, swatch
from trainer_tui.report.tell import legend_text

_SHORT = 36
"""Characters of a cell that is not broken into lines."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def as_html(page: Page) -> str:
    """The whole file."""
    style = files("trainer_tui.report").joinpath("page.css").read_text("utf-8")
    as_of = f'<p class="as-of">As of {escape(page.as_of)}: it still runs.</p>' if page.as_of else ""
    figures = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in page.figures
    )
    sections = [section for section in page.sections if section.blocks]
    contents = "".join(
        f'<li><a href="#s{number}">{escape(section.title)}</a></li>'
        for number, section in enumerate(sections, 1)
    )
    body = "\n".join(_section(section, number) for number, section in enumerate(sections, 1))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(page.title)}: {escape(page.outcome)}</title>
<style>
{style}</style>
</head>
<body>
<header class="{page.tone}">
<p class="what">{escape(page.title)}</p>
<h1><span class="sign" aria-hidden="true">{escape(page.sign)}</span> {escape(page.outcome)}</h1>
<p class="sentence">{escape(page.sentence)}</p>
{as_of}
<dl class="figures">{figures}</dl>
</header>
<nav aria-label="Contents"><ul>{contents}</ul></nav>
<main>
{body}
</main>
<footer>{escape(page.footer)}</footer>
</body>
</html>
"""


def _section(section: Section, number: int) -> str:
    return (
        f'<section id="s{number}">\n<h2>{escape(section.title)}</h2>\n{_blocks(section.blocks)}\n</section>'
    )


def _blocks(blocks: Iterable[Block]) -> str:
    """Blocks in order; charts that follow each other share a grid."""
    parts: list[str] = []
    charts: list[str] = []
    for block in blocks:
        if isinstance(block, Chart):
            charts.append(_chart(block))
            continue
        if charts:
            parts.append(_grid(charts))
            charts = []
        parts.append(_block(block))
    if charts:
        parts.append(_grid(charts))
    return "\n".join(parts)


def _grid(charts: list[str]) -> str:
    return f'<div class="charts">\n{"".join(charts)}</div>'


def _block(block: Block) -> str:
    match block:
        case Text(text, tone):
            return f'<p class="{tone}">{escape(text)}</p>'
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Items(items):
            return f'<ul class="items">{"".join(map(_item, items))}</ul>'
        case Listing(text, kind):
            return f"<pre>{_patch(text) if kind == 'diff' else escape(text)}</pre>"
        case Prose(markdown):
            return f'<div class="prose">{prose_as_html(markdown)}</div>'
        case Group(title, blocks, tone, sign):
            head = f'<span class="sign">{escape(sign)}</span> ' if sign else ""
            return f'<div class="group {tone}">\n<h3>{head}{escape(title)}</h3>\n{_blocks(blocks)}\n</div>'
        case Chart():
            return _grid([_chart(block)])


def _facts(block: Facts) -> str:
    def shown(value: str) -> str:
        return f"<code>{escape(value)}</code>" if block.code else escape(value)

    rows = "".join(f"<div><dt>{escape(n)}</dt><dd>{shown(value)}</dd></div>" for n, value in block.rows)
    return f'<dl class="facts">{rows}</dl>'


def _table(block: Table) -> str:
    numeric = [_is_numeric(row[at] for row in block.rows) for at in range(len(block.header))]

    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(_cell(tag, cell, right) for cell, right in zip(row, numeric, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in block.rows)
    note = f'<p class="dim">{escape(block.note)}</p>' if block.note else ""
    head = f"<thead><tr>{cells('th', block.header)}</tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>{note}'


def _cell(tag: str, text: str, right: bool) -> str:
    kind = ' class="number"' if right else ' class="short"' if len(text) <= _SHORT else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _is_numeric(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if cell not in ("", "–")]
    return bool(filled) and all(cell[0].isdigit() or cell[0] in "-+." for cell in filled)


def _item(item: Item) -> str:
    more = f'<span class="more">{escape(item.more)}</span>' if item.more else ""
    sign = f'<span class="sign">{escape(item.sign)}</span>'
    return f'<li class="{item.tone}">{sign}<span>{escape(item.text)}{more}</span></li>'


_OF_PATCHES = {"+": "added", "-": "removed", "@": "place"}


def _patch(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        kind = "file" if line.startswith(("+++ ", "--- ")) else _OF_PATCHES.get(line[:1], "")
        lines.append(f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line))
    return "\n".join(lines)


def _chart(chart: Chart) -> str:
    keys = "".join(
        f"<li>{swatch(number)}<span><b>{escape(line.name)}</b> {escape(legend_text(chart, line))}</span></li>"
        for number, line in enumerate(chart.lines)
    )
    scale = ' <span class="dim">logarithmic</span>' if chart.log else ""
    note = f'<p class="dim">{escape(chart.note)}</p>' if chart.note else ""
    return (
        f"<figure>\n<figcaption>{escape(chart.title)}{scale}</figcaption>\n{svg(chart)}\n"
        f'<ul class="legend">{keys}</ul>{note}\n</figure>\n'
    )
