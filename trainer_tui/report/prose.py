"""Markdown of the diary: as HTML without any of its own, and as Markdown below our headings."""

from __future__ import annotations

import re

from trainer_tui.diary.lines import scan

_COMMENT = re.compile(r"<!--.*?-->", re.S)
_HEADING = re.compile(r"^(\ufeff? {0,3})(#{1,6})(?=[ \t\r\n]|$)")
_DEEPER = 1
"""Levels by which the headings of an entry go down: it begins at the second one, as our sections do."""


def as_html(markdown: str) -> str:
    """The text rendered. HTML in it is shown as text, pictures are not fetched."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    # Breaks are kept: the head of an entry is a line for each fact.
    parser.disable(["image", "html_block", "html_inline"])
    parser.validateLink = _leads_to_the_web  # type: ignore[method-assign]
    return str(parser.render(below_ours(markdown)))


def below_ours(markdown: str) -> str:
    """The text with its headings a level lower and without HTML comments, which are hints for who writes.

    What stands in fences is left alone.
    """
    parts = []
    for line in scan(markdown):
        if line.kind == "comment":
            # Behind the end of a comment of several lines something may stand that a reader sees.
            parts.append(line.raw.partition("-->")[2])
        elif line.kind == "text":
            shown = _COMMENT.sub("", line.raw)
            parts.append(_HEADING.sub(lambda found: found[1] + "#" * min(6, len(found[2]) + _DEEPER), shown))
        else:
            parts.append(line.raw)
    return "".join(parts)


def _leads_to_the_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))
