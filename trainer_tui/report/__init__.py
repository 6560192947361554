"""One page about a watch: what came of it, how it went, what broke, with what it was made.

`collect` reads the run folders, `page_of` puts what they say into blocks, and `FORMATS` turns blocks into one
self-contained HTML page or into Markdown. The same folders always give the same page.
"""

from __future__ import annotations

from collections.abc import Callable

from trainer_tui.report.blocks import Page
from trainer_tui.report.facts import WatchFacts, collect
from trainer_tui.report.html import as_html
from trainer_tui.report.markdown import as_markdown
from trainer_tui.report.page import page_of

FORMATS: dict[str, Callable[[Page], str]] = {"html": as_html, "md": as_markdown}
"""Name of a format → how a page is written in it."""

__all__ = ["FORMATS", "Page", "WatchFacts", "as_html", "as_markdown", "collect", "page_of"]
